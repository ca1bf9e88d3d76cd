"""What people do on an engine themselves, beside deployer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from deployer.fields.container_names import container_name
from deployer.resources.wire import EngineRefused
from tests.model.engine import ModelEngine
from tests.model.stacks import NAMES, Deed
from tests.model.things import OWN_NETWORKS

FOREIGNER = "somebody-elses"


def do(engine: ModelEngine, deed: Deed) -> None:
    """What the engine refuses is not done."""
    with suppress(EngineRefused):
        if deed.what in ("take a name", "take a port", "take a network"):
            _by_somebody_else(engine, deed)
        elif "a network" in deed.what:
            ours = [each["Name"] for each in engine.nets.values() if each["Name"] not in OWN_NETWORKS]
            for name in _the(ours, deed.which):
                engine.remove_network(name)
        elif "a volume" in deed.what:
            for name in _the([each for each in engine.vols if ".deployer." not in each], deed.which):
                engine.remove_volume(name)
        elif "an image" in deed.what:
            for name in _the(list(engine.local), deed.which):
                engine.remove_image(name)
        else:
            for container in _the(list(engine.all.values()), deed.which):
                _to_container(engine, deed, container)


def _the(things: Sequence[Any], which: int) -> Sequence[Any]:
    return [things[which % len(things)]] if things else []


def _to_container(engine: ModelEngine, deed: Deed, container: dict[str, Any]) -> None:
    id, networks = container["Id"], container["NetworkSettings"]["Networks"]
    match deed.what:
        case "stop":
            engine.stop_container(id)
        case "kill":
            engine.kill_container(id, "SIGKILL")
        case "pause":
            engine.pause_container(id)
        case "start":
            engine.start_container(id)
        case "restart":
            engine.restart_container(id)
        case "remove" | "remove with volumes":
            engine.remove_container(id, force=True, volumes="with" in deed.what)
        case "rename":
            engine.rename_container(id, f"renamed-{deed.which}")
        case "set a limit":
            engine.update_container(id, {"Memory": 128 << 20})
        case "set a policy":
            engine.update_container(id, {"RestartPolicy": {"Name": "unless-stopped"}})
        case "leave" if networks:
            engine.disconnect(sorted(networks)[deed.which % len(networks)], id)
        case "join":
            others = [each["Name"] for each in engine.nets.values() if each["Name"].startswith("shop_")]
            for name in _the(sorted(others), deed.which):
                engine.connect(name, id, {"Aliases": []})
        case _:
            pass


def _by_somebody_else(engine: ModelEngine, deed: Deed) -> None:
    body: dict[str, Any] = {"Image": "busybox:1", "Labels": {FOREIGNER: "yes"}}
    name = f"{FOREIGNER}-{deed.which}-{deed.what[-4:]}"
    if deed.what == "take a name":
        name = container_name("shop", NAMES[deed.which % len(NAMES)], 1)
    elif deed.what == "take a port":
        port = str(8001 + deed.which % 2)
        body["HostConfig"] = {"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": port}]}}
    else:
        body["HostConfig"] = {"NetworkMode": f"shop_{('front', 'back')[deed.which % 2]}"}
    engine.start_container(engine.create_container(name, body))


def leave(engine: ModelEngine) -> bool:
    """Somebody else takes away all that is theirs. Whether there was anything."""
    theirs = [id for id, each in engine.all.items() if FOREIGNER in each["Config"]["Labels"]]
    for id in theirs:
        engine.remove_container(id, force=True, volumes=True)
    return bool(theirs)
