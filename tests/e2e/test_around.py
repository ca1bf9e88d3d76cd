"""The text around a secret is in the plan, the secret is nowhere, and a label keeps no more than is shown."""

from __future__ import annotations

import pytest

from tests.e2e.project import Project, sleeper

pytestmark = pytest.mark.engine

SECRET, OTHER = "open-sesame-81c2", "swordfish-22d4"


def write(project: Project, url: str) -> None:
    project.write({"db": sleeper(environment={"DATABASE_URL": url})})


def told(project: Project) -> str:
    """The plan, in all its forms; the line of the variable in the text."""
    text = project.plan_text()
    forms = [text, *(project.run("plan", "--format", form).out for form in ("json", "markdown", "html"))]
    assert not [form for form in forms for secret in (SECRET, OTHER) if secret in form]
    (line,) = [" ".join(each.split()) for each in text.splitlines() if "environment.DATABASE_URL" in each]
    return line.removeprefix("environment.DATABASE_URL ")


def test_an_edit_around_a_secret_and_a_new_secret_are_told_apart(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PW", SECRET)
    write(project, "postgres://u:${PW}@db/x")
    project.apply()
    project.must_be_settled()
    before, after = (f'"postgres://{user}:(sensitive)@db/x"' for user in "uv")
    labels = project.container("db")["Config"]["Labels"]
    assert "postgres://u:(sensitive)@db/x" in labels["io.deployer.applied"]
    assert not [label for label in labels.values() if SECRET in label]

    write(project, "postgres://v:${PW}@db/x")
    line = told(project)
    assert line.startswith(f"{before} -> {after} stack.yaml:")
    assert line.endswith(" with $PW of the shell; only the text around it changed")

    write(project, "postgres://u:${PW}@db/x")
    monkeypatch.setenv("PW", OTHER)
    line = told(project)
    assert line.startswith(f"{before} -> {before} stack.yaml:")
    assert line.endswith("; (sensitive) changed")

    write(project, "postgres://v:${PW}@db/x")
    assert told(project).endswith("; (sensitive) changed, too")
    project.apply()
    project.must_be_settled()
    assert SECRET not in "".join(str(each) for each in project.engine.volumes()["Volumes"])
