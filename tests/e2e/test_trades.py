"""Host ports that change hands within one plan."""

from __future__ import annotations

import pytest

from tests.e2e.project import Project, dying, fetched, free_port, page, sleeper

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
    broken = {**page("blue", one), **dying("echo no-blue; exit 1")}
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


def test_a_migration_that_fails_stops_nobody_who_trades(project: Project) -> None:
    """What the members of a group wait for is done before the first of them stops."""
    port = free_port()
    job = sleeper(command=["true"], restart="no")
    waits = {"job": {"condition": "service_completed_successfully"}}
    project.write({"job": job, "old": page("old", port), "new": sleeper(depends_on=waits)})
    project.apply()
    before = {name: project.container(name)["State"]["StartedAt"] for name in ("old", "new")}
    fails = {**job, "command": ["sh", "-c", "echo no-migration; exit 7"]}
    project.write({"job": fails, "old": sleeper(), "new": page("new", port, depends_on=waits)})
    assert "no-migration" in project.apply(code=1).err
    assert {name: project.container(name)["State"]["StartedAt"] for name in ("old", "new")} == before
    assert fetched(port) == "old"


@pytest.mark.parametrize("inside", [False, True])
def test_a_migration_is_done_before_the_network_is_made_anew_unless_it_is_in_it(inside: bool, project: Project) -> None:
    """Then the plan says that the service is away as long as it takes."""
    waits = {"job": {"condition": "service_completed_successfully"}}
    job = sleeper(restart="no", networks=["front" if inside else "back"])
    web = sleeper(depends_on=waits, networks=["front"])
    project.write({"job": {**job, "command": ["true"]}, "web": web}, networks={"front": {}, "back": {}})
    project.apply()
    edited = {"front": {"labels": {"made": "anew"}}, "back": {}}
    project.write({"job": {**job, "command": ["sleep", "0.1"]}, "web": web}, networks=edited)
    changes = project.changes()
    away = {address: changes[address]["gap_seconds"].get("plus") for address in ("network.front", "service.web[1]")}
    assert away == dict.fromkeys(away, ["job"] if inside else None)
    assert ("plus as long as job takes" in project.plan_text()) == inside
    told = project.apply("--verbose").err
    stop, done = (told.index(each) for each in ("service.web[1]: stop", "service.job[1]: wait until completed"))
    assert (stop < done) == inside
    project.must_be_settled()
