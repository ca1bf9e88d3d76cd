"""The model is checked against a real engine: the same requests in the same order, refused or not, and what is there
then.

`python -m pytest tests/model/test_real_engine.py --sequences 500` tries as many.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from deployer.errors import DeployerError
from deployer.fields.mounts import is_anonymous
from deployer.reconcile.protocol import Engine
from deployer.wiring import Choices, connect
from tests.model.clock import Clock
from tests.model.engine import ModelEngine
from tests.model.things import image

pytestmark = pytest.mark.engine

BASE = "busybox:1.37"
LONG = 9
"""Requests in a sequence."""

Request = tuple[str, tuple[Any, ...], dict[str, Any]]


@pytest.fixture(scope="module")
def real() -> Iterator[Engine]:
    if not os.environ.get("DOCKER_HOST"):
        pytest.fail("DOCKER_HOST is not set: `scripts/engine start` starts an engine and says what to export")
    connected = connect(Choices())
    yield connected
    connected.close()  # pyright: ignore[reportAttributeAccessIssue]


def test_the_model_does_what_a_real_engine_does(real: Engine, request: pytest.FixtureRequest) -> None:
    """Some dozens of random sequences, four at a time."""
    first, many = request.config.getoption("--random-seed"), request.config.getoption("--sequences")
    with ThreadPoolExecutor(4) as pool:
        wrong = [each for each in pool.map(lambda seed: _differs(real, seed), range(first, first + many)) if each]
    assert not wrong, "\n\n".join(wrong)


def _differs(real: Engine, seed: int) -> str:
    prefix, chance = f"model-{os.getpid()}-{seed}", random.Random(seed)
    model = ModelEngine(Clock())
    model.local[BASE] = image(BASE, BASE)
    told: list[str] = []
    try:
        for name, arguments, options in _requests(prefix, chance):
            answers = [_made(engine, name, arguments, options) for engine in (model, real)]
            told.append(f"{name} {arguments[:2]} {options or ''}: {' / '.join(answers)}".replace(f"{prefix}-", ""))
            if (answers[0] == "done") != (answers[1] == "done"):
                return f"{seed}: one refuses, the other does not\n" + "\n".join(told)
            shown = [_shown(engine, prefix) for engine in (model, real)]
            if shown[0] != shown[1]:
                differing = (f"{key}: {shown[0].get(key)} / {shown[1].get(key)}" for key in shown[0] | shown[1])
                return f"{seed}: they differ\n" + "\n".join([*told, *differing]).replace(f"{prefix}-", "")
    finally:
        _remove_everything(real, prefix)
    return ""


def _made(engine: Any, name: str, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> str:
    """`done`, or why not."""
    try:
        getattr(engine, name)(*arguments, **options)
    except DeployerError as error:
        return str(error)
    return "done"


def _requests(prefix: str, chance: random.Random) -> Iterator[Request]:
    """Those that a plan's steps make, on two containers, two networks and a volume."""
    port = 20000 + random.Random(prefix).randrange(12000)
    names, networks, volume = [f"{prefix}-{each}" for each in "xyz"], [f"{prefix}-n", f"{prefix}-m"], f"{prefix}-v"

    def body(who: str) -> dict[str, Any]:
        others = [f"container:{names[0]}"] if who != names[0] else []  # an engine fails where it is in its own
        mode = chance.choice([*networks, networks[0], "none", *others])
        host: dict[str, Any] = {"NetworkMode": mode, "Init": True}
        mounts = [{"Type": "volume", "Target": "/v", "Source": volume}] if chance.random() < 0.3 else []
        mounts += [{"Type": "volume", "Target": "/nameless"}] if chance.random() < 0.5 else []
        host |= {"Mounts": mounts} if mounts else {}
        if mode in networks and chance.random() < 0.5:
            host["PortBindings"] = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}
        endpoint = {"NetworkingConfig": {"EndpointsConfig": {mode: {"Aliases": ["web"]}}}} if mode in networks else {}
        program: dict[str, Any] = {"Cmd": ["sleep", "1000"], "StopSignal": "SIGKILL"}
        program |= {"ExposedPorts": {"80/tcp": {}}} if "PortBindings" in host else {}
        return {"Image": BASE, **program, "HostConfig": host, **endpoint}

    def one() -> Request:
        who, net = chance.choice(names[:2]), chance.choice(networks)
        return chance.choice(
            [
                ("create_container", (who, body(who)), {}),
                ("start_container", (who,), {}),
                ("start_container", (who,), {}),
                ("stop_container", (who,), {}),
                ("restart_container", (who,), {}),
                ("kill_container", (who, "SIGKILL"), {}),
                ("pause_container", (who,), {}),
                ("unpause_container", (who,), {}),
                ("rename_container", (who, chance.choice(names)), {}),
                ("update_container", (who, {"RestartPolicy": {"Name": "unless-stopped"}}), {}),
                ("remove_container", (who,), {"volumes": chance.random() < 0.5}),
                ("connect", (net, who, {"Aliases": ["api"]}), {}),
                ("disconnect", (net, who), {}),
                ("create_network", ({"Name": net, "Labels": {"a": "b"}},), {}),
                ("remove_network", (net,), {}),
                ("create_volume", ({"Name": volume, "Labels": {"a": "b"}},), {}),
                ("remove_volume", (volume,), {}),
            ]
        )

    yield "create_network", ({"Name": networks[0], "Labels": {}},), {}
    for name in names[:2]:
        yield "create_container", (name, body(name)), {}
    for _ in range(LONG):
        yield one()


def _shown(engine: Any, prefix: str) -> dict[str, Any]:
    """What a plan reads of it, in words that are the same on both."""
    ids = {each["Id"]: each["Name"] for each in engine.networks()}
    volumes = [each["Name"] for each in engine.volumes(prefix)]
    listed = [each for each in engine.containers() if each["Names"][0][1:].startswith(prefix)]
    shown: dict[str, Any] = {"networks": sorted(name for name in ids.values() if name.startswith(prefix))}
    shown["volumes"] = sorted(volumes)
    names = {each["Id"]: each["Names"][0] for each in listed}
    for each in listed:
        found = engine.container(each["Id"])
        shown[each["Names"][0]] = _container(found, ids, names, engine) if found else "gone meanwhile"
    return shown


def _container(found: Mapping[str, Any], ids: Mapping[str, str], names: Mapping[str, str], engine: Any) -> Any:
    state, host = found["State"], found["HostConfig"]
    mode = host["NetworkMode"]
    owner = mode.partition(":")[2]
    networks = {
        name: (
            _which(settings["NetworkID"], ids, state["Running"]),
            {"web", "api"} & set(settings.get("Aliases") or ()),
        )
        for name, settings in found["NetworkSettings"]["Networks"].items()
        if name != "none"
    }
    mounts = {
        mount["Destination"]: "nameless" if is_anonymous(mount["Name"]) else mount["Name"]
        for mount in found["Mounts"] or ()
    }
    there = all(engine.volume(mount["Name"]) for mount in found["Mounts"] or ())
    return {
        "state": (state["Status"], state["Running"], state["ExitCode"] == 0, state["StartedAt"] > "0002"),
        "policy": host["RestartPolicy"]["Name"] or "no",
        "mode": f"container:{names.get(owner, 'gone')}" if owner else mode,
        "networks": networks,
        "mounts": (mounts, there),
    }


def _which(id: str, ids: Mapping[str, str], running: bool) -> str:
    """The engine shows the id of a network from the start on, and some show it before."""
    return ids.get(id, "gone") if running or (id and id not in ids) else "as it is called"


def _remove_everything(real: Engine, prefix: str) -> None:
    for wait in (0.5, 1, 2, 4, 0):
        try:
            for each in real.containers():
                if each["Names"][0][1:].startswith(prefix):
                    real.remove_container(each["Id"], force=True, volumes=True)
            for each in (*real.networks(), *real.volumes(prefix)):
                if each["Name"].startswith(prefix):
                    (real.remove_network if "Id" in each else real.remove_volume)(each["Name"])
        except DeployerError:
            time.sleep(wait)
        else:
            return
    with suppress(DeployerError):
        real.remove_network(f"{prefix}-n")
