"""Host ports that change hands within one plan."""

from __future__ import annotations

import pytest

from tests.e2e.project import Project, fetched, free_port, page, sleeper

pytestmark = pytest.mark.engine


def test_two_services_swap_their_ports(project: Project) -> None:
    """All stop before any starts."""
    one, two = free_port(), free_port()
    project.write({"red": page("red", one), "blue": page("blue", two)})
    project.apply()
    assert (fetched(one), fetched(two)) == ("red", "blue")
    project.write({"red": page("red", two), "blue": page("blue", one)})
    groups = {change["group"] for change in project.changes().values()}
    assert len(groups) == 1
    project.apply()
    assert (fetched(one), fetched(two)) == ("blue", "red")
    project.must_be_settled()


def test_a_swap_that_fails_puts_both_back(project: Project) -> None:
    one, two = free_port(), free_port()
    project.write({"red": page("red", one), "blue": page("blue", two)})
    project.apply()
    before = {name: project.id_of(name) for name in ("red", "blue")}
    broken = {**page("blue", one), "command": ["sh", "-c", "echo no-blue; exit 1"]}
    project.write({"red": page("red", two), "blue": broken})
    result = project.apply(code=1)
    assert "no-blue" in result.err
    assert (fetched(one), fetched(two)) == ("red", "blue")
    assert {name: project.id_of(name) for name in ("red", "blue")} == before
    assert project.containers() == {project.container_name(name) for name in ("red", "blue")}


def test_a_removed_service_gives_its_port_to_a_new_one(project: Project) -> None:
    port = free_port()
    project.write({"old": page("old", port), "other": sleeper()})
    project.apply()
    project.write({"new": page("new", port), "other": sleeper()})
    project.apply()
    assert fetched(port) == "new"
    assert project.containers() == {project.container_name(name) for name in ("new", "other")}
    project.must_be_settled()


def test_a_removed_service_is_back_when_the_new_one_fails(project: Project) -> None:
    """It is removed only when the one that takes its port is ready."""
    port = free_port()
    project.write({"old": page("old", port)})
    project.apply()
    before = project.id_of("old")
    unhealthy = {"test": ["CMD", "false"], "interval": "100ms", "retries": 1}
    project.write({"new": page("new", port, healthcheck=unhealthy)})
    project.apply(code=1)
    assert fetched(port) == "old"
    assert project.id_of("old") == before
    assert project.containers() == {project.container_name("old")}
