"""What was applied is listed, shown and compared, and gone back to as any stack is applied. One stack for all of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from docker import APIClient

from tests.e2e.project import BASE, Project, networked, sleeper

pytestmark = pytest.mark.engine

SECRET = "open-sesame-81c2"


@pytest.fixture(scope="module")
def twelve(engine: APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A stack in a git checkout after twelve applies, each with another MODE and another config."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("NO_COLOR", "1")
        project = Project(engine, tmp_path_factory.mktemp("shop"), f"e2e-{uuid4().hex[:8]}")
        try:
            (project.folder / "key.txt").write_text(SECRET)
            _git(project.folder, "init", "-q")
            _git(project.folder, "add", "key.txt")
            _git(project.folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "first")
            for number in range(1, 13):
                write(project, number)
                project.apply()
            yield project
        finally:
            project.remove_everything()


def write(project: Project, number: int) -> None:
    web = networked(
        environment={"MODE": f"m{number}", "DB_PASSWORD": SECRET},
        secrets=["key"],
        configs=[{"source": "site", "target": "/etc/site.conf"}],
    )
    project.write(
        {"web": web, **({"old": sleeper()} if number < 7 else {})},
        secrets={"key": {"file": "./key.txt"}},
        configs={"site": {"content": f"listen {number} $$x"}},
    )


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def listed(project: Project) -> list[dict[str, object]]:
    return json.loads(project.run("history", "--format", "json").out)["revisions"]


def test_the_last_ten_revisions_are_listed_with_what_is_known_of_them(twelve: Project):
    """Who applied what, from which commit, what it changed, and what became of it; no secret is in the records."""
    revisions = listed(twelve)
    last = revisions[-1]

    assert [each["revision"] for each in revisions] == list(range(3, 13))
    assert (last["command"], last["result"], last["can_be_gone_back_to"]) == ("apply", "succeeded", True)
    assert (last["commit"], last["dirty"]) == (_git(twelve.folder, "rev-parse", "HEAD"), True)
    assert last["change"] == "~ web[1] replace: environment.MODE, configs./etc/site.conf"
    assert all(last[key] for key in ("at", "user", "host"))
    assert "REVISION" in twelve.run("history").out
    assert SECRET not in json.dumps(twelve.engine.volumes())


def test_a_revision_is_shown_as_it_was_resolved(twelve: Project):
    """Secrets are masked, and what a config holds is not shown either."""
    shown = twelve.run("history", "show", "5").out

    assert "MODE: m5" in shown
    assert "DB_PASSWORD: (sensitive)" in shown
    assert SECRET not in shown
    assert "listen" not in shown


def test_two_revisions_are_compared_value_by_value(twelve: Project):
    result = twelve.run("diff", "5", "7")

    lines = [" ".join(line.split()) for line in result.out.splitlines()[2:]]
    assert "~ services.web.environment.MODE m5 -> m7" in lines
    assert any(line.startswith("- services.old ") for line in lines)
    assert "~ configs.site.content another content" in lines


@pytest.mark.parametrize(("words", "code", "told"), [(("--to", "99"), 64, "3 to 12"), (("--to", "2"), 64, "3 to 12")])
def test_a_number_that_is_not_kept_names_those_that_are(twelve: Project, words: tuple[str, ...], code: int, told: str):
    result = twelve.run("rollback", *words)
    assert (result.code, told in result.err) == (code, True)


def test_a_rollback_asks_before_it_does_anything(twelve: Project):
    """As apply does: the plan is shown, and without a terminal it takes --yes."""
    before = twelve.id_of("web")
    result = twelve.run("rollback", "--to", "5")

    assert (result.code, twelve.id_of("web")) == (64, before)
    assert "revision 5" in result.out, "the cause of each difference"
    assert "today's secrets.key; the same today as in revision 5: services.web.environment.DB_PASSWORD" in result.out


def test_a_rollback_is_an_apply_of_what_was_asked_for_then(twelve: Project):
    """All is as it was, what was removed since, too. Then nothing is left to do, from the revision or from its file."""
    result = twelve.run("rollback", "--to", "5", "--yes")

    assert result.code == 0, result.err
    assert twelve.inside("web", "sh", "-c", "echo $MODE; cat /etc/site.conf /run/secrets/key") == (
        0,
        f"m5\nlisten 5 $x{SECRET}",
    )
    assert twelve.container_name("old") in twelve.containers()
    assert "Nothing to change" in twelve.run("rollback", "--to", "5", "--yes").out
    write(twelve, 5)
    twelve.must_be_settled()
    write(twelve, 12)
    assert twelve.fields("service.web[1]")["environment.MODE"]["causes"] == ["edit"], "the way forward again"
    assert listed(twelve)[-1]["command"] == "rollback to 5"


def test_what_asks_for_no_stack_is_nothing_to_go_back_to(twelve: Project):
    """A stop is listed; without --to, the revision before the last stack is meant, not the one before the stop."""
    twelve.run("stop", "web")

    stopped = listed(twelve)[-1]
    assert (stopped["command"], stopped["can_be_gone_back_to"]) == ("stop web", False)
    assert twelve.run("rollback", "--to", str(stopped["revision"])).code == 65
    assert "m12" in twelve.run("rollback").out


def test_a_secret_that_nobody_says_any_more_is_an_error_that_names_it(twelve: Project):
    """No revision keeps it: nothing is begun."""
    twelve.write({"web": sleeper()})
    result = twelve.run("rollback", "--to", "6", "--yes")

    assert result.code == 65
    assert "services.web.environment.DB_PASSWORD" in result.err


def test_who_wants_fewer_revisions_says_so(twelve: Project):
    """And what only restarts something goes by what the last apply said."""
    write(twelve, 20)
    twelve.apply("--keep-revisions", "3")
    twelve.run("restart", "web")

    assert sum(each["can_be_gone_back_to"] is True for each in listed(twelve)) == 3


def test_an_apply_of_a_part_leaves_the_rest_of_the_revision_as_it_was(twelve: Project):
    """So that going back to it is going back to what there was."""
    write(twelve, 6)
    twelve.apply()
    twelve.write({"web": sleeper(environment={"MODE": "part"}), "old": sleeper(environment={"A": "1"})})
    twelve.apply("--only", "web")
    number = str(listed(twelve)[-1]["revision"])

    assert "Nothing to change" in twelve.run("rollback", "--to", number, "--yes").out
    assert "A:" not in twelve.run("history", "show", number).out


def test_a_stack_without_revisions_has_no_history(make_project):
    project = make_project()
    project.write({"web": sleeper()})
    assert project.run("history").code == 1
    assert "no revisions" in project.run("rollback").err


def test_where_there_is_no_file_the_name_is_enough(project: Project, tmp_path: Path):
    project.write(
        {"web": sleeper(scale=2, environment={"DB_PASSWORD": SECRET}), "once": sleeper(command=["true"], restart="no")}
    )
    project.apply()
    project.engine.stop(project.container_name("web", 2), timeout=0)
    away = tmp_path / "away"
    away.mkdir()
    elsewhere = replace(project, folder=away)
    assert "succeeded" in elsewhere.run("-p", project.name, "history").out
    assert "once" in elsewhere.run("-p", project.name, "history", "show", "1").out
    found = json.loads(elsewhere.run("-p", project.name, "status", "--format", "json").out)["services"]
    assert {each["service"]: (each["ready"], each["wanted"]) for each in found} == {"web": (1, 2), "once": (1, 1)}
    assert "no revisions" in elsewhere.run("-p", "nobody-is-called-so", "status").err
    assert "name the stack: -p NAME" in elsewhere.run("status").err


def test_a_file_may_be_named_as_for_a_plan(project: Project, tmp_path: Path):
    project.write({"web": sleeper()})
    project.apply()
    away = tmp_path / "away"
    away.mkdir()
    elsewhere, file = replace(project, folder=away), str(project.folder / "stack.yaml")
    assert elsewhere.run("history", file).out == project.run("history").out
    assert elsewhere.run("history", "show", "1", file).out == project.run("history", "show", "1").out
    for words in (("show",), ("show", file), ("show", "x")):
        result = elsewhere.run("history", *words)
        assert result.code == 64
        assert "which revision?" in result.err


def test_a_new_container_of_a_rollback_is_told_with_the_image_of_then(project: Project):
    """The build by its name alone would be what it gives today."""
    for page, replicas in (("one", 2), ("two", 1)):
        project.files(Dockerfile=f"FROM {BASE}\nCOPY page /page\n", page=page)
        web = sleeper(image="web", scale=replicas)
        project.write({"web": web}, builds={"web": {"context": "./web", "tag": f"{project.name}-web:1"}})
        project.apply()

    told = project.run("rollback", "--yes").out

    assert "create    build.web of revision 1" in told
    assert project.printed("web", "cat", "/page", number=2) == b"one"


def test_a_rollback_takes_the_file_as_apply_does(project: Project, tmp_path: Path):
    for number in range(1, 3):
        project.write({"web": sleeper(environment={"N": str(number)})})
        project.apply()
    away = tmp_path / "away"
    away.mkdir()

    result = replace(project, folder=away).run("rollback", str(project.folder / "stack.yaml"), "--yes")

    assert result.code == 0, result.out + result.err
    assert "N=1" in project.container("web")["Config"]["Env"]


def test_of_what_is_sensitive_two_revisions_tell_what_the_plan_has_shown(project: Project) -> None:
    """The host of a URL whose password is hidden, and that a secret file has changed."""
    for host in ("one", "two"):
        (project.folder / ".env").write_text(f"DB_PASSWORD={SECRET}\n")
        (project.folder / "key.txt").write_text(f"{SECRET}-{host}")
        web = sleeper(environment={"URL": f"http://u:${{DB_PASSWORD}}@{host}/", "MODE": host}, secrets=["key"])
        project.write({"web": web}, secrets={"key": {"file": "./key.txt"}})
        project.apply()

    told = project.run("diff", "1", "2").out
    assert [" ".join(line.split()) for line in told.splitlines()[2:]] == [
        "~ services.web.environment.MODE one -> two",
        "~ secrets.key (sensitive) -> (sensitive)",
        "~ services.web.environment.URL http://u:(sensitive)@one/ -> http://u:(sensitive)@two/",
    ]
    assert SECRET not in json.dumps(project.engine.volumes())
