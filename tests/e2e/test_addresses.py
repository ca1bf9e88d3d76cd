"""Fixed addresses: kept through changes, and traded."""

from __future__ import annotations

import random

import pytest

from tests.e2e.project import Project, dying, sleeper

pytestmark = pytest.mark.engine

Place = dict[str, object]


def subnet() -> str:
    """The first three numbers of a subnet that hardly anybody has: engines of scripts take theirs from 10.224 on."""
    return f"10.{random.randint(190, 223)}.{random.randint(1, 250)}"


def write(project: Project, base: str, services: dict[str, Place], **more: object) -> None:
    """Services, each with how it is in the network `front`."""
    front = {"ipam": {"config": [{"subnet": f"{base}.0/24", "ip_range": f"{base}.128/25"}]}}
    at = {name: sleeper(networks={"front": place}, **more) for name, place in services.items()}
    project.write({**at, "aside": sleeper(networks={"front": {}})}, networks={"front": front})


def address_of(project: Project, service: str) -> str:
    return project.container(service)["NetworkSettings"]["Networks"][f"{project.name}_front"]["IPAddress"]


def test_a_fixed_address_is_kept_through_a_replacement(project: Project) -> None:
    """The successor is made beside the running one, and takes the address when that has stopped."""
    base = subnet()
    write(project, base, {"web": {"ipv4_address": f"{base}.10", "aliases": ["www"]}})
    project.apply()
    project.must_be_settled()
    before = project.id_of("web")
    assert address_of(project, "web") == f"{base}.10"
    write(project, base, {"web": {"ipv4_address": f"{base}.10", "aliases": ["www"]}}, user="1000")
    assert set(project.fields("service.web[1]")) == {"user"}
    project.apply()
    assert project.id_of("web") != before
    assert address_of(project, "web") == f"{base}.10"
    project.must_be_settled()


def test_another_address_is_given_in_place_and_drift_is_mended(project: Project) -> None:
    """The names are kept, and the container can be started again."""
    base = subnet()
    write(project, base, {"web": {"ipv4_address": f"{base}.10", "aliases": ["www"]}})
    project.apply()
    before = project.id_of("web")
    write(project, base, {"web": {"ipv4_address": f"{base}.11", "aliases": ["www"]}})
    (field,) = project.fields("service.web[1]").values()
    assert (field["field"], field["before"], field["after"], field["causes"]) == (
        "networks.front",
        f"connected as web, www at {base}.10",
        f"connected as web, www at {base}.11",
        ["edit"],
    )
    assert field["at"] == f"stack.yaml:{project.lines['services.web.networks.front']}"
    project.apply()
    assert project.id_of("web") == before
    assert address_of(project, "web") == f"{base}.11"
    project.must_be_settled()
    project.engine.restart(before, timeout=0)
    assert address_of(project, "web") == f"{base}.11"
    project.engine.disconnect_container_from_network(before, f"{project.name}_front")
    project.engine.connect_container_to_network(before, f"{project.name}_front", aliases=["web", "www"])
    (field,) = project.fields("service.web[1]").values()
    assert (field["causes"], field["applied"]) == (["drift"], f"connected as web, www at {base}.11")
    project.apply()
    assert address_of(project, "web") == f"{base}.11"
    assert project.inside("aside", "nslookup", "www")[0] == 0
    write(project, base, {"web": {"aliases": ["www"]}})
    project.apply()
    project.must_be_settled()
    assert project.id_of("web") == before


def test_two_services_trade_their_addresses_in_place(project: Project) -> None:
    base = subnet()
    write(project, base, {"red": {"ipv4_address": f"{base}.10"}, "blue": {"ipv4_address": f"{base}.11"}})
    project.apply()
    before = {name: project.id_of(name) for name in ("red", "blue")}
    write(project, base, {"red": {"ipv4_address": f"{base}.11"}, "blue": {"ipv4_address": f"{base}.10"}})
    assert len({change["group"] for change in project.changes().values()}) == 1
    project.apply()
    assert (address_of(project, "red"), address_of(project, "blue")) == (f"{base}.11", f"{base}.10")
    assert {name: project.id_of(name) for name in before} == before
    project.must_be_settled()


def test_a_trade_of_addresses_that_fails_puts_both_back(project: Project) -> None:
    """One is replaced, and does not work: the other one, which had its address in place, gives it back."""
    base = subnet()
    places = {"red": {"ipv4_address": f"{base}.10"}, "blue": {"ipv4_address": f"{base}.11"}}
    write(project, base, places)
    project.apply()
    before = {name: project.id_of(name) for name in places}
    front = {"ipam": {"config": [{"subnet": f"{base}.0/24", "ip_range": f"{base}.128/25"}]}}
    services = {
        "red": sleeper(networks={"front": {"ipv4_address": f"{base}.11"}}),
        "blue": sleeper(networks={"front": {"ipv4_address": f"{base}.10"}}, **dying("echo no-blue; exit 1")),
        "aside": sleeper(networks={"front": {}}),
    }
    project.write(services, networks={"front": front})
    assert "no-blue" in project.apply(code=1).err
    assert (address_of(project, "red"), address_of(project, "blue")) == (f"{base}.10", f"{base}.11")
    assert {name: project.id_of(name) for name in before} == before
    write(project, base, places)
    project.must_be_settled()


def test_a_removed_service_gives_its_address_to_a_new_one(project: Project) -> None:
    base = subnet()
    write(project, base, {"old": {"ipv4_address": f"{base}.10"}})
    project.apply()
    write(project, base, {"new": {"ipv4_address": f"{base}.10"}})
    project.apply()
    assert address_of(project, "new") == f"{base}.10"
    project.must_be_settled()


def test_a_network_with_other_subnets_is_made_anew_and_addresses_move_with_it(project: Project) -> None:
    base, other = subnet(), subnet()
    write(project, base, {"web": {"ipv4_address": f"{base}.10"}})
    project.apply()
    write(project, other, {"web": {"ipv4_address": f"{other}.10"}})
    assert set(project.fields("network.front")) == {"ipam.config"}
    project.apply()
    assert address_of(project, "web") == f"{other}.10"
    project.must_be_settled()


def test_an_address_that_somebody_has_is_told(project: Project) -> None:
    """The engine had given it to another container: everything is as it was."""
    base = subnet()
    front = {"ipam": {"config": [{"subnet": f"{base}.0/24"}]}}
    project.write({"web": sleeper(networks={"front": {}})}, networks={"front": front})
    project.apply()
    taken = address_of(project, "web")
    services = {"web": sleeper(networks={"front": {}}), "db": sleeper(networks={"front": {"ipv4_address": taken}})}
    project.write(services, networks={"front": front})
    assert "address-taken" in project.apply(code=1).err
    assert project.containers() == {project.container_name("web")}
