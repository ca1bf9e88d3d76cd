"""A small engine in memory: it keeps what it is told, shows it as an inspect does, and refuses what an engine refuses.

It is itself checked against a real one (`test_real_engine`). Where engines differ it is the stricter one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

from deployer.fields.namespaces import all_joined
from deployer.fields.references import with_tag
from deployer.plan.draft import meet
from deployer.resources.inspected import host_ports
from deployer.resources.wire import EngineRefused, Json
from tests.model.programs import Program, program_of
from tests.model.things import NEVER, OWN_NETWORKS, ModelThings, refuse

WORKS = 0.3
"""Seconds after which a program that ends has ended, and a health check has been made."""


class ModelEngine(ModelThings):
    """An engine with its containers."""

    def create_container(self, name: str, body: Json) -> str:
        with_name = f"/{name}"
        with self.request("create", name):
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
        id = self.new_id("container")
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
            mounts |= {each["Destination"]: each for each in self.container_named(giver.partition(":")[0])["Mounts"]}
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
        name = name or self.new_id("volume")
        if name not in self.vols:
            self.make_volume({"Name": name, "Labels": labels})
        return {"Type": "volume", "Name": name, "Destination": target, "RW": True, "own": own}

    def start_container(self, container: str) -> None:
        with self.request("start", container):
            self._start(self.container_named(container))

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
            if not self.container_named(id)["State"]["Running"]:
                raise refuse("cannot join network of a non running container", 409)
        networks = found["NetworkSettings"]["Networks"]
        mode = found["HostConfig"]["NetworkMode"]
        own = mode in ("default", *OWN_NETWORKS) or mode.startswith("container:")
        if not own and networks and mode not in networks:
            raise refuse(f"conflicting options: the network {mode} of its mode was left", 409)
        ids = {name: self._network_of(name, settings)["Id"] for name, settings in networks.items()}
        self.addresses_free(found, ids)
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

    def stop_container(self, container: str, timeout: int | None = None) -> None:
        with self.request("stop", container):
            found = self.container_named(container)
            if found["State"]["Running"]:
                self._end(found, self._program(found).stopped)

    def restart_container(self, container: str) -> None:
        with self.request("restart", container):
            found = self.container_named(container)
            if found["State"]["Running"]:
                self._end(found, self._program(found).stopped)
            self._start(found)

    def kill_container(self, container: str, signal: str) -> None:
        with self.request("kill", container):
            found = self.container_named(container)
            if found["State"]["Running"] and signal in ("SIGKILL", "SIGTERM"):
                self._end(found, 137)

    def _end(self, found: dict[str, Any], code: int) -> None:
        found["State"].update(
            Status="exited", Running=False, Paused=False, ExitCode=code, FinishedAt=self.clock.stamp()
        )
        if "Health" in found["State"]:
            found["State"]["Health"]["Status"] = "unhealthy"

    def pause_container(self, container: str) -> None:
        with self.request("pause", container):
            state = self.container_named(container)["State"]
            if not state["Running"]:
                raise refuse(f"Container {container} is not running", 409)
            state.update(Status="paused", Paused=True)

    def unpause_container(self, container: str) -> None:
        with self.request("unpause", container):
            state = self.container_named(container)["State"]
            if state["Paused"]:
                state.update(Status="running", Paused=False, since=self.clock.seconds)

    def rename_container(self, container: str, name: str) -> None:
        with self.request("rename", container):
            found = self.container_named(container)
            if any(each["Name"] == f"/{name}" for each in self.all.values() if each is not found):
                raise refuse(f'Conflict. The container name "/{name}" is already in use', 409)
            found["Name"] = f"/{name}"

    def update_container(self, container: str, body: Json) -> None:
        with self.request("update", container):
            host = self.container_named(container)["HostConfig"]
            policy = {"MaximumRetryCount": 0, **body.get("RestartPolicy", host["RestartPolicy"])}
            host.update({**json.loads(json.dumps(body)), "RestartPolicy": policy})

    def remove_container(self, container: str, *, volumes: bool = False, force: bool = False) -> None:
        with self.request("remove with volumes" if volumes else "remove", container):
            found = self.container(container)
            if found is None:
                return
            if found["State"]["Running"] and not force:
                raise refuse("You cannot remove a running container", 409)
            del self.all[found["Id"]]
            for mount in found["Mounts"] if volumes else ():
                if mount["own"] and not self.users(mount["Name"]):
                    self.vols.pop(mount["Name"], None)

    def put_archive(self, container: str, folder: str, archive: bytes | BinaryIO | Iterable[bytes]) -> None:
        with self.request("copy", container):
            assert isinstance(archive, bytes)
            self.container_named(container).setdefault("copied", {})[folder] = archive

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


def _has_check(found: Json) -> bool:
    test = (found["Config"].get("Healthcheck") or {}).get("Test") or ["NONE"]
    return test[0] != "NONE"
