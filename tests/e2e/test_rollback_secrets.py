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
    assert "today's services.web.command" in result.out
