"""A change that cannot work: the old service still answers, and what is read on the screen says what, where, why, and
what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from docker import APIClient
from syrupy.assertion import SnapshotAssertion

from tests.crash.own_engine import OwnEngine, own_engine, why_not
from tests.e2e.project import Project, dying, fetched, free_port, page
from tests.e2e.test_failures import another_program_on

pytestmark = pytest.mark.engine

NEVER_HEALTHY = {
    "test": ["CMD-SHELL", "echo cannot reach the database; exit 1"],
    "interval": "100ms",
    "retries": 2,
}
NOWHERE = {"type": "none", "o": "bind", "device": "/no/such/device"}

FAILING: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "exits at once": (dying("echo no configuration >&2; exit 7"), {}),
    "keeps restarting": ({**dying("echo no configuration; exit 7"), "restart": "always"}, {}),
    "is never healthy": ({"healthcheck": NEVER_HEALTHY}, {}),
    "has no such command": ({"command": ["no-such-command"]}, {}),
    "has no such user": ({"user": "nobodyx"}, {}),
    "has too little memory": ({"mem_limit": "1M"}, {}),
    "has a volume that cannot be mounted": (
        {"volumes": ["disk:/disk"]},
        {"volumes": {"disk": {"driver_opts": NOWHERE}}},
    ),
    "has a folder that is not there": (
        {"volumes": [{"type": "bind", "source": "./no", "target": "/x", "bind": {"create_host_path": False}}]},
        {},
    ),
}


def read(project: Project, text: str) -> str:
    """The message as a person reads it, less what is another's each time, and less the engine's own words, which are
    another's in each version of it.
    """
    shown = text[text.index("error[") :].replace(str(project.folder), "/srv/shop").replace(project.name, "shop")
    for pattern, instead in (
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"after [\d.]+ s", "after N s"),
        (r"(keeps restarting): it exited with code 7", r"\1"),
        (r"(\n +no configuration)+", r"\1"),
        (r"= note: .*(daemon|driver|engine|OCI|mount|address|pool|passwd).*", "= note: (the engine's own words)"),
    ):
        shown = re.sub(pattern, instead, shown)
    return shown


def must_still_answer(project: Project, port: int, before: Mapping[str, Any]) -> None:
    """The very same container as before, and nothing beside it."""
    assert fetched(port) == "old"
    assert project.container("web")["Id"] == before["Id"]
    assert project.containers() == {project.container_name("web")}


@pytest.mark.parametrize("case", FAILING)
def test_the_old_service_answers_and_the_message_helps(
    case: str, project: Project, snapshot: SnapshotAssertion
) -> None:
    port = free_port()
    project.write({"web": page("old", port)})
    project.apply()
    before = project.container("web")
    broken, sections = FAILING[case]
    project.write({"web": {**page("old", port), **broken}}, **sections)
    result = project.run("apply", "--yes")
    assert result.code in (1, 65)
    assert read(project, result.err) == snapshot
    must_still_answer(project, port, before)


def test_a_port_that_another_program_holds(project: Project, snapshot: SnapshotAssertion) -> None:
    port, taken = free_port(), free_port()
    project.write({"web": page("old", port)})
    project.apply()
    before = project.container("web")
    project.write({"web": page("new", taken)})
    with another_program_on(taken):
        result = project.apply(code=1)
    assert read(project, result.err) == snapshot
    must_still_answer(project, port, before)


@contextmanager
def on_an_engine_of_its_own(
    project: Project, monkeypatch: pytest.MonkeyPatch, *settings: str, disk: str = ""
) -> Iterator[tuple[Project, OwnEngine]]:
    if why := why_not():
        pytest.skip(why)
    with own_engine(project.engine, *settings, disk=disk) as made:
        monkeypatch.setenv("DOCKER_HOST", made.host)
        with APIClient(made.host, version="auto") as client:
            yield replace(project, engine=client), made


def first_of(text: str) -> str:
    """The first of the errors: which of its files the engine cannot write is a matter of chance, and of bytes."""
    error = text[text.index("error[") :].partition("\nerror[")[0]
    return re.sub(r"(create (?:container|volume) \S+): .*(no space left on device)", r"\1: ... \2", error)


def test_an_engine_whose_disk_is_full(
    project: Project, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room again, the next apply goes on."""
    port = free_port()
    with on_an_engine_of_its_own(project, monkeypatch, disk="64m") as (mine, engine):
        mine.write({"web": page("old", port)})
        mine.apply()
        before = mine.container("web")
        give_back = engine.fill()
        mine.write({"web": page("new", port)})
        result = mine.apply(code=1)
        assert read(mine, first_of(result.err)) == snapshot
        must_still_answer(mine, port, before)
        give_back()
        mine.apply()
        assert fetched(port) == "new"


def test_an_engine_without_addresses_for_another_network(
    project: Project, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pool is two networks large: the stack's own, and one more. No other engine takes from there by itself."""
    port = free_port()
    pool = "--default-address-pool=base=10.214.249.0/28,size=29"
    with on_an_engine_of_its_own(project, monkeypatch, pool) as (mine, _):
        mine.write({"web": page("old", port)})
        mine.apply()
        before = mine.container("web")
        inner = {"web": page("old", port, user="0", networks=["default", "inner"])}
        mine.write(inner, networks={"inner": {}})
        mine.engine.create_network(f"{mine.name}-other")
        result = mine.apply(code=1)
        assert read(mine, result.err) == snapshot
        must_still_answer(mine, port, before)


def test_a_network_without_an_address_for_another_container(project: Project, snapshot: SnapshotAssertion) -> None:
    """Known before anything stops: what is stopped for a moment would lose its address to one that is new."""
    port = free_port()
    subnet = {"ipam": {"config": [{"subnet": "10.214.9.0/29"}]}}
    project.write({"web": page("old", port)}, networks={"default": subnet})
    project.apply()
    before = project.container("web")
    more = {f"more{number}": {"image": "busybox:1.37", "command": ["sleep", "1000"]} for number in range(5)}
    project.write({"web": page("new", port), **more}, networks={"default": subnet})
    result = project.apply(code=65)
    assert read(project, result.err) == snapshot
    must_still_answer(project, port, before)
