"""Containers, networks and volumes on a real engine: a request does its one thing, what is done is no error."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from deployer.engine.client import DockerEngine
from deployer.errors import OperationFailed
from deployer.resources.wire import EngineRefused, Json

pytestmark = pytest.mark.engine

Started = Callable[..., str]
Exited = Callable[[str], Json]


def state(engine: DockerEngine, container: str) -> str:
    found = engine.container(container)
    assert found
    return found["State"]["Status"]


def test_the_body_of_a_container_arrives_whole(engine: DockerEngine, busybox: str, name: str):
    """Nothing is dropped on the way: also fields that docker-py does not know."""
    host = {"NanoCpus": 250_000_000, "PidsLimit": 50, "Memory": 64 << 20, "Tmpfs": {"/scratch": ""}}
    body = {"Image": busybox, "Env": ["A=b"], "StopTimeout": 3, "Labels": {"x": ""}, "HostConfig": host}

    container = engine.create_container(name, body)
    found = engine.container(container)

    assert found
    assert found["Name"] == f"/{name}"
    assert {key: found["HostConfig"][key] for key in host} == host
    assert (found["Config"]["StopTimeout"], found["Config"]["Labels"]) == (3, {"x": ""})


def test_a_container_is_found_by_name_or_id_and_by_no_part_of_it(engine: DockerEngine, started: Started, name: str):
    """A container called `db` must not be mistaken for one whose id begins with db."""
    container = started()

    assert engine.container(name) == engine.container(container)
    assert engine.container(container[:12]) is None
    assert engine.container(f"{name}-none") is None


def test_stopped_containers_are_listed(engine: DockerEngine, busybox: str, name: str):
    """The list has all there are, in any state."""
    container = engine.create_container(name, {"Image": busybox})

    assert container in [listed["Id"] for listed in engine.containers()]


def test_many_are_inspected_in_the_order_asked(engine: DockerEngine, busybox: str, name: str):
    """One that is gone is left out."""
    made = [engine.create_container(f"{name}-{number}", {"Image": busybox}) for number in range(12)]
    engine.remove_container(made[5])

    found = [inspected["Id"] for inspected in engine.inspected(list(reversed(made)))]

    assert found == [container for container in reversed(made) if container != made[5]]


def test_a_container_goes_through_its_life(engine: DockerEngine, started: Started):
    """Every step can be said twice: the second time, nothing is left to do and nothing is wrong."""
    container = started()
    seen = [state(engine, container)]
    for step in (
        engine.start_container,
        engine.pause_container,
        engine.unpause_container,
        lambda it: engine.stop_container(it, 0),
        engine.start_container,
    ):
        step(container)
        step(container)
        seen.append(state(engine, container))

    assert seen == ["running", "running", "paused", "running", "exited", "running"]


def test_stopping_waits_as_long_as_it_is_told(engine: DockerEngine, started: Started):
    """A container that ignores the signal is killed after the given time."""
    container = started("trap '' TERM; while :; do sleep 0.1; done", StopSignal="TERM")

    engine.stop_container(container, 1)

    found = engine.container(container)
    assert found
    assert found["State"]["ExitCode"] == 137


def test_a_signal_reaches_the_container(engine: DockerEngine, started: Started, exited: Exited):
    """`kill` sends what it is told."""
    container = started("trap 'exit 7' USR1; echo up; while :; do sleep 0.1; done")
    next(engine.logs(container, follow=True))

    engine.kill_container(container, "SIGUSR1")

    assert exited(container)["State"]["ExitCode"] == 7


def test_a_container_is_renamed(engine: DockerEngine, started: Started, name: str):
    """Renaming it to the name it has is no error."""
    container = started()

    engine.rename_container(container, f"{name}-other")
    engine.rename_container(container, f"{name}-other")

    assert engine.container(name) is None
    assert engine.container(f"{name}-other")


def test_a_container_is_updated_in_place(engine: DockerEngine, started: Started):
    """The body goes as it is: NanoCpus is a field that docker-py's own update lacks."""
    container = started()

    engine.update_container(container, {"NanoCpus": 500_000_000, "RestartPolicy": {"Name": "unless-stopped"}})

    found = engine.container(container)
    assert found
    assert found["HostConfig"]["NanoCpus"] == 500_000_000
    assert found["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"


def test_removing_what_is_gone_is_no_error(engine: DockerEngine, started: Started, name: str):
    """Containers, networks and volumes alike."""
    container = started()

    for _ in range(2):
        engine.remove_container(container, force=True)
        engine.remove_network(f"{name}-none")
        engine.remove_volume(f"{name}-none")

    assert engine.container(container) is None


def test_a_container_that_others_remove_as_well_is_gone_for_each(engine: DockerEngine, started: Started):
    """Whoever asks while a removal is at work returns when the container is gone, and not before."""
    container = started()

    def remove(_: int) -> bool:
        engine.remove_container(container, force=True)
        return engine.container(container) is None

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(remove, range(8))) == [True] * 8


def test_a_running_container_is_not_removed_unless_forced(engine: DockerEngine, started: Started):
    """The refusal has the engine's status."""
    with pytest.raises(EngineRefused, match="could not remove container") as caught:
        engine.remove_container(started())

    assert caught.value.status == 409


def test_the_anonymous_volumes_go_along_when_asked(engine: DockerEngine, started: Started):
    """`volumes` removes them, else they stay."""
    left, taken = (started(suffix=suffix, Volumes={"/data": {}}) for suffix in ("-1", "-2"))
    volumes: list[str] = []
    for container in (left, taken):
        found = engine.container(container)
        assert found
        volumes.append(found["Mounts"][0]["Name"])

    engine.remove_container(left, force=True)
    engine.remove_container(taken, force=True, volumes=True)

    assert [engine.volume(volume) is not None for volume in volumes] == [True, False]
    engine.remove_volume(volumes[0])


def test_a_taken_name_is_a_conflict(engine: DockerEngine, busybox: str, name: str):
    """Two runs that create the same container: the second is told apart by code and status."""
    engine.create_container(name, {"Image": busybox})

    with pytest.raises(EngineRefused) as caught:
        engine.create_container(name, {"Image": busybox})

    assert (caught.value.status, caught.value.diagnostics[0].code) == (409, "name-taken")


def test_a_missing_image_is_said_so(engine: DockerEngine, name: str):
    """Creating a container does not pull."""
    with pytest.raises(OperationFailed, match=f"could not create container {name}: .*{name}-image") as caught:
        engine.create_container(name, {"Image": f"{name}-image"})

    assert caught.value.diagnostics[0].code == "image-not-found"


def test_a_command_that_is_not_in_the_image_is_named(engine: DockerEngine, busybox: str, name: str):
    """It is `command-not-found`, with the engine's words as a note."""
    container = engine.create_container(name, {"Image": busybox, "Cmd": ["nonsuch"]})

    with pytest.raises(EngineRefused, match="nonsuch") as caught:
        engine.start_container(container)

    assert caught.value.diagnostics[0].code == "command-not-found"
    assert "nonsuch" in caught.value.diagnostics[0].notes[0]


def test_a_bind_whose_source_is_missing_is_named(engine: DockerEngine, busybox: str, name: str):
    """It is found at the create, before anything stops."""
    mount = {"Type": "bind", "Source": "/no/such/folder", "Target": "/mnt"}
    body = {"Image": busybox, "Cmd": ["true"], "HostConfig": {"Mounts": [mount]}}

    with pytest.raises(EngineRefused, match="/no/such/folder, which it mounts, is not there") as caught:
        engine.create_container(name, body)

    assert caught.value.diagnostics[0].code == "bind-source-missing"


@pytest.mark.parametrize(("protocol", "kind"), [("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)])
def test_a_port_that_a_program_has_is_named(
    engine: DockerEngine, busybox: str, name: str, protocol: str, kind: socket.SocketKind
):
    """The engine's long story about endpoints becomes: this port is taken."""
    with socket.socket(type=kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        container = engine.create_container(name, publishing(busybox, port, protocol))
        with pytest.raises(EngineRefused) as caught:
            engine.start_container(container)

    found = caught.value.diagnostics[0]
    assert found.code == "port-taken"
    assert (
        found.message == f"could not start container {container}: port 127.0.0.1:{port} of the engine's host is taken"
    )
    assert found.notes


def test_a_port_that_a_container_has_is_named(engine: DockerEngine, busybox: str, name: str):
    """Two containers that publish one port: the second does not start."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    first, second = (engine.create_container(f"{name}-{it}", publishing(busybox, port, "tcp")) for it in (1, 2))
    engine.start_container(first)

    with pytest.raises(EngineRefused, match=f"port 127.0.0.1:{port} of") as caught:
        engine.start_container(second)

    assert caught.value.diagnostics[0].code == "port-taken"


def publishing(image: str, port: int, protocol: str) -> Json:
    inside = f"80/{protocol}"
    bindings = {inside: [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}
    return {
        "Image": image,
        "Cmd": ["sleep", "600"],
        "ExposedPorts": {inside: {}},
        "HostConfig": {"PortBindings": bindings},
    }


def test_a_network_is_made_once_by_its_name(engine: DockerEngine, name: str):
    """Engine 20.10 would make twins; CheckDuplicate makes it refuse."""
    network = engine.create_network({"Name": name, "Labels": {"a": "b"}})

    with pytest.raises(EngineRefused) as caught:
        engine.create_network({"Name": name})

    assert caught.value.status == 409
    found = engine.network(name)
    assert found
    assert (found["Id"], found["Labels"]) == (network, {"a": "b"})
    assert engine.network(network[:12]) is None
    assert network in [listed["Id"] for listed in engine.networks()]


def test_a_container_joins_and_leaves_a_network(engine: DockerEngine, started: Started, name: str):
    """The endpoint goes as it is; to leave twice, or what is gone, is no error."""
    container, network = started(), engine.create_network({"Name": name})

    engine.connect(network, container, {"Aliases": ["db"], "DriverOpts": {"x": "y"}})
    found = engine.container(container)
    assert found
    endpoint = found["NetworkSettings"]["Networks"][name]
    assert "db" in endpoint["Aliases"]
    assert endpoint["DriverOpts"] == {"x": "y"}

    for gone in (container, container, f"{name}-none"):
        engine.disconnect(network, gone)
    engine.disconnect(f"{name}-none", container)
    found = engine.container(container)
    assert found
    assert name not in found["NetworkSettings"]["Networks"]


def test_a_stopped_container_leaves_a_network_twice(engine: DockerEngine, busybox: str, name: str):
    """The engine words it otherwise than for a running one."""
    network, container = engine.create_network({"Name": name}), engine.create_container(name, {"Image": busybox})
    engine.connect(network, container, {})

    engine.disconnect(network, container)
    engine.disconnect(network, container)


def test_a_network_in_use_is_not_removed(engine: DockerEngine, started: Started, name: str):
    """The engine refuses, and so do we."""
    network = engine.create_network({"Name": name})
    engine.connect(network, started(), {})

    with pytest.raises(EngineRefused, match=f"could not remove network {network}: .*active endpoints"):
        engine.remove_network(network)


def test_making_a_volume_that_is_there_answers_with_it(engine: DockerEngine, name: str):
    """What the records stand on: create is atomic, and the labels are those of the first."""
    first = engine.create_volume({"Name": name, "Labels": {"holder": "a"}})
    second = engine.create_volume({"Name": name, "Labels": {"holder": "b"}})

    assert first["Labels"] == second["Labels"] == {"holder": "a"}
    assert engine.volume(name) == {**second, "Scope": "local"}
    assert name in [listed["Name"] for listed in engine.volumes()]


def test_a_volume_in_use_is_not_removed(engine: DockerEngine, started: Started, name: str):
    """The refusal has the engine's status."""
    started(HostConfig={"Mounts": [{"Type": "volume", "Source": name, "Target": "/data"}]})

    with pytest.raises(EngineRefused, match="in use") as caught:
        engine.remove_volume(name)

    assert caught.value.status == 409


def test_all_who_ask_at_once_what_takes_the_disk_are_told(engine: DockerEngine):
    """Engine 20.10 measures for one at a time, and refuses the others."""
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: engine.disk_usage(), range(24)))

    assert all("LayersSize" in each for each in told)


def test_the_engine_says_what_it_is(engine: DockerEngine):
    """Where it was reached, its version, and an API version that was tried."""
    info = engine.info()

    assert "docker.sock" in info.host or os.environ.get("DOCKER_HOST") == info.host
    assert info.version
    assert (1, 41) <= tuple(map(int, info.api.split("."))) <= (1, 51)
