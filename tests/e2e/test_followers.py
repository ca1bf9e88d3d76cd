"""Services that refer to other ones: by namespaces, mounts, links, or to start anew with them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.project import BASE, Project, dying, networked, until

pytestmark = pytest.mark.engine


def test_of_five_in_a_row_each_follows_the_next_one(project: Project) -> None:
    """Each is in the namespaces of the next: the plan says why each is made anew, and where it began."""

    def write(**last: Any) -> None:
        chain = {
            one: networked(network_mode=f"service:{other}", ipc=f"service:{other}", pid=f"service:{other}")
            for one, other in ("ab", "bc", "cd", "de")
        }
        project.write({**chain, "e": networked(ipc="shareable", **last)})

    write()
    project.apply()
    project.must_be_settled()
    write(user="1000")
    changes = project.changes()
    assert {address: change["action"] for address, change in changes.items()} == {
        f"service.{name}[1]": "replace" for name in "abcde"
    }
    assert {(each["field"], each["note"]) for each in changes["service.a[1]"]["fields"]} == {
        (field, "with service.b[1], and that with service.e[1]: user") for field in ("network_mode", "ipc", "pid")
    }
    project.apply()
    project.must_be_settled()
    for namespace in ("net", "ipc", "pid"):
        names = ("a", "e")
        assert len({project.inside(name, "readlink", f"/proc/self/ns/{namespace}")[1] for name in names}) == 1


def test_the_processes_of_an_owner_that_was_started_anew_are_joined_again(project: Project) -> None:
    """Who was in its PID namespace died with it."""
    project.write({"web": networked(pid="service:db"), "db": networked()})
    project.apply()
    project.engine.restart(project.id_of("db"), timeout=0)
    until(lambda: project.container("web")["State"]["Status"] == "exited")
    assert {address: change["action"] for address, change in project.changes().items()} == {"service.web[1]": "start"}
    project.apply()
    project.must_be_settled()


def test_who_starts_anew_with_another_is_the_same_container_and_reaches_it(project: Project) -> None:
    """By the alias of its link, too, whose container has another id by then; what fails puts both back."""

    def write(**db: Any) -> None:
        dependency = {"db": {"condition": "service_started", "restart": True}}
        project.write(
            {
                "db": networked(**db),
                "web": networked(links=["db:database"]),
                "api": networked(depends_on=dependency),
                "aside": networked(depends_on=["db"]),
            }
        )

    def started() -> dict[str, str]:
        return {name: project.container(name)["State"]["StartedAt"] for name in ("web", "api", "aside")}

    write()
    project.apply()
    project.must_be_settled()
    before, ids = started(), {name: project.id_of(name) for name in ("web", "api", "aside")}
    write(user="1000")
    project.apply()
    project.must_be_settled()
    assert {name for name, when in started().items() if when != before[name]} == {"web", "api"}
    assert {name: project.id_of(name) for name in ids} == ids
    assert project.inside("web", "nslookup", "database")[0] == 0
    db = project.id_of("db")
    write(user="1000", **dying())
    project.apply(code=1)
    assert (project.id_of("db"), project.container("web")["State"]["Running"]) == (db, True)
    write(user="1000")
    project.must_be_settled()
    restarted = started()
    assert project.run("restart", "db").code == 0
    assert {name for name, when in started().items() if when != restarted[name]} == {"web", "api"}


def test_links_change_on_the_living_container(project: Project) -> None:
    """And lead to containers of others."""
    other = f"{project.name}-other"
    project.write({"web": networked(links=["db"]), "db": networked()})
    project.apply()
    web = project.id_of("web")
    project.write({"web": networked(links=["db:data"], external_links=[f"{other}:elsewhere"]), "db": networked()})
    assert set(project.fields("service.web[1]")) == {"links", "external_links"}
    project.apply()
    project.must_be_settled()
    assert project.id_of("web") == web
    assert project.inside("web", "nslookup", "data")[0] == 0
    network = f"{project.name}_default"
    made = project.engine.create_container(BASE, ["sleep", "100"], name=other)
    try:
        project.engine.connect_container_to_network(made["Id"], network)
        project.engine.start(made["Id"])
        assert project.inside("web", "nslookup", "elsewhere")[0] == 0
    finally:
        project.engine.remove_container(made["Id"], force=True)


def test_the_mounts_of_another_are_followed_while_they_change(project: Project) -> None:
    """And the data stays, that of a volume without a name among it."""

    def write(*more: str, **db: Any) -> None:
        volumes = {"data": {}, "more": {}}
        services = {
            "db": networked(volumes=["data:/data", "/unnamed", *more], **db),
            "web": networked(volumes_from=["db:ro"]),
        }
        project.write(services, volumes=volumes)

    write()
    project.apply()
    project.must_be_settled()
    project.inside("db", "touch", "/unnamed/kept")
    assert project.inside("web", "touch", "/data/no")[0] != 0
    web = project.id_of("web")
    write(user="0")
    project.apply()
    project.must_be_settled()
    assert project.id_of("web") == web
    write("more:/more", user="0")
    assert project.fields("service.web[1]")["volumes_from"]["after"] == "db:ro (other mounts: /more)"
    project.apply()
    project.must_be_settled()
    assert project.inside("web", "ls", "/unnamed", "/more")[0] == 0
    assert "kept" in project.inside("web", "ls", "/unnamed")[1]
    project.destroy("--volumes")
    assert not project.containers()


def test_options_of_an_endpoint_are_applied_and_no_difference(project: Project) -> None:
    """What only a newer engine has is refused on an older one; a change of the order is a new container."""
    front: dict[str, Any] = {"driver_opts": {"org.example.tier": "a"}, "priority": 5}
    newer: dict[str, Any] = {"mac_address": "02:42:ac:11:7f:0a", "gw_priority": 3, "interface_name": "front0"}
    networks: dict[str, Any] = {"back": {}, "front": {}}

    def write(front: dict[str, Any]) -> None:
        project.write({"web": networked(networks={"back": {}, "front": front})}, networks=networks)

    write(front)
    project.apply()
    project.must_be_settled()
    web = project.container("web")
    assert web["HostConfig"]["NetworkMode"] == f"{project.name}_front"
    write({**front, "driver_opts": {"org.example.tier": "b"}})
    assert project.fields("service.web[1]")["networks.front"]["effect"] == "in_place"
    project.apply()
    project.must_be_settled()
    write({**front, "priority": 0})
    assert project.fields("service.web[1]")["networks.front"]["effect"] == "replace"
    write({**front, **newer})
    if project.api < (1, 49):
        assert {line for line in project.run("plan").err.splitlines() if line.startswith("error[engine-too-old]")}
        return
    project.apply()
    project.must_be_settled()
    shown = project.container("web")["NetworkSettings"]["Networks"][f"{project.name}_front"]
    assert (shown["MacAddress"], shown["GwPriority"]) == ("02:42:ac:11:7f:0a", 3)
    assert "front0" in project.inside("web", "ls", "/sys/class/net")[1]
    project.engine.stop(project.id_of("web"), timeout=0)
    assert set(project.fields("service.web[1]")) == {"state"}


def test_every_option_of_a_mount_is_applied_and_no_difference(project: Project) -> None:
    labelled = {"type": "volume", "source": "data", "target": "/data", "volume": {"labels": {"tier": "a"}}}
    relabelled = {"type": "bind", "source": str(project.folder), "target": "/here", "bind": {"selinux": "z"}}
    memory = {"type": "tmpfs", "target": "/scratch", "tmpfs": {"size": "4M", "mode": 0o1777}, "consistency": "cached"}
    project.write({"web": networked(volumes=[labelled, relabelled, memory])}, volumes={"data": {}})
    project.apply()
    project.must_be_settled()
    project.inside("web", "mkdir", "/data/part")
    part = {"type": "volume", "source": "data", "target": "/data", "volume": {"subpath": "part"}}
    image = {"type": "image", "source": BASE, "target": "/image", "image": {"subpath": "bin"}}
    project.write({"web": networked(volumes=[part, image])}, volumes={"data": {}})
    if project.api < (1, 48):
        assert "engine-too-old" in project.run("plan").err
        return
    assert set(project.fields("service.web[1]")) == {
        "volumes./data",
        "volumes./here",
        "volumes./scratch",
        "volumes./image",
    }
    project.apply()
    project.must_be_settled()
    assert "busybox" in project.inside("web", "ls", "/image")[1]


def test_a_mounted_image_whose_tag_has_moved_is_another_one(project: Project) -> None:
    """The engine shows its name alone, so the container keeps which one it was."""
    if project.api < (1, 48):
        return
    name = f"{project.name}-tools"
    project.engine.tag(BASE, name, "1")
    image = {"type": "image", "source": f"{name}:1", "target": "/image"}
    project.write({"web": networked(volumes=[image])})
    project.apply()
    project.must_be_settled()
    project.engine.tag("python:3.11-slim", name, "1")
    (field,) = project.fields("service.web[1]").values()
    assert (field["field"], field["causes"]) == ("volumes./image", ["image"])
    project.apply()
    project.must_be_settled()
    assert "apt" in project.inside("web", "ls", "/image/etc")[1].split()


def test_a_follower_that_is_left_out_is_named_and_left(project: Project) -> None:
    """--only makes its service anew, and says who would have followed."""
    restarts = {"db": {"condition": "service_started", "restart": True}}
    services = {"db": networked(), "web": networked(depends_on=restarts), "side": networked(network_mode="service:db")}
    project.write(services)
    project.apply()
    before = [project.container(name)["State"]["StartedAt"] for name in ("web", "side")]
    project.write({**services, "db": networked(user="1000")})
    result = project.apply("--only", "db")
    assert result.out.count("warning[follower-left]") == 2
    assert [project.container(name)["State"]["StartedAt"] for name in ("web", "side")] == before
    assert set(project.changes()) == {"service.side[1]"}
