"""What others do on the engine while deployer is at work there, to what, and between which calls."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain, cycle, islice, zip_longest
from typing import Any

from docker.errors import NotFound

from deployer.fields.container_names import SUCCESSOR
from tests.crash.own_engine import OwnEngine
from tests.crash.scenarios import (
    BYSTANDER,
    DIES,
    NETWORKS,
    NEVER_HEALTHY,
    PORTS,
    Fact,
    Run,
    Scenario,
    contents,
)
from tests.e2e.project import BASE, Project, sleeper

Back = Callable[[], None]
"""Takes away what stands in the way of the next apply."""


class Meddling(StrEnum):
    """What somebody else does between two calls. The container is the one under its name, the successor the one that is
    to take its place.
    """

    REMOVES_CONTAINER = "removes the container"
    REMOVES_SUCCESSOR = "removes the successor"
    RENAMES_CONTAINER = "renames the container"
    RENAMES_SUCCESSOR = "renames the successor"
    STOPS_CONTAINER = "stops the container"
    STOPS_SUCCESSOR = "stops the successor"
    UPDATES_CONTAINER = "updates the container"
    UPDATES_SUCCESSOR = "updates the successor"
    REMOVES_NETWORK = "removes the network"
    REMOVES_IMAGE = "removes the image"
    TAKES_NAME = "takes the name"
    PUBLISHES_PORT = "takes the port, a container"
    LISTENS = "takes the port, a program"
    RESTARTS_ENGINE = "restarts the engine"
    FILLS_DISK = "fills the disk"

    @property
    def takes_an_engine(self) -> bool:
        """Whether it is done to the engine itself, which must be one of our own then."""
        return self in (Meddling.RESTARTS_ENGINE, Meddling.FILLS_DISK)

    @property
    def removes_a_container(self) -> bool:
        return self in (Meddling.REMOVES_CONTAINER, Meddling.REMOVES_SUCCESSOR)


@dataclass(frozen=True, slots=True)
class Meddled:
    """A place in a scenario, after the request of that number, and what is done there."""

    operation: str
    number: int
    kind: Meddling

    def __str__(self) -> str:
        return f"{self.operation}, somebody {self.kind} after request {self.number}"


def found(kind: Meddling, project: Project) -> str:
    """What it would be done to now; "" where there is no such thing, or it cannot be done."""
    name = project.container_name("web")
    match kind:
        case Meddling.REMOVES_NETWORK:
            return next((each["Id"] for each in project.engine.networks(names=[f"{project.name}_front"])), "")
        case Meddling.REMOVES_IMAGE:
            return _newest_image(project)
        case Meddling.TAKES_NAME:
            return next((each for each in (name, name + SUCCESSOR) if not _id(project, each)), "")
        case Meddling.PUBLISHES_PORT | Meddling.LISTENS:
            return str(project.ports[0]) if _is_free(project.ports[0]) else ""
        case Meddling.RESTARTS_ENGINE | Meddling.FILLS_DISK:
            return "the engine"
        case _:
            return _id(project, name + SUCCESSOR if kind.endswith("the successor") else name)


def meddle(kind: Meddling, target: str, project: Project, own: OwnEngine | None) -> Back:
    """Do it."""
    engine = project.engine
    match kind:
        case Meddling.REMOVES_CONTAINER | Meddling.REMOVES_SUCCESSOR:
            engine.remove_container(target, force=True)
        case Meddling.RENAMES_CONTAINER | Meddling.RENAMES_SUCCESSOR:
            engine.rename(target, f"{project.name}-put-aside")
        case Meddling.STOPS_CONTAINER | Meddling.STOPS_SUCCESSOR:
            engine.stop(target, timeout=0)
        case Meddling.UPDATES_CONTAINER | Meddling.UPDATES_SUCCESSOR:
            engine.update_container(target, mem_limit="48m", memswap_limit="96m", restart_policy={"Name": "no"})
        case Meddling.REMOVES_NETWORK:
            for each in engine.inspect_network(target)["Containers"]:
                engine.disconnect_container_from_network(each, target, force=True)
            engine.remove_network(target)
        case Meddling.REMOVES_IMAGE:
            engine.remove_image(target, force=True)
        case Meddling.TAKES_NAME:
            return _stranger(project, name=target)
        case Meddling.PUBLISHES_PORT:
            bound = engine.create_host_config(port_bindings={80: ("127.0.0.1", int(target))})
            return _stranger(project, name=f"{project.name}-stranger", ports=[80], host_config=bound)
        case Meddling.LISTENS:
            return socket.create_server(("127.0.0.1", int(target))).close
        case Meddling.RESTARTS_ENGINE:
            assert own
            own.stop()
            own.start()
        case Meddling.FILLS_DISK:
            assert own
            return own.fill()
    return lambda: None


def names(kind: Meddling, target: str, project: Project) -> Sequence[str]:
    """What a message about it must name, one of these."""
    match kind:
        case Meddling.REMOVES_NETWORK:
            return (f"{project.name}_front",)
        case Meddling.REMOVES_IMAGE:
            return ("image",)
        case Meddling.PUBLISHES_PORT | Meddling.LISTENS:
            return (target,)
        case Meddling.RESTARTS_ENGINE:
            return ("engine", project.container_name("web"), "web")
        case Meddling.FILLS_DISK:
            return ("no space left on device",)
        case _:
            return (project.container_name("web"), "web")


def _stranger(project: Project, **options: Any) -> Back:
    made = project.engine.create_container(BASE, ["sleep", "1000"], **options)["Id"]
    project.engine.start(made)
    return lambda: project.engine.remove_container(made, force=True)


def _id(project: Project, name: str) -> str:
    try:
        return project.engine.inspect_container(name)["Id"]
    except NotFound:
        return ""


def _newest_image(project: Project) -> str:
    """That of the stack's build, unless a container runs it: the engine keeps it then."""
    built = project.engine.images(filters={"label": f"crash-test={project.name}"})
    made = [image for image in built if any(tag.startswith(project.name) for tag in image["RepoTags"] or ())]
    newest = max(made, key=lambda image: image["Created"], default=None)
    running = {each["ImageID"] for each in project.engine.containers()}
    return newest["Id"] if newest and newest["Id"] not in running else ""


def _is_free(port: int) -> bool:
    with suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


def _run(*words: str, code: int = 0, made: str = "once", labels: Mapping[str, str] | None = None, **fields: Any) -> Run:
    """A service with all that others can take away from it, one beside it in the same network, and one apart."""
    web = sleeper(image="tools", restart="always", ports=[f"127.0.0.1:{PORTS[0]}:80"], networks=["front", "back"])
    web |= {"volumes": ["data:/data", "/keep"], "secrets": ["password"], "configs": ["site"]} | fields
    sections = {
        "builds": {"tools": {"context": "./web", "args": {"MADE": made}}},
        "networks": NETWORKS | {"front": {"labels": labels} if labels else {}},
        "volumes": {"data": {}},
        **contents(made),
    }
    return Run({"web": web, "bystander": BYSTANDER}, sections, words or ("apply",), code)


_STANDS = _run()
_NEW = _run(made="anew")
_UPDATED = _run(mem_limit="64m", restart="on-failure:3", networks=["front"])
_RELABELLED = _run(labels={"tier": "front"})
_IN_VOLUME = _run(volumes=["data:/data"])  # a destroy leaves those without a name behind
_KEPT = (Fact("web", "/data/rows", "1, 2, 3\n"), Fact("web", "/keep/rows", "4, 5, 6\n"))


def _scenario(operation: str, run: Run, after: Run, before: Run = _STANDS) -> Scenario:
    return Scenario(operation, run, (after,), before=before, facts=_KEPT, untouched=("bystander",), builds_again=True)


MEDDLED: Mapping[str, Scenario] = {
    scenario.operation: scenario
    for scenario in (
        replace(_scenario("fresh apply", _STANDS, _STANDS, before=Run({"bystander": BYSTANDER}, {})), facts=()),
        _scenario("replacement", _NEW, _NEW),
        _scenario("put back (exits)", _run(code=1, command=DIES), _STANDS),
        _scenario("put back (unhealthy)", _run(code=1, healthcheck=NEVER_HEALTHY), _STANDS),
        _scenario("network made anew", _RELABELLED, _RELABELLED),
        _scenario("update in place", _UPDATED, _UPDATED),
        replace(
            _scenario("destroy, apply again", replace(_IN_VOLUME, command=("destroy",)), _IN_VOLUME, _IN_VOLUME),
            facts=_KEPT[:1],
            untouched=(),
        ),
    )
}

Places = Mapping[Meddling, Sequence[int]]
"""After which requests of an operation each can be done."""


def tries(places: Mapping[str, Places], kinds: Sequence[Meddling], each: int, seed: int) -> list[Meddled]:
    """So many of each kind, the same for the same seed: spread over the operations, and at places that differ as long
    as there are any.
    """
    chance = random.Random(seed)
    chosen: list[list[Meddled]] = []
    for kind in kinds:
        by_operation = [
            [Meddled(operation, each, kind) for each in at.get(kind, ())] for operation, at in places.items()
        ]
        for there in by_operation:
            chance.shuffle(there)
        in_turn = [each for row in zip_longest(*by_operation) for each in row if each]
        chosen.append(list(islice(cycle(in_turn), each)))
    return list(chain.from_iterable(chosen))
