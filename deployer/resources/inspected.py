"""The engine's answers about one container or image, decoded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Mapping, Set
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from deployer.errors import Diagnostic, Unreachable
from deployer.fields import container
from deployer.fields.attachments import entry_of, fixed_addresses
from deployer.fields.copies import SECTIONS, decode_copies, is_copy, label_of
from deployer.fields.field import Context, Field, Json, Value, section
from deployer.fields.mount_forms import target_path
from deployer.fields.mounts import is_anonymous
from deployer.fields.platform import platform
from deployer.resources import identity, standing
from deployer.resources.applied import Applied, decode
from deployer.resources.observed import MountedFrom, ObservedContainer, ObservedImage


def container_of(inspect: Json, context: Context) -> ObservedContainer:
    """A container from its inspect; `context` tells the stack's names for the networks that it is in."""
    labels: Mapping[str, str] = section(inspect, "Config.Labels")
    state: Mapping[str, Any] = inspect["State"]
    keys = {name: key for key, name in context.networks.items()}
    networks: Mapping[str, Any] = section(inspect, "NetworkSettings.Networks")
    applied = _applied(labels)
    with _readable(inspect, "Mounts"):
        anonymous, copies = anonymous_volumes(inspect), tuple(_volumes_at(inspect, _copied(inspect)).values())
    return ObservedContainer(
        id=inspect["Id"],
        name=inspect["Name"].lstrip("/"),
        service=labels.get(identity.SERVICE, ""),
        number=identity.number_of(labels) or identity.number_in(inspect["Name"]),
        status=state["Status"],
        exit_code=state.get("ExitCode", 0),
        health=section(state, "Health").get("Status", "").replace("none", ""),
        started_at=state.get("StartedAt", ""),
        image_id=inspect["Image"],
        image_reference=inspect["Config"]["Image"],
        values=_less_the_hosts_name(rows_of(container.FIELDS, inspect, context), applied),
        network_ids={keys.get(name, name): settings.get("NetworkID", "") for name, settings in networks.items()},
        anonymous=anonymous,
        applied=applied,
        origin=identity.origin_of(labels),
        replaces=labels.get(identity.REPLACES, ""),
        raw=inspect,
        predecessor=standing.decode(labels.get(identity.PREDECESSOR)),
        copies=copies,
        one_off=identity.is_one_off(labels),
        damaged=_damaged(labels, applied),
        mounted_images=_mounted_images(labels) or {},
    )


def _applied(labels: Mapping[str, str]) -> Applied | None:
    """What the container was made with; None where the label is no longer what deployer wrote, by its hash."""
    text = labels.get(identity.APPLIED)
    if text is None or hashlib.sha256(text.encode()).hexdigest() != labels.get(identity.CONFIG_HASH):
        return None
    return decode(text, container.FIELDS)


def _damaged(labels: Mapping[str, str], applied: Applied | None) -> tuple[str, ...]:
    """The labels of ours that are there and cannot be read."""
    readable = {
        identity.APPLIED: applied is not None,
        identity.NUMBER: identity.number_of(labels) > 0,
        identity.PREDECESSOR: standing.decode(labels.get(identity.PREDECESSOR)) is not None,
        identity.ANONYMOUS: _taken_over(labels) is not None,
        identity.MOUNTED: _mounted_images(labels) is not None,
        **{label_of(kind): decode_copies(labels.get(label_of(kind))) is not None for kind in SECTIONS},
    }
    return tuple(label for label, is_read in readable.items() if label in labels and not is_read)


def _less_the_hosts_name(values: Mapping[str, Value], applied: Applied | None) -> Mapping[str, Value]:
    """In the host's network a container has the host's name, unless it asked for one."""
    asked = applied is not None and applied.fields.get("hostname")
    return {**values, "hostname": ""} if values["network_mode"] == "host" and not asked else values


def anonymous_volumes(inspect: Json) -> dict[str, str]:
    """The volumes that the engine named, by target: those that the image declares, and those carried over from a
    predecessor. Copies of secrets are nobody's data.
    """
    targets = {target_path(mount["Destination"]) for mount in inspect.get("Mounts") or ()}
    if section(inspect, "HostConfig").get("VolumesFrom"):
        targets &= _own_targets(inspect)
    found = _volumes_at(inspect, targets - _copied(inspect))
    return {target: name for target, name in found.items() if is_anonymous(name)}


def _own_targets(inspect: Json) -> set[str]:
    """Where it or its image asks for a mount: the others are from those whose mounts it has."""
    mounts = section(inspect, "HostConfig").get("Mounts") or ()
    return {*map(target_path, section(inspect, "Config.Volumes")), *(target_path(each["Target"]) for each in mounts)}


def taken_over(inspect: Json) -> dict[str, str]:
    """The volumes without a name that it has from a predecessor, by target."""
    return _taken_over(section(inspect, "Config.Labels")) or {}


def _taken_over(labels: Mapping[str, str]) -> dict[str, str] | None:
    """None where the label is damaged."""
    try:
        found: Any = json.loads(labels.get(identity.ANONYMOUS) or "{}")
        names = {target_path(target): name for target, name in found.items()}
        return names if all(isinstance(name, str) and is_anonymous(name) for name in names.values()) else None
    except (ValueError, AttributeError, RecursionError):
        return None


def _mounted_images(labels: Mapping[str, str]) -> dict[str, str] | None:
    """None where the label is damaged."""
    try:
        found: Any = json.loads(labels.get(identity.MOUNTED) or "{}")
        return {str(reference): id for reference, id in found.items() if isinstance(id, str)}
    except (ValueError, AttributeError, RecursionError):
        return None


def _volumes_at(inspect: Json, targets: Set[str]) -> dict[str, str]:
    mounts = [mount for mount in inspect.get("Mounts") or () if mount.get("Type") == "volume"]
    found = {target_path(mount["Destination"]): mount.get("Name") or "" for mount in mounts}
    return {target: name for target, name in found.items() if target in targets}


def _copied(inspect: Json) -> set[str]:
    """Where the volumes of its secrets are mounted."""
    mounts = section(inspect, "HostConfig").get("Mounts") or ()
    return {target_path(mount["Target"]) for mount in mounts if is_copy(mount)}


def mounted(shown: Json) -> dict[str, MountedFrom]:
    """The volumes and folders that a container has, by target, from an inspect or the list of all."""
    with _readable(shown, "Mounts"):
        return {
            target_path(mount["Destination"]): (mount["Type"], mount.get("Name") or mount.get("Source", ""))
            for mount in shown.get("Mounts") or ()
            if mount.get("Type") in ("volume", "bind")
        }


def dependencies_on_label(container: ObservedContainer) -> dict[str, str]:
    """What the service waited for, by the label that Compose and deployer write: `db:service_healthy:false,...`."""
    label = str(section(container.raw, "Config.Labels").get(identity.DEPENDS_ON, ""))
    return {part.split(":")[0]: part.split(":")[1] for part in label.split(",") if part.count(":") >= 1}


def image_of(inspect: Json) -> ObservedImage:
    config: Json = section(inspect, "Config")
    tagged_at = section(inspect, "Metadata").get("LastTagTime") or ""
    said = [inspect.get(key) or "" for key in ("Os", "Architecture", "Variant")]
    return ObservedImage(inspect["Id"], tuple(inspect.get("RepoDigests") or ()), config, tagged_at, platform(*said))


def with_platform(container: ObservedContainer, image: ObservedImage | None) -> ObservedContainer:
    """The container with the platform of its image: its own inspect tells the system, and no more."""
    return replace(container, values={**container.values, "platform": image.platform if image else ""})


def rows_of(rows: tuple[Field, ...], document: Json, context: Context) -> dict[str, Value]:
    """The canonical values that an inspect shows, by row. Raises Unreachable where one of them cannot be read."""
    found: dict[str, Value] = {}
    for row in rows:
        try:
            found[row.name] = row.out_of(document, context)
        except _UNREADABLE as error:
            raise _garbled(document, row.inspect or row.engine) from error
    return found


_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError)
"""What comes of reading something that is not what deployer knows."""


def _garbled(document: Json, where: str) -> Unreachable:
    name = str(document.get("Name", "")).lstrip("/")
    message = f"the engine's answer about {name} cannot be read: {where} is not what deployer knows of it"
    hint = f"`docker inspect {name}` shows what it is; an engine that speaks the Engine API is needed"
    return Unreachable(Diagnostic("engine-garbled", message, hint=hint))


@contextmanager
def _readable(document: Json, where: str) -> Generator[None]:
    """Raises Unreachable where the engine shows something there that deployer cannot read."""
    try:
        yield
    except _UNREADABLE as error:
        raise _garbled(document, where) from error


def host_ports(inspect: Json) -> frozenset[tuple[str, int, str]]:
    """The fixed host ports that a container asks for, whether or not it runs: (address, port, protocol)."""
    wire: Mapping[str, Any] = section(inspect, "HostConfig.PortBindings")
    return frozenset(
        (binding.get("HostIp", ""), int(binding["HostPort"]), name.partition("/")[2] or "tcp")
        for name, bindings in wire.items()
        for binding in bindings or ()
        if str(binding.get("HostPort", "")).isdigit() and binding["HostPort"] != "0"
    )


def needed_to_start(inspect: Json) -> frozenset[str]:
    """The paths of the host without which a container does not start again: a bind that is one of Mounts is not made,
    as one of Binds is.
    """
    mounts: list[dict[str, Any]] = section(inspect, "HostConfig").get("Mounts") or []
    return frozenset(
        str(mount.get("Source", ""))
        for mount in mounts
        if mount.get("Type") == "bind" and not section(mount, "BindOptions").get("CreateMountpoint")
    )


def is_removed_when_it_stops(inspect: Json) -> bool:
    """As `docker run --rm` makes it; the engine takes its volumes without a name along."""
    return bool(section(inspect, "HostConfig").get("AutoRemove"))


def static_addresses(inspect: Json) -> frozenset[tuple[str, str]]:
    """The fixed addresses that a container has, whether or not it runs: (the engine's name of the network, address)."""
    networks = section(inspect, "NetworkSettings.Networks")
    return frozenset(
        (name, address) for name, settings in networks.items() for address in fixed_addresses(entry_of(settings))
    )


def moment(engine_time: str) -> datetime | None:
    """The engine's time stamps, which count nanoseconds, as Python's; None for one that never came (year 1)."""
    head, _, rest = engine_time.partition(".")
    digits = rest.rstrip("Z")[:6]
    try:
        found = datetime.fromisoformat(f"{head.rstrip('Z')}.{digits or '0'}+00:00")
    except ValueError:
        return None
    return found if found.year > 1 else None
