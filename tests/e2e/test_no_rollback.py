"""`--no-rollback` leaves what fails as it is, and the next apply recovers it."""

from __future__ import annotations

import pytest

from tests.e2e.project import Project, dying, fetched, free_port, page, sleeper

pytestmark = pytest.mark.engine

DIES = dying("echo the-reason-is-this >&2; exit 7")


def test_what_fails_can_be_left_to_be_looked_at(project: Project) -> None:
    """Both containers are there; the new one has its logs."""
    project.write({"web": page("old", free_port())})
    project.apply()
    before, name = project.container("web"), project.container_name("web")
    project.write({"web": {**page("new", free_port()), **DIES}})
    result = project.apply("--no-rollback", code=1)
    assert result.told("half done") == {"service.web[1]"}
    assert project.containers() == {name, f"{name}.next"}
    assert b"the-reason-is-this" in project.engine.logs(f"{name}.next")
    old = project.engine.inspect_container(name)
    assert (old["Id"], old["State"]["Status"]) == (before["Id"], "exited")


def test_what_dies_a_moment_later_is_half_done(project: Project) -> None:
    """It was ready once; it is there, and does not run."""
    project.write({"web": sleeper(command=["sh", "-c", "sleep 0.3; exit 7"])})
    result = project.apply("--no-rollback", code=1)
    assert result.told("half done") == {"service.web[1]"}
    assert project.container("web")["State"]["ExitCode"] == 7


@pytest.mark.parametrize("mended", [True, False])
def test_the_next_apply_recovers_what_was_left(mended: bool, project: Project) -> None:
    """With the file put right it carries that out; with the file as it was before, the old one runs again."""
    port = free_port()
    project.write({"web": page("old", port)})
    project.apply()
    before = project.container("web")
    project.write({"web": {**page("new", port), **DIES}})
    project.apply("--no-rollback", code=1)
    project.write({"web": page("new" if mended else "old", port)})
    project.apply()
    assert fetched(port) == ("new" if mended else "old")
    assert (project.container("web")["Id"] == before["Id"]) is not mended
    assert project.containers() == {project.container_name("web")}
    project.must_be_settled()
