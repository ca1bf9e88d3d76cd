"""Builds that start from other builds of the stack."""

from __future__ import annotations

import json

import pytest

from tests.e2e.project import BASE, Project, sleeper

pytestmark = pytest.mark.engine


def write(project: Project, *, text: str = "one") -> str:
    """Gives the name of the build that the others start from; the engine has an image of that name, too."""
    base = f"{project.name}-base"
    web = f"ARG FROM={base}\nFROM scratch AS other\nFROM $$FROM\nCOPY --from=tools /tools /tools\n"
    builds = {
        "web": {"context": "./web", "inline": web},
        "tools": {"context": "./web", "inline": f"FROM {project.name}-tag:1\nRUN cp /base /tools\n"},
        base: {
            "context": "./web",
            "inline": f"FROM {BASE}\nRUN echo {text} > /base\n",
            "tag": f"{project.name}-tag:1",
        },
    }
    project.engine.tag(BASE, base)
    project.files(notes="")
    project.write({"web": sleeper(image="web")}, builds=builds)
    return base


def test_a_build_starts_from_another_one_by_its_name_or_its_tag(project: Project) -> None:
    """Bases come first, though no service runs them; a changed base is built with all that start from it, and then the
    stack is settled. No image of that name from elsewhere gets in.
    """
    base = write(project)
    project.apply("--only", "web")
    project.must_be_settled()
    assert project.inside("web", "cat", "/base", "/tools") == (0, "one\none\n")
    write(project, text="two")
    changes = project.changes()
    assert set(changes) == {f"build.{base}", "build.tools", "build.web", "service.web[1]"}
    assert [field["field"] for field in changes[f"build.{base}"]["fields"]] == ["context/inline Dockerfile"]
    assert changes["service.web[1]"]["known_after"] == "build.web"
    assert f"./web, 2 files, from build.{base}, build.tools: FROM {base} and 1 more changed" in project.plan_text()
    project.apply()
    assert project.inside("web", "cat", "/base", "/tools") == (0, "two\ntwo\n")
    project.must_be_settled()


def test_the_graph_shows_which_build_starts_from_which(project: Project) -> None:
    base = write(project)
    [line] = [each for each in project.run("graph").out.splitlines() if "  build.web " in each]
    assert line.endswith(f"needs build.{base}, build.tools")


def test_builds_in_a_circle_are_refused_at_their_line(project: Project) -> None:
    project.write(
        {"web": sleeper(image="one")},
        builds={"one": {"context": "./web"}, "two": {"context": ".", "inline": "FROM one\n"}},
    )
    project.files(Dockerfile=f"FROM {BASE} AS x\nFROM two\n")
    result = project.run("plan")
    assert result.code == 65
    assert "one -> two -> one" in result.err
    assert "web/Dockerfile:2:6" in result.err


def test_builds_that_do_not_need_each_other_are_made_at_once(project: Project) -> None:
    """Both have begun before either is done."""
    builds = {name: {"context": ".", "inline": f"FROM {BASE}\nRUN sleep 1; echo {name}\n"} for name in ("one", "two")}
    project.write({name: sleeper(image=name) for name in builds}, builds=builds)
    lines = [json.loads(line) for line in project.apply("--format", "json").out.splitlines()]
    steps = [(line["event"], line["address"]) for line in lines if line.get("address", "").startswith("build.")]
    begun = [index for index, (event, _) in enumerate(steps) if event == "step_started"]
    done = [index for index, (event, _) in enumerate(steps) if event == "step_done"]
    assert len(begun) == len(done) == 2
    assert max(begun) < min(done)


def test_an_inline_dockerfile_is_pointed_at_in_the_stack_file(project: Project) -> None:
    text = "builds:\n  web:\n    inline: |\n      ARG X=1\n      FROM a b\nservices: {web: {image: web}}\n"
    (project.folder / "stack.yaml").write_text(text)
    result = project.run("plan")
    assert result.code == 65
    assert "stack.yaml:5:7" in result.err
