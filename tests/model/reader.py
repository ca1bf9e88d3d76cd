"""What the model shows of itself: the engine's answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
from fnmatch import fnmatch
from typing import Any

from deployer.errors import Diagnostic, OperationFailed
from deployer.fields.references import with_tag
from deployer.resources.inspected import host_ports
from deployer.resources.wire import EngineInfo, Json, LogLine
from tests.model.clock import Clock


class ModelReader:
    """The requests that change nothing, as far as a plan or a wait makes them."""

    clock: Clock
    all: dict[str, dict[str, Any]]
    nets: dict[str, dict[str, Any]]
    vols: dict[str, dict[str, Any]]
    local: dict[str, dict[str, Any]]
    registry: dict[str, dict[str, Any]]

    def settle(self) -> None: ...

    def info(self) -> EngineInfo:
        return EngineInfo("unix:///model", "28.5", "1.51")

    def now(self) -> float:
        return self.clock.since_1970()

    def containers(self) -> Sequence[Json]:
        self.settle()
        return [_listed(each) for each in self.all.values()]

    def container(self, name_or_id: str) -> Json | None:
        self.settle()
        there = (each for each in self.all.values() if name_or_id in (each["Id"], each["Name"][1:]))
        return next(map(deepcopy, there), None)

    def inspected(self, ids: Sequence[str]) -> Sequence[Json]:
        return [found for id in ids if (found := self.container(id))]

    def image(self, reference: str) -> Json | None:
        ids = {each["Id"]: each for each in self.local.values()}
        return self.local.get(with_tag(reference)) or ids.get(reference)

    def images(self, reference: str) -> Sequence[Json]:
        names = (name for name in self.local if fnmatch(name.rpartition(":")[0], reference))
        return [{**self.local[name], "RepoTags": [name]} for name in names]

    def networks(self) -> Sequence[Json]:
        return [dict(each) for each in self.nets.values()]

    def network(self, name_or_id: str) -> Json | None:
        there = (each for each in self.nets.values() if name_or_id in (each["Id"], each["Name"]))
        return next(there, None)

    def volumes(self, name: str = "") -> Sequence[Json]:
        return [each for each in self.vols.values() if name in each["Name"]]

    def volume(self, name: str) -> Json | None:
        return self.vols.get(name)

    def system(self) -> Json:
        return {"SwapLimit": True}

    def registry_digest(self, reference: str) -> str | None:
        found = self.registry.get(reference)
        return found["RepoDigests"][0].partition("@")[2] if found else None

    def takes_as_insecure(self, host: str) -> bool | None:
        return True

    def logs(self, container: str, **_: Any) -> Iterator[LogLine]:
        return iter(())

    def events(self, *, labels: Mapping[str, str], **_: Any) -> AbstractContextManager[Iterator[Json]]:
        """Nothing happens by itself while nobody looks."""
        raise OperationFailed(Diagnostic("no-events", "the model has none"))


def _listed(found: Json) -> Json:
    published = host_ports(found) if found["State"]["Running"] else ()
    ports = [{"IP": ip or "0.0.0.0", "PublicPort": port, "Type": kind} for ip, port, kind in sorted(published)]
    networks = found["NetworkSettings"]["Networks"]
    return {
        "Id": found["Id"],
        "Names": [found["Name"]],
        "ImageID": found["Image"],
        "Labels": found["Config"]["Labels"],
        "State": found["State"]["Status"],
        "Ports": ports,
        "Mounts": found["Mounts"],
        "NetworkSettings": {"Networks": {name: {"NetworkID": each["NetworkID"]} for name, each in networks.items()}},
    }
