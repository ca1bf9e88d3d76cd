"""A small engine in memory: it keeps what it is told, shows it as an inspect does, and refuses what an engine refuses.

It is itself checked against a real one (`test_real_engine`). Where engines differ it is the stricter one.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from deployer.errors import Diagnostic
from deployer.fields.mounts import is_anonymous
from deployer.fields.namespaces import all_joined
from deployer.fields.references import with_tag
from deployer.plan.draft import meet
from deployer.resources.inspected import host_ports
from deployer.resources.wire import EngineRefused, Json, Progress
from tests.model.clock import Clock
from tests.model.programs import Program, program_of
from tests.model.reader import ModelReader

OWN_NETWORKS = ("bridge", "host", "none")
NEVER = "0001-01-01T00:00:00Z"
WORKS = 0.3
"""Seconds after which a program that ends has ended, and a health check has been made."""

Observer = Callable[[str, str], None]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def refuse(why: str, status: int) -> EngineRefused:
    return EngineRefused(Diagnostic("engine-refused", why), status)


class ModelEngine(ModelReader):
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

    # Containers

    def create_container(self, name: str, body: Json) -> str:
        with_name = f"/{name}"
        with self._request("create", name):
            if any(each["Name"] == with_name for each in self.all.values()):
                raise refuse(f'Conflict. The container name "{with_name}" is already in use', 409)
            image = self.local.get(with_tag(body["Image"])) or next(
                (each for each in self.local.values() if each["Id"] == body["Image"]), None
            )
            if image is None:
                raise refuse(f"No such image: {body['Image']}", 404)
            made = self._made(name, json.loads(json.dumps(body)), image)
            self.all[made["Id"]] = made
            return made["Id"]

    def _made(self, name: str, body: dict[str, Any], image: Json) -> dict[str, Any]:
        id = digest(f"container {next(self._numbers)}")
        host: dict[str, Any] = body.pop("HostConfig", {})
        endpoints: dict[str, Any] = body.pop("NetworkingConfig", {}).get("EndpointsConfig", {})
        for mode in ("NetworkMode", "IpcMode", "PidMode"):
            kind, _, owner = host.get(mode, "").partition(":")
            if kind == "container" and (there := self.container(owner)):
                host[mode] = f"container:{there['Id']}"
        host.setdefault("NetworkMode", "default")
        host.setdefault("RestartPolicy", {"Name": "no", "MaximumRetryCount": 0})
        config = image["Config"]
        labels = {**(config.get("Labels") or {}), **body.get("Labels", {})}
        made = {
            "Id": id,
            "Name": f"/{name}",
            "Image": image["Id"],
            "Created": self.clock.stamp(),
            "RestartCount": 0,
            "State": {"Status": "created", "Running": False, "Paused": False, "ExitCode": 0, "StartedAt": NEVER},
            "Config": {"Hostname": id[:12], **config, **body, "Labels": labels},
            "HostConfig": host,
            "NetworkSettings": {"Networks": {}},
            "Mounts": [],
        }
        made["NetworkSettings"]["Networks"] = self._first_networks(host["NetworkMode"], endpoints)
        made["Mounts"] = self._mounts(host, {**(config.get("Volumes") or {}), **body.get("Volumes", {})})
        return made

    def _first_networks(self, mode: str, endpoints: Mapping[str, Any]) -> dict[str, Any]:
        if mode.startswith("container:"):
            return {}
        mode = "bridge" if mode == "default" else mode
        return {name: {"NetworkID": "", **settings} for name, settings in (endpoints or {mode: {}}).items()}

    def _mounts(self, host: Json, declared: Iterable[str]) -> list[dict[str, Any]]:
        mounts: dict[str, dict[str, Any]] = {}
        for giver in host.get("VolumesFrom") or ():
            mounts |= {each["Destination"]: each for each in self._container(giver.partition(":")[0])["Mounts"]}
        asked = {each["Target"]: each for each in host.get("Mounts") or ()}
        for target in declared:
            if target not in asked and target not in mounts:
                mounts[target] = self._volume_mount(target, "", {})
        for target, mount in asked.items():
            if mount["Type"] == "volume":
                labels = mount.get("VolumeOptions", {}).get("Labels", {})
                mounts[target] = self._volume_mount(target, mount.get("Source", ""), labels)
        return [mounts[target] for target in sorted(mounts)]

    def _volume_mount(self, target: str, name: str, labels: Json) -> dict[str, Any]:
        own = not name
        name = name or digest(f"volume {next(self._numbers)}")
        if name not in self.vols:
            self._volume({"Name": name, "Labels": labels})
        return {"Type": "volume", "Name": name, "Destination": target, "RW": True, "own": own}

    def start_container(self, container: str) -> None:
        with self._request("start", container):
            self._start(self._container(container))

    def _start(self, found: dict[str, Any]) -> None:
        state = found["State"]
        if state["Paused"]:
            raise refuse("cannot start a paused container, try unpause instead", 409)
        if state["Running"]:
            return
        try:
            ids = self._may_start(found)
        except EngineRefused:
            state["ExitCode"] = 128
            raise
        for name, id in ids.items():
            found["NetworkSettings"]["Networks"][name]["NetworkID"] = id
        self.clock.sleep(0.001)
        state.update(Status="running", Running=True, ExitCode=0, StartedAt=self.clock.stamp(), since=self.clock.seconds)
        if _has_check(found):
            state["Health"] = {"Status": "starting", "Log": []}

    def _may_start(self, found: Json) -> dict[str, str]:
        """The ids of the networks that it will be in."""
        for id in sorted(all_joined(found)):
            if not self._container(id)["State"]["Running"]:
                raise refuse("cannot join network of a non running container", 409)
        networks = found["NetworkSettings"]["Networks"]
        mode = found["HostConfig"]["NetworkMode"]
        own = mode in ("default", *OWN_NETWORKS) or mode.startswith("container:")
        if not own and networks and mode not in networks:
            raise refuse(f"conflicting options: the network {mode} of its mode was left", 409)
        ids = {name: self._network_of(name, settings)["Id"] for name, settings in networks.items()}
        self._addresses_free(found, ids)
        wanted = host_ports(found)
        for other in (each for each in self.all.values() if each["State"]["Running"] and each is not found):
            if meet(wanted, host_ports(other)):
                raise refuse("driver failed programming external connectivity: port is already allocated", 500)
        return ids

    def _network_of(self, name: str, settings: Json) -> dict[str, Any]:
        """A container keeps the id of a network once it was in it."""
        found = self.nets.get(settings["NetworkID"]) if settings["NetworkID"] else self.network(name)
        if found is None:
            raise refuse(f"network {settings['NetworkID'] or name} not found", 404)
        return dict(found)

    def _addresses_free(self, found: Json, ids: Mapping[str, str]) -> None:
        wanted = {(ids[name], at) for name, at in _addresses(found) if name in ids}
        for other in (each for each in self.all.values() if each["State"]["Running"] and each["Id"] != found["Id"]):
            networks = other["NetworkSettings"]["Networks"]
            if wanted & {(networks[name]["NetworkID"], at) for name, at in _addresses(other)}:
                raise refuse("Address already in use", 500)

    def stop_container(self, container: str, timeout: int | None = None) -> None:
        with self._request("stop", container):
            found = self._container(container)
            if found["State"]["Running"]:
                self._end(found, self._program(found).stopped)

    def restart_container(self, container: str) -> None:
        with self._request("restart", container):
            found = self._container(container)
            if found["State"]["Running"]:
                self._end(found, self._program(found).stopped)
            self._start(found)

    def kill_container(self, container: str, signal: str) -> None:
        with self._request("kill", container):
            found = self._container(container)
            if found["State"]["Running"] and signal in ("SIGKILL", "SIGTERM"):
                self._end(found, 137)

    def _end(self, found: dict[str, Any], code: int) -> None:
        found["State"].update(
            Status="exited", Running=False, Paused=False, ExitCode=code, FinishedAt=self.clock.stamp()
        )
        if "Health" in found["State"]:
            found["State"]["Health"]["Status"] = "unhealthy"

    def pause_container(self, container: str) -> None:
        with self._request("pause", container):
            state = self._container(container)["State"]
            if not state["Running"]:
                raise refuse(f"Container {container} is not running", 409)
            state.update(Status="paused", Paused=True)

    def unpause_container(self, container: str) -> None:
        with self._request("unpause", container):
            state = self._container(container)["State"]
            if state["Paused"]:
                state.update(Status="running", Paused=False, since=self.clock.seconds)

    def rename_container(self, container: str, name: str) -> None:
        with self._request("rename", container):
            found = self._container(container)
            if any(each["Name"] == f"/{name}" for each in self.all.values() if each is not found):
                raise refuse(f'Conflict. The container name "/{name}" is already in use', 409)
            found["Name"] = f"/{name}"

    def update_container(self, container: str, body: Json) -> None:
        with self._request("update", container):
            host = self._container(container)["HostConfig"]
            policy = {"MaximumRetryCount": 0, **body.get("RestartPolicy", host["RestartPolicy"])}
            host.update({**json.loads(json.dumps(body)), "RestartPolicy": policy})

    def remove_container(self, container: str, *, volumes: bool = False, force: bool = False) -> None:
        with self._request("remove with volumes" if volumes else "remove", container):
            found = self.container(container)
            if found is None:
                return
            if found["State"]["Running"] and not force:
                raise refuse("You cannot remove a running container", 409)
            del self.all[found["Id"]]
            for mount in found["Mounts"] if volumes else ():
                if mount["own"] and not self._users(mount["Name"]):
                    self.vols.pop(mount["Name"], None)

    def put_archive(self, container: str, folder: str, archive: bytes | BinaryIO | Iterable[bytes]) -> None:
        with self._request("copy", container):
            assert isinstance(archive, bytes)
            self._container(container).setdefault("copied", {})[folder] = archive

    # Networks and volumes

    def create_network(self, body: Json) -> str:
        with self._request("create network", body["Name"]):
            if any(each["Name"] == body["Name"] for each in self.nets.values()):
                raise refuse(f"network with name {body['Name']} already exists", 409)
            return self._network(body)

    def _network(self, body: Json) -> str:
        id = digest(f"network {next(self._numbers)}")
        ipam = body.get("IPAM") or {"Driver": "default", "Config": [{"Subnet": "172.30.0.0/24"}]}
        shown = {"Driver": "bridge", "Options": {}, "Labels": {}, "Internal": False, "Attachable": False}
        kept = {**shown, "EnableIPv6": False, "Scope": "local", **json.loads(json.dumps(body)), "IPAM": ipam}
        self.nets[id] = {**kept, "Id": id, "Created": self.clock.stamp()}
        return id

    def remove_network(self, name_or_id: str) -> None:
        with self._request("remove network", name_or_id):
            found = self.network(name_or_id)
            if found is None:
                return
            for each in self.all.values():
                joined = each["NetworkSettings"]["Networks"].values()
                if each["State"]["Running"] and any(settings["NetworkID"] == found["Id"] for settings in joined):
                    raise refuse(f"network {found['Name']} has active endpoints", 403)
            del self.nets[found["Id"]]

    def connect(self, network: str, container: str, endpoint: Json) -> None:
        with self._request("connect", container):
            found, there = self._container(container), self.network(network)
            networks, runs = found["NetworkSettings"]["Networks"], found["State"]["Running"]
            if runs and (found["HostConfig"]["NetworkMode"].startswith("container:") or "host" in networks):
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
                self._addresses_free({**found, **joined}, {name: id})
            networks[name] = settings

    def disconnect(self, network: str, container: str) -> None:
        with self._request("disconnect", container):
            for each in self.all.values():
                if container in (each["Id"], each["Name"][1:]):
                    there = self.network(network)
                    each["NetworkSettings"]["Networks"].pop(there["Name"] if there else network, None)

    def create_volume(self, body: Json) -> Json:
        with self._request("create volume", body["Name"]):
            if body["Name"] not in self.vols:
                self._volume(body)
            return self.vols[body["Name"]]

    def _volume(self, body: Json) -> None:
        shown = {"Driver": "local", "Options": {}, "Labels": {}, "Scope": "local"}
        self.vols[body["Name"]] = {**shown, **json.loads(json.dumps(body)), "CreatedAt": self.clock.stamp()}

    def remove_volume(self, name: str) -> None:
        with self._request("remove volume", name):
            if self._users(name):
                raise refuse(f"remove {name}: volume is in use", 409)
            self.vols.pop(name, None)

    def _users(self, volume: str) -> list[str]:
        return [each["Id"] for each in self.all.values() if any(m["Name"] == volume for m in each["Mounts"])]

    # Images

    def pull(self, reference: str, progress: Callable[[Progress], None]) -> None:
        with self._request("pull", reference):
            if reference not in self.registry:
                raise refuse(f"manifest for {reference} not found", 404)
            self.local[reference] = self.registry[reference]

    def build(self, context: BinaryIO, options: Json, progress: Callable[[Progress], None]) -> str:
        """The context says which image becomes of it."""
        with self._request("build", options["t"]):
            made = image(context.read().decode(), options["t"])
            self.local[options["t"]] = made
            return made["Id"]

    def tag(self, image: str, repository: str, tag: str) -> None:
        with self._request("tag", f"{repository}:{tag}"):
            self.local[f"{repository}:{tag}"] = self.local[with_tag(image)]

    def remove_image(self, reference: str) -> None:
        with self._request("remove image", reference):
            there = self.local.get(with_tag(reference))
            last = there and sum(each["Id"] == there["Id"] for each in self.local.values()) == 1
            if there and last and any(each["Image"] == there["Id"] for each in self.all.values()):
                raise refuse("image is being used by a container", 409)
            self.local.pop(with_tag(reference), None)

    # What happens by itself

    def settle(self) -> None:
        """What has become of the programs by now."""
        for each in self.all.values():
            state, program = each["State"], self._program(each)
            if state["Status"] != "running" or self.clock.seconds < state["since"] + WORKS:
                continue
            if program.ends is not None:
                self._end(each, program.ends)
                if each["HostConfig"]["RestartPolicy"]["Name"] in ("always", "unless-stopped"):
                    each["RestartCount"] += 1
                    state.update(Status="restarting", Running=True)
            elif "Health" in state:
                state["Health"] = {"Status": "healthy" if program.well else "unhealthy", "Log": []}

    def _program(self, found: Json) -> Program:
        return program_of(found["Config"].get("Cmd"))

    def _container(self, name_or_id: str) -> dict[str, Any]:
        found = next((each for each in self.all.values() if name_or_id in (each["Id"], each["Name"][1:])), None)
        if found is None:
            raise refuse(f"No such container: {name_or_id}", 404)
        return found

    def _request(self, what: str, about: str) -> _Request:
        return _Request(self, what, about)


class _Request:
    """One that writes: it takes a moment, and who watches is told of it before and after."""

    def __init__(self, engine: ModelEngine, what: str, about: str) -> None:
        self.engine, self.what, self.about = engine, what, about

    def __enter__(self) -> None:
        self.engine.clock.sleep(0.001)
        self.engine.settle()
        self.engine.before(self.what, self.about)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.engine.after(self.what, self.about)


def image(content: str, reference: str, volumes: Iterable[str] = ()) -> dict[str, Any]:
    """An image as inspect shows it; of the same content it is the same one."""
    id = f"sha256:{digest(content)}"
    config = {"Volumes": {each: {} for each in volumes}} if volumes else {}
    repository = reference.rpartition(":")[0]
    digests = [f"{repository}@{id}"]
    return {"Id": id, "RepoTags": [reference], "RepoDigests": digests, "Config": config, "Created": NEVER}


def _has_check(found: Json) -> bool:
    test = (found["Config"].get("Healthcheck") or {}).get("Test") or ["NONE"]
    return test[0] != "NONE"


def _addresses(found: Json) -> Iterator[tuple[str, str]]:
    for name, settings in found["NetworkSettings"]["Networks"].items():
        if at := (settings.get("IPAMConfig") or {}).get("IPv4Address"):
            yield name, at


def anonymous_volumes(engine: ModelEngine) -> set[str]:
    """Those that the engine gave a name."""
    return {name for name in engine.vols if is_anonymous(name)}
