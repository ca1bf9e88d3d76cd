"""What is, in the canonical shape: the engine's answers, decoded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from deployer.fields import container, network, volume
from deployer.fields.attachments import entry_of, fixed_addresses
from deployer.fields.copies import COPIES, is_copy
from deployer.fields.field import Context, Field, Json, Value, section
from deployer.fields.mounts import is_anonymous, target_path
from deployer.resources import identity, standing
from deployer.resources.applied import Applied, decode
from deployer.resources.built import BuiltImage
from deployer.resources.records import Records
from deployer.resources.standing import Standing
from deployer.resources.wire import EngineInfo


@dataclass(frozen=True, slots=True)
class ObservedContainer:
    """A container of the stack.

    `status` is the engine's word (running, paused, exited, created, restarting, dead); `health` is "" without a
    check. `values` are the canonical rows, `network_ids` the engine's ids of the networks by key, `anonymous` the
    volumes without a name by target, `copies` the volumes of its secrets, which go with it; `predecessor` how the one
    that it replaces stood; a `one_off` ran a command beside the service. `raw` is the inspect, for what takes a step
    back.
    """

    id: str
    name: str
    service: str
    number: int
    status: str
    exit_code: int
    health: str
    started_at: str
    image_id: str
    image_reference: str
    values: Mapping[str, Value]
    network_ids: Mapping[str, str]
    anonymous: Mapping[str, str]
    applied: Applied | None
    origin: str | None
    replaces: str
    raw: Json
    predecessor: Standing | None = None
    copies: tuple[str, ...] = ()
    one_off: bool = False

    @property
    def address(self) -> str:
        return f"run.{self.name}" if self.one_off else identity.container_address(self.service, self.number)

    @property
    def is_up(self) -> bool:
        return self.status in ("running", "restarting")

    @property
    def is_alive(self) -> bool:
        """Up, or only paused."""
        return self.is_up or self.status == "paused"

    @property
    def has_completed(self) -> bool:
        """Whether it has ended well."""
        return self.status == "exited" and self.exit_code == 0

    @property
    def never_started(self) -> bool:
        """Nothing tells whether what goes before a start was done: its networks, its secrets."""
        return self.status == "created"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A container that is not of the stack: its name, its published ports (host address, host port, protocol), and the
    ids of the networks that it is in. When it was started is known of those whose network a container of the stack is
    in.
    """

    name: str
    ports: frozenset[tuple[str, int, str]]
    networks: frozenset[str] = frozenset()
    id: str = ""
    started_at: str = ""
    image_id: str = ""


@dataclass(frozen=True, slots=True)
class ObservedThing:
    """A network or a volume.

    `key` is the stack's name for it, "" where its labels say none; `ours` whether they name the stack.
    """

    id: str
    name: str
    key: str
    ours: bool
    origin: str | None
    values: Mapping[str, Value]
    applied: Applied | None
    raw: Json


@dataclass(frozen=True, slots=True)
class ObservedImage:
    id: str
    digests: tuple[str, ...]
    config: Json


@dataclass(frozen=True, slots=True)
class RegistryAnswer:
    """What a registry has under a name: `digest` is None where it has nothing, or where `trouble` says why it did not
    tell.
    """

    digest: str | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """All of the engine that a plan looks at.

    `images` are by reference and by id; `registry_digests` by reference, where they were asked for. `left_copies` are
    the volumes of the stack's secrets that no container has; `built` are the images of its builds, where these were
    asked for. `pushed` are the registries' answers by what is to be pushed; none where there is nothing to push, or
    nobody to ask. `not_insecure` names the registries that the stack calls insecure, and the engine does not.
    `one_offs` are no replicas: they are neighbours, which only go with the stack.
    """

    engine: EngineInfo
    containers: Sequence[ObservedContainer]
    neighbours: Mapping[str, Neighbour]
    networks: Mapping[str, ObservedThing]
    volumes: Mapping[str, ObservedThing]
    images: Mapping[str, ObservedImage]
    registry_digests: Mapping[str, str | None]
    records: Records
    twins: Sequence[ObservedThing] = ()
    left_copies: Sequence[str] = ()
    built: Sequence[BuiltImage] = ()
    pushed: Mapping[str, RegistryAnswer] = field(default_factory=lambda: MappingProxyType({}))
    not_insecure: frozenset[str] = frozenset()
    one_offs: Sequence[ObservedContainer] = ()

    def of_service(self, service: str) -> list[ObservedContainer]:
        return sorted((each for each in self.containers if each.service == service), key=lambda each: each.number)


def container_of(inspect: Json, context: Context) -> ObservedContainer:
    """A container from its inspect; `context` tells the stack's names for the networks that it is in."""
    labels: Mapping[str, str] = section(inspect, "Config.Labels")
    state: Mapping[str, Any] = inspect["State"]
    keys = {name: key for key, name in context.networks.items()}
    networks: Mapping[str, Any] = section(inspect, "NetworkSettings.Networks")
    applied = decode(labels.get(identity.APPLIED))
    return ObservedContainer(
        id=inspect["Id"],
        name=inspect["Name"].lstrip("/"),
        service=labels.get(identity.SERVICE, ""),
        number=identity.number_of(labels),
        status=state["Status"],
        exit_code=state.get("ExitCode", 0),
        health=section(state, "Health").get("Status", "").replace("none", ""),
        started_at=state.get("StartedAt", ""),
        image_id=inspect["Image"],
        image_reference=inspect["Config"]["Image"],
        values=_less_the_hosts_name(_rows(container.FIELDS, inspect, context), applied),
        network_ids={keys.get(name, name): settings.get("NetworkID", "") for name, settings in networks.items()},
        anonymous=anonymous_volumes(inspect),
        applied=applied,
        origin=identity.origin_of(labels),
        replaces=labels.get(identity.REPLACES, ""),
        raw=inspect,
        predecessor=standing.decode(labels.get(identity.PREDECESSOR)),
        copies=tuple(_volumes_at(inspect, _copied(inspect)).values()),
        one_off=identity.is_one_off(labels),
    )


def _less_the_hosts_name(values: Mapping[str, Value], applied: Applied | None) -> Mapping[str, Value]:
    """In the host's network a container has the host's name, unless it asked for one."""
    asked = applied is not None and applied.fields.get("hostname")
    return {**values, "hostname": ""} if values["network_mode"] == "host" and not asked else values


def anonymous_volumes(inspect: Json) -> dict[str, str]:
    """The volumes that the engine named, by target: those that the image declares, and those carried over from a
    predecessor. Copies of secrets are nobody's data.
    """
    targets = {target_path(mount["Destination"]) for mount in inspect.get("Mounts") or ()}
    found = _volumes_at(inspect, targets - _copied(inspect))
    return {target: name for target, name in found.items() if is_anonymous(name)}


def taken_over(inspect: Json) -> dict[str, str]:
    """The volumes without a name that it has from a predecessor, by target."""
    try:
        found: Any = json.loads(section(inspect, "Config.Labels").get(identity.ANONYMOUS) or "{}")
        return {str(target): str(name) for target, name in found.items()}
    except (ValueError, AttributeError):
        return {}


def _volumes_at(inspect: Json, targets: Set[str]) -> dict[str, str]:
    mounts = [mount for mount in inspect.get("Mounts") or () if mount.get("Type") == "volume"]
    found = {target_path(mount["Destination"]): mount.get("Name", "") for mount in mounts}
    return {target: name for target, name in found.items() if target in targets}


def _copied(inspect: Json) -> set[str]:
    """Where the volumes of its secrets are mounted."""
    mounts = section(inspect, "HostConfig").get("Mounts") or ()
    return {target_path(mount["Target"]) for mount in mounts if is_copy(mount)}


def copies_without_a_container(volumes: Sequence[Json], containers: Sequence[Json], stack: str) -> tuple[str, ...]:
    """The volumes of the stack's secrets that no container of the engine has, from the lists of all."""
    used = {mount.get("Name") for listed in containers for mount in listed.get("Mounts") or ()}
    ours = (each["Name"] for each in volumes if section(each, "Labels").get(COPIES) == stack)
    return tuple(sorted(name for name in ours if name not in used))


def dependencies_on_label(container: ObservedContainer) -> dict[str, str]:
    """What the service waited for, by the label that Compose and deployer write: `db:service_healthy:false,...`."""
    label = str(section(container.raw, "Config.Labels").get(identity.DEPENDS_ON, ""))
    return {part.split(":")[0]: part.split(":")[1] for part in label.split(",") if part.count(":") >= 1}


def neighbour_of(listed: Json) -> Neighbour:
    """A container that is not of the stack, from the list of all."""
    networks = frozenset(each["NetworkID"] for each in section(listed, "NetworkSettings.Networks").values())
    return Neighbour(
        listed["Names"][0].lstrip("/"), ports_of(listed), networks, listed["Id"], image_id=listed.get("ImageID", "")
    )


def ports_of(listed: Json) -> frozenset[tuple[str, int, str]]:
    return frozenset(
        (port.get("IP", ""), port["PublicPort"], port["Type"])
        for port in listed.get("Ports") or ()
        if port.get("PublicPort")
    )


def network_of(listed: Json, stack: str) -> ObservedThing:
    return _thing(listed["Id"], listed, stack, identity.NETWORK, network.FIELDS)


def networks_of(
    listed: Sequence[Json], stack: str, used: Set[str]
) -> tuple[dict[str, ObservedThing], tuple[ObservedThing, ...]]:
    """The networks by name, and their twins: of two of one name the one counts that is used, else the older one."""
    ordered = sorted(listed, key=lambda each: (each["Id"] not in used, each.get("Created", "")))
    networks: dict[str, ObservedThing] = {}
    twins: list[ObservedThing] = []
    for each in (network_of(one, stack) for one in ordered):
        if each.name not in networks:
            networks[each.name] = each
        elif each.ours:
            twins.append(each)
    return dict(sorted(networks.items())), tuple(twins)


def volume_of(listed: Json, stack: str) -> ObservedThing:
    return _thing(listed["Name"], listed, stack, identity.VOLUME, volume.FIELDS)


def _thing(id: str, listed: Json, stack: str, key_label: str, rows: tuple[Field, ...]) -> ObservedThing:
    labels: Mapping[str, str] = section(listed, "Labels")
    return ObservedThing(
        id=id,
        name=listed["Name"],
        key=labels.get(key_label, ""),
        ours=labels.get(identity.PROJECT) == stack,
        origin=identity.origin_of(labels),
        values=_rows(rows, listed, Context()),
        applied=decode(labels.get(identity.APPLIED)),
        raw=listed,
    )


def image_of(inspect: Json) -> ObservedImage:
    config: Json = section(inspect, "Config")
    return ObservedImage(inspect["Id"], tuple(inspect.get("RepoDigests") or ()), config)


def moment(engine_time: str) -> datetime | None:
    """The engine's time stamps, which count nanoseconds, as Python's; None for one that never came (year 1)."""
    head, _, rest = engine_time.partition(".")
    digits = rest.rstrip("Z")[:6]
    try:
        found = datetime.fromisoformat(f"{head.rstrip('Z')}.{digits or '0'}+00:00")
    except ValueError:
        return None
    return found if found.year > 1 else None


def _rows(rows: tuple[Field, ...], document: Json, context: Context) -> dict[str, Value]:
    return {row.name: row.out_of(document, context) for row in rows}


def host_ports(inspect: Json) -> frozenset[tuple[str, int, str]]:
    """The fixed host ports that a container asks for, whether or not it runs: (address, port, protocol)."""
    wire: Mapping[str, Any] = section(inspect, "HostConfig.PortBindings")
    return frozenset(
        (binding.get("HostIp", ""), int(binding["HostPort"]), name.partition("/")[2] or "tcp")
        for name, bindings in wire.items()
        for binding in bindings or ()
        if str(binding.get("HostPort", "")).isdigit() and binding["HostPort"] != "0"
    )


def static_addresses(inspect: Json) -> frozenset[tuple[str, str]]:
    """The fixed addresses that a container has, whether or not it runs: (the engine's name of the network, address)."""
    networks = section(inspect, "NetworkSettings.Networks")
    return frozenset(
        (name, address) for name, settings in networks.items() for address in fixed_addresses(entry_of(settings))
    )
