"""What no revision keeps cannot be gone back to, and that is said in the place of doing something else."""

from __future__ import annotations

import pytest

from tests.e2e.project import Project, sleeper

pytestmark = pytest.mark.engine

SECRET = "open-sesame-81c2"


@pytest.fixture
def edited(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Three revisions; in the last one, something was put into a command that the password is in, too."""
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    for restart, command in (("always", "true"), ("no", "true"), ("no", "wget evil; true")):
        project.write(
            {"web": sleeper(command=["sh", "-c", f"echo $DB_PASSWORD; {command}; sleep 100"], restart=restart)}
        )
        project.apply()
    return project


def test_a_rollback_that_could_not_bring_back_what_was_edited_is_refused(edited: Project) -> None:
    """The revision before the last good one is no way back: it would bring back what was put right meanwhile."""
    result = edited.run("rollback", "--yes")
    assert result.code == 1
    assert "revision 2 differs from 3 in services.web.command alone" in result.err
    assert "wget" in edited.container("web")["Config"]["Cmd"][-1]
    assert edited.container("web")["HostConfig"]["RestartPolicy"]["Name"] in ("", "no")


def test_a_difference_behind_the_mask_is_told(edited: Project) -> None:
    """By its place, and by no more."""
    printed = edited.run("diff", "2", "3").out
    assert "services.web.command" in printed
    assert "(sensitive)" in printed
    assert "restart" not in printed
    assert SECRET not in printed
    assert SECRET not in "".join(str(each) for each in edited.engine.volumes()["Volumes"])


def test_a_number_is_taken_by_its_word_with_todays_values(edited: Project) -> None:
    result = edited.run("rollback", "--to", "1", "--yes")
    assert result.code == 0, result.err
    assert "services.web.command differs from revision 1 in what no revision keeps" in result.out


def written(project: Project, host: str, variable: str, mode: str = "1") -> None:
    """Applied with the host beside a password."""
    url = f"http://u:${{{variable}}}@{host}/"
    project.write({"web": sleeper(environment={"URL": url, "A": mode, "B_KEY": "same"})})
    project.apply()


def environment(project: Project) -> dict[str, str]:
    return dict(each.split("=", 1) for each in project.container("web")["Config"]["Env"])


def test_what_does_not_come_back_is_told_before_all_else(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes back does."""
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    written(project, "one", "DB_PASSWORD", "1")
    written(project, "two", "DB_PASSWORD", "2")

    result = project.run("rollback", "--yes")

    assert result.code == 0, result.err
    differs, _, rest = result.out.partition("rollback-today")
    assert "services.web.environment.URL differs from revision 1" in differs
    assert "B_KEY" not in differs
    assert "the same today as in revision 1: services.web.environment.B_KEY" in rest
    assert SECRET not in result.out + result.err
    found = environment(project)
    assert (found["A"], found["URL"]) == ("1", f"http://u:{SECRET}@two/")


def test_a_number_whose_only_difference_no_revision_keeps_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not said that there is nothing to change."""
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    written(project, "one", "DB_PASSWORD")
    written(project, "two", "DB_PASSWORD")

    result = project.run("rollback", "--to", "1", "--yes")

    assert (result.code, "Nothing to change" in result.out) == (1, False)
    assert "revision 1 differs from what runs in services.web.environment.URL alone" in result.err


def test_a_rollback_can_be_gone_back_to(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all that it brought back: of a URL, all but the user info."""
    monkeypatch.setenv("PW", SECRET)
    written(project, "one", "PW")
    written(project, "two", "PW")
    first = project.run("rollback", "--yes")
    assert "the same today as in revision 1: services.web.environment.B_KEY, the user info in" in first.out
    assert environment(project)["URL"] == f"http://u:{SECRET}@one/"
    written(project, "three", "PW")

    result = project.run("rollback", "--yes")

    assert result.code == 0, result.err
    assert environment(project)["URL"] == f"http://u:{SECRET}@one/"
