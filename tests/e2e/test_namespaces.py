"""Services in the network of another one: they follow it when it is made or started anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.project import BASE, Project, dying, networked, sleeper, until

pytestmark = pytest.mark.engine


def write(project: Project, db: dict[str, Any] | None = None, **web: Any) -> None:
    """A chain: `probe` is in the network of `web`, which is in that of `db`."""
    project.write(
        {
            "probe": sleeper(network_mode="service:web"),
            "web": sleeper(network_mode="service:db", **web),
            "db": sleeper(networks={"default": {"aliases": ["data"]}}, **(db or {})),
            "aside": networked(),
        }
    )


def has_a_network(project: Project, service: str) -> bool:
    return "eth0" in project.inside(service, "ip", "-o", "addr")[1]


def all_have_the_network_of_the_owner(project: Project) -> None:
    project.must_be_settled()
    addresses = {name: project.inside(name, "ip", "-o", "addr")[1] for name in ("db", "web", "probe")}
    assert "eth0" in addresses["db"]
    assert len(set(addresses.values())) == 1
    assert project.containers() == {project.container_name(name) for name in ("db", "web", "probe", "aside")}


def test_a_replaced_owner_takes_along_all_that_join_its_network(project: Project) -> None:
    """In one plan, with the reason, and nothing is left to do; who is elsewhere is left alone."""
    write(project)
    project.apply()
    all_have_the_network_of_the_owner(project)
    aside = project.container("aside")["State"]["StartedAt"]
    write(project, {"user": "1000"})
    changes = project.changes()
    assert {address: change["action"] for address, change in changes.items()} == dict.fromkeys(
        ("service.db[1]", "service.web[1]", "service.probe[1]"), "replace"
    )
    (field,) = changes["service.web[1]"]["fields"]
    assert (field["before"], field["after"]) == ("service:db", "service:db (made anew)")
    assert (field["field"], field["causes"]) == ("network_mode", ["dependency"])
    assert len({change["group"] for change in changes.values()}) == 1
    assert "service:db -> service:db (made anew)" in project.plan_text()
    project.apply()
    all_have_the_network_of_the_owner(project)
    assert project.container("aside")["State"]["StartedAt"] == aside


def test_an_owner_that_was_started_anew_restarts_them(project: Project) -> None:
    """Which have no network left then, though they run: the same containers join it again."""
    write(project, restart="always")
    project.apply()
    before = {name: project.id_of(name) for name in ("db", "web", "probe")}
    project.engine.restart(before["db"], timeout=0)
    assert not has_a_network(project, "web")
    changes = project.changes()
    assert {address: change["action"] for address, change in changes.items()} == {
        "service.web[1]": "restart",
        "service.probe[1]": "restart",
    }
    (field,) = changes["service.probe[1]"]["fields"]
    assert (field["after"], field["causes"]) == ("service:web (started anew)", ["dependency"])
    project.apply()
    all_have_the_network_of_the_owner(project)
    assert {name: project.id_of(name) for name in before} == before


def test_an_owner_that_was_stopped_is_started_before_they_are(project: Project) -> None:
    write(project)
    project.apply()
    project.engine.stop(project.id_of("db"), timeout=0)
    assert {address: change["action"] for address, change in project.changes().items()} == {
        "service.db[1]": "start",
        "service.web[1]": "restart",
        "service.probe[1]": "restart",
    }
    project.apply()
    all_have_the_network_of_the_owner(project)


def test_an_owner_that_was_removed_is_made_and_they_are_made_anew(project: Project) -> None:
    write(project)
    project.apply()
    project.engine.remove_container(project.id_of("db"), force=True)
    assert {address: change["action"] for address, change in project.changes().items()} == {
        "service.db[1]": "create",
        "service.web[1]": "replace",
        "service.probe[1]": "replace",
    }
    project.apply()
    all_have_the_network_of_the_owner(project)


@pytest.mark.parametrize("broken", ["db", "web"])
def test_what_fails_puts_all_of_them_back(project: Project, broken: str) -> None:
    """The same containers run again, in the same network."""
    write(project)
    project.apply()
    before = {name: project.id_of(name) for name in ("db", "web", "probe")}
    bad = dying("echo not-in-here; exit 1")
    write(project, {"user": "1000", **(bad if broken == "db" else {})}, **(bad if broken == "web" else {}))
    assert "not-in-here" in project.apply(code=1).err
    assert {name: project.id_of(name) for name in before} == before
    write(project)
    all_have_the_network_of_the_owner(project)


def test_who_leaves_the_network_of_a_service_that_goes(project: Project) -> None:
    """Its network modes: of another service, of the host, none, and networks again."""
    project.write({"web": sleeper(network_mode="service:db"), "db": networked()})
    project.apply()
    for mode in ("none", "host", "bridge"):
        project.write({"web": sleeper(network_mode=mode)})
        project.apply()
        assert project.container("web")["HostConfig"]["NetworkMode"] == mode
        project.must_be_settled()
    project.write({"web": networked()})
    assert set(project.fields("service.web[1]")) == {"network_mode"}
    project.apply()
    assert project.inside("web", "nslookup", "web")[0] == 0
    project.must_be_settled()
    project.destroy()
    assert not project.containers()


@pytest.fixture
def theirs(project: Project) -> Iterator[str]:
    """A network that is not of the stack."""
    name = f"{project.name}-theirs"
    project.engine.create_network(name)
    yield name
    project.destroy()
    project.engine.remove_network(name)


def test_a_network_mode_can_name_a_network_of_somebody_else(project: Project, theirs: str) -> None:
    """The container is in it alone, without the service's name, as with Compose; what a person changes is seen."""

    def settled() -> None:
        project.apply()
        project.must_be_settled()
        web = project.container("web")
        assert web["HostConfig"]["NetworkMode"] == theirs
        assert list(web["NetworkSettings"]["Networks"]) == [theirs]
        names = web["NetworkSettings"]["Networks"][theirs]["Aliases"] or []
        assert set(names) <= {web["Id"][:12]}

    project.write({"web": sleeper(network_mode=theirs)})
    settled()
    project.engine.disconnect_container_from_network(project.id_of("web"), theirs)
    (field,) = project.fields("service.web[1]").values()
    assert (field["field"], field["causes"], field["effect"]) == (f"networks.{theirs}", ["drift"], "in_place")
    settled()
    project.write({"web": networked()})
    assert set(project.fields("service.web[1]")) == {f"networks.{theirs}", "networks.default"}
    project.apply()
    project.must_be_settled()
    project.write({"web": sleeper(network_mode=theirs)})
    fields = project.fields("service.web[1]")
    assert set(fields) == {f"networks.{theirs}", "networks.default"}
    assert fields[f"networks.{theirs}"]["at"] == f"stack.yaml:{project.lines['services.web.network_mode']}"
    settled()


@pytest.mark.parametrize("mode", ["none", "host", "bridge", "service:db"])
def test_a_network_mode_that_names_a_network_and_another_one_change_places(
    project: Project, theirs: str, mode: str
) -> None:
    """It is one change: the mode, both as the user writes them."""
    for before, after in ((theirs, mode), (mode, theirs)):
        project.write({"web": sleeper(network_mode=before), "db": networked()})
        project.apply()
        project.must_be_settled()
        project.write({"web": sleeper(network_mode=after), "db": networked()})
        (field,) = project.fields("service.web[1]").values()
        assert (field["field"], field["before"], field["after"]) == ("network_mode", before, after)
    project.apply()
    project.must_be_settled()


def test_a_network_that_a_mode_names_must_be_there(project: Project) -> None:
    project.write({"web": sleeper(network_mode="nowhere")})
    refused = project.run("plan")
    assert (refused.code, "external-missing" in refused.err) == (65, True)


def test_a_container_of_somebody_else_is_followed(project: Project) -> None:
    """By its name: one that is not there is told at its line, one that was made or started anew is seen."""
    name = f"{project.name}-outside"
    project.write({"web": sleeper(network_mode=f"container:{name}")})
    assert "external-missing" in project.run("plan").err

    def outside() -> None:
        made = project.engine.create_container(BASE, ["sleep", "1000"], name=name, host_config={})
        project.engine.start(made["Id"])

    outside()
    project.apply()
    project.must_be_settled()
    project.engine.restart(name, timeout=0)
    assert project.changes()["service.web[1]"]["action"] == "restart"
    project.apply()
    assert has_a_network(project, "web")
    project.engine.remove_container(name, force=True)
    outside()
    assert project.changes()["service.web[1]"]["action"] == "replace"
    project.apply()
    until(lambda: has_a_network(project, "web"))
    project.must_be_settled()


def test_restart_takes_along_who_is_in_that_network(project: Project) -> None:
    write(project)
    project.apply()
    aside = project.container("aside")["State"]["StartedAt"]
    assert project.run("restart", "db").code == 0
    all_have_the_network_of_the_owner(project)
    assert project.container("aside")["State"]["StartedAt"] == aside


def test_the_hosts_network_has_the_hosts_name_unless_one_is_asked_for(project: Project) -> None:
    project.write({"web": sleeper(network_mode="host"), "db": sleeper(network_mode="host", hostname="mine")})
    project.apply()
    project.must_be_settled()
    assert project.inside("db", "hostname") == (0, "mine\n")
    project.write({"web": sleeper(network_mode="host", hostname="ours"), "db": sleeper(network_mode="host")})
    changes = project.changes()
    assert {address: [field["field"] for field in change["fields"]] for address, change in changes.items()} == {
        "service.web[1]": ["hostname"],
        "service.db[1]": ["hostname"],
    }
    project.apply()
    project.must_be_settled()
