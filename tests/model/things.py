"""Networks, volumes and images of the model, and how it takes a request."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from deployer.errors import Diagnostic
from deployer.fields.mounts import is_anonymous
from deployer.fields.references import with_tag
from deployer.resources.wire import EngineRefused, Json, Progress
from tests.model.clock import Clock
from tests.model.reader import ModelReader

OWN_NETWORKS = ("bridge", "host", "none")
NEVER = "0001-01-01T00:00:00Z"

Observer = Callable[[str, str], None]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def refuse(why: str, status: int) -> EngineRefused:
    return EngineRefused(Diagnostic("engine-refused", why), status)


class ModelThings(ModelReader):
    """`before` and `after` are told of each request that writes, with what it is about: they may raise.

    `registry` are the images that can be pulled, `images` those that are there, by reference.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.all: dict[str, dict[str, Any]] = {}
        self.nets: dict[str, dict[str, Any]] = {}
        self.vols: dict[str, dict[str, Any]] = {}
        self.registry: dict[str, dict[str, Any]] = {}
        self.local: dict[str, dict[str, Any]] = {}
        self.before: Observer = lambda *_: None
        self.after: Observer = lambda *_: None
        self._numbers = itertools.count(1)
        for name in OWN_NETWORKS:
            self._network({"Name": name})

    def create_network(self, body: Json) -> str:
        with self.request("create network", body["Name"]):
            if any(each["Name"] == body["Name"] for each in self.nets.values()):
                raise refuse(f"network with name {body['Name']} already exists", 409)
            return self._network(body)

    def _network(self, body: Json) -> str:
        id = self.new_id("network")
        asked = body.get("IPAM") or {"Driver": "default"}
        ipam = {**asked, "Config": asked.get("Config") or [{"Subnet": "172.30.0.0/24"}]}
        shown = {"Driver": "bridge", "Options": {}, "Labels": {}, "Internal": False, "Attachable": False}
        kept = {**shown, "EnableIPv6": False, "Scope": "local", **json.loads(json.dumps(body)), "IPAM": ipam}
        self.nets[id] = {**kept, "Id": id, "Created": self.clock.stamp()}
        return id

    def remove_network(self, name_or_id: str) -> None:
        with self.request("remove network", name_or_id):
            found = self.network(name_or_id)
            if found is None:
                return
            for each in self.all.values():
                joined = each["NetworkSettings"]["Networks"].values()
                if each["State"]["Running"] and any(settings["NetworkID"] == found["Id"] for settings in joined):
                    raise refuse(f"network {found['Name']} has active endpoints", 403)
            del self.nets[found["Id"]]

    def connect(self, network: str, container: str, endpoint: Json) -> None:
        with self.request("connect", container):
            found, there = self.container_named(container), self.network(network)
            networks, runs = found["NetworkSettings"]["Networks"], found["State"]["Running"]
            owner = found["HostConfig"]["NetworkMode"].partition("container:")[2]
            if owner and self.container(owner) is None:
                raise refuse(f"No such container: {owner}", 500)  # a real one hangs up
            if runs and (owner or "host" in networks):
                raise refuse("container sharing network namespace with another cannot be connected", 403)
            if "none" in networks and there:
                raise refuse("container cannot be connected to multiple networks with one of them none", 403)
            if there is None and runs:
                raise refuse(f"network {network} not found", 404)
            name, id = (there["Name"], there["Id"]) if there else (network, "")
            if runs and name in networks:
                raise refuse(f"endpoint with name {container} already exists in network {network}", 403)
            if there and name in networks:
                return  # nothing of it becomes otherwise
            settings = {"NetworkID": id, **json.loads(json.dumps(endpoint))}
            if runs:
                joined = {"NetworkSettings": {"Networks": {name: settings}}}
                self.addresses_free({**found, **joined}, {name: id})
            networks[name] = settings

    def disconnect(self, network: str, container: str) -> None:
        with self.request("disconnect", container):
            for each in self.all.values():
                if container in (each["Id"], each["Name"][1:]):
                    there = self.network(network)
                    each["NetworkSettings"]["Networks"].pop(there["Name"] if there else network, None)

    def create_volume(self, body: Json) -> Json:
        with self.request("create volume", body["Name"]):
            if body["Name"] not in self.vols:
                self.make_volume(body)
            return self.vols[body["Name"]]

    def make_volume(self, body: Json) -> None:
        shown = {"Driver": "local", "Options": {}, "Labels": {}, "Scope": "local"}
        self.vols[body["Name"]] = {**shown, **json.loads(json.dumps(body)), "CreatedAt": self.clock.stamp()}

    def remove_volume(self, name: str) -> None:
        with self.request("remove volume", name):
            if self.users(name):
                raise refuse(f"remove {name}: volume is in use", 409)
            self.vols.pop(name, None)

    def users(self, volume: str) -> list[str]:
        return [each["Id"] for each in self.all.values() if any(m["Name"] == volume for m in each["Mounts"])]

    def pull(self, reference: str, progress: Callable[[Progress], None], platform: str = "") -> None:
        with self.request("pull", reference):
            if reference not in self.registry:
                raise refuse(f"manifest for {reference} not found", 404)
            self.local[reference] = self.registry[reference]

    def build(self, context: BinaryIO, options: Json, progress: Callable[[Progress], None]) -> str:
        """The context says which image becomes of it."""
        with self.request("build", options["t"]):
            made = image(context.read().decode(), options["t"])
            self.local[options["t"]] = made
            return made["Id"]

    def tag(self, image: str, repository: str, tag: str) -> None:
        with self.request("tag", f"{repository}:{tag}"):
            self.local[f"{repository}:{tag}"] = self.local[with_tag(image)]

    def remove_image(self, reference: str) -> None:
        with self.request("remove image", reference):
            there = self.local.get(with_tag(reference))
            last = there and sum(each["Id"] == there["Id"] for each in self.local.values()) == 1
            if there and last and any(each["Image"] == there["Id"] for each in self.all.values()):
                raise refuse("image is being used by a container", 409)
            self.local.pop(with_tag(reference), None)

    def addresses_free(self, found: Json, ids: Mapping[str, str]) -> None:
        wanted = {(ids[name], at) for name, at in _addresses(found) if name in ids}
        for other in (each for each in self.all.values() if each["State"]["Running"] and each["Id"] != found["Id"]):
            networks = other["NetworkSettings"]["Networks"]
            if wanted & {(networks[name]["NetworkID"], at) for name, at in _addresses(other)}:
                raise refuse("Address already in use", 500)

    def container_named(self, name_or_id: str) -> dict[str, Any]:
        found = next((each for each in self.all.values() if name_or_id in (each["Id"], each["Name"][1:])), None)
        if found is None:
            raise refuse(f"No such container: {name_or_id}", 404)
        return found

    @contextmanager
    def request(self, what: str, about: str) -> Iterator[None]:
        """One that writes: it takes a moment, and who watches is told of it before and after."""
        self.clock.sleep(0.001)
        self.settle()
        self.before(what, about)
        yield
        self.after(what, about)

    def new_id(self, kind: str) -> str:
        return digest(f"{kind} {next(self._numbers)}")


def image(content: str, reference: str, volumes: Iterable[str] = ()) -> dict[str, Any]:
    """An image as inspect shows it; of the same content it is the same one."""
    id = f"sha256:{digest(content)}"
    config = {"Volumes": {each: {} for each in volumes}} if volumes else {}
    repository = reference.rpartition(":")[0]
    digests = [f"{repository}@{id}"]
    return {"Id": id, "RepoTags": [reference], "RepoDigests": digests, "Config": config, "Created": NEVER}


def _addresses(found: Json) -> Iterator[tuple[str, str]]:
    for name, settings in found["NetworkSettings"]["Networks"].items():
        if at := (settings.get("IPAMConfig") or {}).get("IPv4Address"):
            yield name, at


def anonymous_volumes(engine: ModelThings) -> set[str]:
    """Those that the engine gave a name."""
    return {name for name in engine.vols if is_anonymous(name)}
