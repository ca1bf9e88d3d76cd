"""A network cannot be changed: it is made anew, and its containers with it."""

from __future__ import annotations

import pytest
from docker.errors import APIError
from docker.types import IPAMConfig, IPAMPool

from tests.e2e.project import Project, dying, sleeper
from tests.e2e.proxy import Proxy, Request

pytestmark = pytest.mark.engine

CHANGED = {"front": {"labels": {"tier": "1"}}}


def write(project: Project, networks: dict[str, object], **web: object) -> None:
    services = {
        "web": sleeper(networks={"front": {"aliases": ["www"]}}, **web),
        "client": sleeper(networks=["front"]),
        "aside": sleeper(networks=["back"]),
    }
    project.write(services, networks={**networks, "back": {}})


def test_a_changed_network_is_made_anew_with_its_containers(project: Project) -> None:
    """The service and its aliases are found by name afterwards, and who is elsewhere is left alone."""
    write(project, {"front": {}})
    project.apply()
    network = project.engine.inspect_network(f"{project.name}_front")["Id"]
    aside = project.container("aside")
    write(project, CHANGED)
    changes = project.changes()
    assert {address: change["action"] for address, change in changes.items()} == {
        "network.front": "replace",
        "service.web[1]": "replace",
        "service.client[1]": "replace",
    }
    assert changes["network.front"]["fields"][0]["field"] == "labels.tier"
    (field,) = changes["service.web[1]"]["fields"]
    assert (field["field"], field["causes"]) == ("networks.front", ["dependency"])
    project.apply()
    assert project.engine.inspect_network(f"{project.name}_front")["Id"] != network
    for name in ("web", "www"):
        code, printed = project.inside("client", "nslookup", name)
        assert code == 0, printed
    assert project.container("aside")["State"]["StartedAt"] == aside["State"]["StartedAt"]
    project.must_be_settled()


def test_a_network_that_goes_from_the_file_is_left_and_named_as_it_was_there(project: Project) -> None:
    """By an edit, and not by what the engine calls it."""
    project.write({"web": sleeper(networks=["back", "front"])}, networks={"back": {}, "front": {}})
    project.apply()
    web = project.id_of("web")
    project.write({"web": sleeper(networks=["back"])}, networks={"back": {}})
    changes = project.changes()
    assert {address: change["action"] for address, change in changes.items()} == {
        "network.front": "remove",
        "service.web[1]": "update",
    }
    (field,) = changes["service.web[1]"]["fields"]
    assert (field["field"], field["causes"], field["before"], field["after"]) == (
        "networks.front",
        ["edit"],
        "connected as web",
        None,
    )
    project.apply()
    assert project.id_of("web") == web
    project.must_be_settled()


def test_a_subnet_that_somebody_has_taken_meanwhile_is_no_reason_to_be_down(project: Project, proxy: Proxy) -> None:
    """The engine chose it, and chooses another one when the network is put back."""
    write(project, {"front": {}})
    project.apply()
    network, taker = f"{project.name}_front", f"{project.name}_taker"
    subnet = project.engine.inspect_network(network)["IPAM"]["Config"][0]["Subnet"]

    def take(request: Request) -> None:
        if request.method == "DELETE" and request.path == f"/networks/{network}" and not taken:
            taken.append(subnet)
            try:
                project.engine.create_network(taker, ipam=IPAMConfig(pool_configs=[IPAMPool(subnet)]))
            except APIError as error:  # Engine 28 gives the first that is free: another test has taken it before us
                if "overlaps" not in str(error):
                    raise

    taken: list[str] = []
    proxy.after = take
    write(project, CHANGED, **dying("echo not-in-here; exit 1"))
    result = project.apply("--engine", proxy.url, code=1)
    assert taken
    assert result.told("as before") == {"network.front", "service.web[1]", "service.client[1]"}
    assert {project.container(name)["State"]["Status"] for name in ("web", "client")} == {"running"}
    write(project, {"front": {}})
    project.must_be_settled()


def test_a_member_that_fails_puts_the_network_and_all_its_containers_back(project: Project) -> None:
    """The same containers run again, and find each other by name and alias."""
    write(project, {"front": {}})
    project.apply()
    before = {name: project.id_of(name) for name in ("web", "client", "aside")}
    write(project, CHANGED, **dying("echo not-in-here; exit 1"))
    result = project.apply(code=1)
    assert "not-in-here" in result.err
    assert {name: project.id_of(name) for name in before} == before
    assert {project.container(name)["State"]["Status"] for name in before} == {"running"}, result.err
    assert project.engine.inspect_network(f"{project.name}_front")["Labels"].get("tier") is None
    for name in ("web", "www"):
        code, printed = project.inside("client", "nslookup", name)
        assert code == 0, printed
    assert project.containers() == {project.container_name(name) for name in before}
    write(project, {"front": {}})
    project.must_be_settled()


def test_a_network_that_is_left_and_one_that_is_joined(project: Project) -> None:
    """A further network comes and goes in place."""
    networks = {"front": {}, "back": {}}
    project.write({"web": sleeper(networks=["front"]), "db": sleeper(networks=["back"])}, networks=networks)
    project.apply()
    before = project.id_of("web")
    project.write({"web": sleeper(networks=["front", "back"]), "db": sleeper(networks=["back"])}, networks=networks)
    project.apply()
    assert project.id_of("web") == before
    assert project.inside("web", "nslookup", "db")[0] == 0
    project.must_be_settled()
    project.write({"web": sleeper(networks=["front"]), "db": sleeper(networks=["back"])}, networks=networks)
    project.apply()
    assert set(project.container("web")["NetworkSettings"]["Networks"]) == {f"{project.name}_front"}
    project.must_be_settled()


def test_a_second_network_of_the_same_name_is_removed(project: Project) -> None:
    """Engine 20.10 lets two creates at once make twins, and then starts no container that names one of them."""
    write(project, {"front": {}})
    project.apply()
    used = project.engine.inspect_container(project.container_name("web"))["NetworkSettings"]["Networks"]
    labels = project.engine.inspect_network(used[f"{project.name}_front"]["NetworkID"])["Labels"]
    try:
        project.engine.create_network(f"{project.name}_front", labels=labels, check_duplicate=False)
    except APIError:  # later engines refuse it
        return
    assert project.changes()["network.front"]["action"] == "recover"
    project.apply()
    project.must_be_settled()
    assert [each["Id"] for each in project.engine.networks(names=[f"{project.name}_front"])] == [
        used[f"{project.name}_front"]["NetworkID"]
    ]


def test_a_network_that_becomes_the_way_out_ends_connections_through_published_ports(project: Project) -> None:
    """As the plan says; one that does not become it leaves them."""

    def write(*networks: str) -> None:
        project.write({"web": sleeper(networks=list(networks))}, networks={each: {} for each in networks})

    def way_out() -> str:
        routes = project.inside("web", "ip", "route")[1]
        return next(line for line in routes.splitlines() if line.startswith("default"))

    write("m")
    project.apply()
    before = way_out()

    write("m", "z")
    assert project.changes()["service.web[1]"]["detail"] == "in place, no restart"
    project.apply()
    assert way_out() == before

    write("a", "m", "z")
    change = project.changes()["service.web[1]"]
    assert change["detail"].endswith("and to the outside (by a, no longer by m) break")
    assert [each["kind"] for each in change["dangers"]] == ["way out"]
    project.apply()
    assert way_out() != before
