"""Data goes only where that was asked for, its size is told first, and nobody else's container loses anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from docker import APIClient
from docker.errors import NotFound

from tests.e2e.project import BASE, Project, sleeper
from tests.e2e.proxy import Proxy
from tests.terminal import in_terminal

pytestmark = pytest.mark.engine


def write(project: Project) -> None:
    """A volume with a name, one without, and a network of its own."""
    project.write(
        {"db": sleeper(volumes=["data:/data", "/nameless"], networks=["front"])},
        volumes={"data": {}},
        networks={"front": {}},
    )


@pytest.fixture
def filled(project: Project) -> Project:
    """A volume with ten megabytes."""
    write(project)
    project.apply()
    assert project.inside("db", "dd", "if=/dev/zero", "of=/data/it", "bs=1000000", "count=10")[0] == 0
    return project


def test_what_destroy_with_volumes_takes_is_shown_with_its_size(filled: Project, proxy: Proxy) -> None:
    """In each form of the plan, for one request more; where no data goes, none is made."""
    plan = ("plan", "--engine", proxy.url, "--destroy")
    assert "(10 MB)" in filled.run(*plan, "--volumes").out
    assert sum("/system/df" in each.path for each in proxy.requests) == 1
    assert "(10 MB)" in filled.run(*plan, "--volumes", "--format", "markdown").out.replace("&#160;", " ")
    changes = json.loads(filled.run(*plan, "--volumes", "--format", "json").out)["changes"]
    lost = {each["address"]: each["loses"] for each in changes if "loses" in each}
    assert lost["volume.data"] == [{"volume": f"{filled.name}_data", "bytes": pytest.approx(10_000_000, rel=0.01)}]
    assert [each["bytes"] for each in lost["service.db[1]"]] == [0]
    proxy.requests.clear()
    assert "MB" not in filled.run(*plan).out
    assert not any("/system/df" in each.path for each in proxy.requests)


def test_a_terminal_asks_with_the_size_of_each_volume(filled: Project) -> None:
    """Whoever says no keeps all of it."""
    with in_terminal("destroy", "--volumes", folder=filled.folder) as terminal:
        terminal.until(b"[y/N]")
        asked = terminal.shown.decode()
        terminal.type(b"n\r")
        assert terminal.process.wait(30) == 1
    asked = asked[asked.index("This data goes") :]
    assert f"{filled.name}_data" in asked
    assert "10 MB" in asked
    assert "of service.db[1]" in asked
    assert filled.volumes() == {f"{filled.name}_data"}
    assert filled.container("db")["State"]["Running"]


def test_without_volumes_a_terminal_asks_of_no_data(filled: Project) -> None:
    with in_terminal("destroy", folder=filled.folder) as terminal:
        terminal.until(b"[y/N]")
        assert b"This data goes" not in terminal.shown
        terminal.type(b"n\r")
        assert terminal.process.wait(30) == 1


def test_volumes_go_with_a_removal_of_the_stack_alone(project: Project) -> None:
    write(project)
    result = project.run("plan", "--volumes")
    assert (result.code, "--destroy --volumes" in result.err) == (64, True), result.err


def test_a_changed_volume_is_refused_and_nothing_is_touched(filled: Project, proxy: Proxy) -> None:
    """At its line, with what to do; whatever else the file asks for."""
    filled.write({"db": sleeper(volumes=["data:/data"], user="1000")}, volumes={"data": {"labels": {"tier": "a"}}})
    result = filled.apply("--engine", proxy.url, code=65)
    assert "error[volume-changed]" in result.err
    assert f"stack.yaml:{filled.lines['volumes.data.labels']}" in result.err
    assert f"docker volume rm {filled.name}_data" in result.err
    assert proxy.written == []
    assert filled.inside("db", "test", "-s", "/data/it")[0] == 0


STATES = ("running", "stopped", "never started")


@pytest.fixture
def stranger(engine: APIClient, project: Project) -> Iterator[str]:
    """The name of a container that is not of the stack."""
    name = f"stranger-of-{project.name[4:]}"
    yield name
    with suppress(NotFound):
        engine.remove_container(name, force=True)


def begin(engine: APIClient, name: str, state: str, *, network: str = "", volume: str = "") -> None:
    binds = {"binds": [f"{volume}:/theirs"]} if volume else {}
    host = engine.create_host_config(**binds, **({"network_mode": network} if network else {}))
    engine.create_container(BASE, ["sleep", "1000"], name=name, host_config=host)
    if state != "never started":
        engine.start(name)
    if state == "stopped":
        engine.stop(name, timeout=0)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("what", ["network", "volume"])
def test_destroy_refuses_to_take_what_another_container_has(
    what: str, state: str, filled: Project, engine: APIClient, stranger: str, proxy: Proxy
) -> None:
    """It names that one, at the line of what would go, before anything is done; what is not to go is no matter."""
    thing = f"{filled.name}_{'front' if what == 'network' else 'data'}"
    begin(engine, stranger, state, **{what: thing})
    before = filled.container("db")["State"]
    result = filled.destroy("--volumes", "--engine", proxy.url, code=65)
    assert f"{what}.{'front' if what == 'network' else 'data'} would have to go" in result.err
    assert stranger in result.err
    assert f"stack.yaml:{filled.lines['networks.front' if what == 'network' else 'volumes.data']}:" in result.err
    assert "nothing was touched" in result.err
    assert proxy.written == []
    assert filled.container("db")["State"] == before
    if what == "volume":
        filled.destroy()
        assert filled.volumes() == {thing}
    engine.remove_container(stranger, force=True)
    filled.destroy("--volumes")
    assert (filled.containers(), filled.networks(), filled.volumes()) == (set(), set(), set())


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("how", ["made anew", "removed"])
def test_an_apply_refuses_to_take_a_network_that_another_container_is_in(
    how: str, state: str, filled: Project, engine: APIClient, stranger: str, proxy: Proxy
) -> None:
    """One that was never started knows it by its name, and finds the new one: only its removal would be a loss."""
    begin(engine, stranger, state, network=f"{filled.name}_front")
    networks = {"front": {"labels": {"tier": "a"}}} if how == "made anew" else {}
    joined = {"networks": ["front"]} if how == "made anew" else {}
    filled.write({"db": sleeper(volumes=["data:/data"], **joined)}, volumes={"data": {}}, networks=networks)
    if (how, state) == ("made anew", "never started"):
        filled.apply()
        engine.start(stranger)
        return
    result = filled.apply("--engine", proxy.url, code=65)
    assert "network.front would have to go" in result.err
    assert stranger in result.err
    assert "nothing was touched" in result.err
    assert ("stack.yaml:" in result.err) == (how == "made anew")
    assert proxy.written == []
    looked = filled.run("plan")
    assert (looked.code, "network.front would have to go" in looked.err) == (65, True)
    assert "nothing was touched" not in looked.err


def test_a_folder_that_must_be_there_and_is_not_is_known_before_anything_stops(project: Project, proxy: Proxy) -> None:
    """At its line, and also what would stop for another reason goes on."""
    missing = project.folder / "missing"
    mount = {"type": "bind", "source": "./missing", "target": "/mnt", "bind": {"create_host_path": False}}
    project.write({"db": sleeper(), "web": sleeper()})
    project.apply()
    before = [project.container(name)["State"] for name in ("db", "web")]
    project.write({"db": sleeper(user="1000"), "web": sleeper(volumes=[mount])})
    result = project.apply("--engine", proxy.url, code=65)
    assert "error[bind-source-missing]" in result.err
    assert f"stack.yaml:{project.lines['services.web.volumes']}" in result.err
    assert proxy.written == []
    assert [project.container(name)["State"] for name in ("db", "web")] == before
    Path(missing).mkdir()
    project.apply()
    project.must_be_settled()
