"""Devices of the host that a container may use, one entry a path in the container; those by their CDI names, too."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BeforeValidator, Field

from deployer.fields.field import Context, Json, Kind, Value, get, put
from deployer.fields.gpus import CDI, add_requests
from deployer.fields.kinds import Model, schema
from deployer.fields.parse import describe, refusal

_HINT = "write it as /dev/ttyUSB0, /dev/ttyUSB0:/dev/modem or /dev/ttyUSB0:/dev/modem:rw"
_ALL = "rwm"

_CDI_NAME = re.compile(r"[A-Za-z][\w.-]*/[A-Za-z][\w.-]*=[A-Za-z0-9][\w.:-]*", re.ASCII)
"""vendor.com/class=name (Container Device Interface)."""


def device_path(written: Any) -> str:
    if not isinstance(written, str) or not (written.startswith("/") or _CDI_NAME.fullmatch(written)):
        raise refusal("bad-device", f"the path of a device must be absolute, not {describe(written)}", _HINT)
    return written


def permissions(written: Any) -> str:
    """Some of r (read), w (write) and m (make nodes), each once."""
    found = written if isinstance(written, str) else ""
    if not found or set(found) - set(_ALL) or len(set(found)) != len(found):
        raise refusal("bad-device", f"expected permissions, not {describe(written)}", "some of r, w and m, such as rw")
    return found


DevicePath = Annotated[str, BeforeValidator(device_path), schema("string")]
Permissions = Annotated[str, BeforeValidator(permissions), schema("string", examples=["rwm", "r"])]


class Device(Model):
    """One entry of `devices`, in the long form."""

    source: DevicePath = Field(description="Absolute path on the host.")
    target: DevicePath | None = Field(default=None, description="Absolute path in the container; unless set, the same.")
    permissions: Permissions | None = Field(
        default=None, description="Some of r (read), w (write) and m (make nodes); rwm unless set."
    )


def device(written: Any) -> Any:
    """The long form of `source[:target[:permissions]]`."""
    if isinstance(written, dict):
        return cast("dict[str, Any]", written)
    if isinstance(written, str) and _CDI_NAME.fullmatch(written):
        return {"source": written, "target": written, "permissions": _ALL}
    fields = written.split(":") if isinstance(written, str) else []
    if not 1 <= len(fields) <= 3:
        raise refusal("bad-device", f"expected a device, not {describe(written)}", _HINT)
    source, target, allowed = (*fields, *(fields[0], _ALL)[len(fields) - 1 :])
    return {"source": device_path(source), "target": target, "permissions": allowed}


def whole(entry: Device) -> Device:
    """The entry with its path in the container, which is the host's unless said; a CDI name is its own."""
    if (is_cdi(entry.source) or is_cdi(entry.target or "")) and entry.target not in (None, entry.source):
        raise refusal("bad-device", "a device by its CDI name has no path of its own", "write the name alone")
    return entry if entry.target else entry.model_copy(update={"target": entry.source})


def is_cdi(source: str) -> bool:
    return not source.startswith("/") and bool(_CDI_NAME.fullmatch(source))


Devices = tuple[
    Annotated[Device, AfterValidator(whole), BeforeValidator(device, json_schema_input_type=str | Device)], ...
]


def _in_order(allowed: str) -> str:
    return "".join(letter for letter in _ALL if letter in allowed) or _ALL


def _entry(source: str, target: str, allowed: str | None) -> Value:
    """What a CDI name may do, its specification says."""
    if is_cdi(source):
        return (source, (source, ""))
    return (posixpath.normpath(target), (posixpath.normpath(source), _in_order(allowed or _ALL)))


def _normal(entries: tuple[Device, ...], _: Context) -> Value:
    return tuple(sorted(_entry(one.source, one.target or one.source, one.permissions) for one in entries))


def _encode(devices: Value) -> list[Json]:
    return [
        {"PathOnHost": source, "PathInContainer": target, "CgroupPermissions": allowed}
        for target, (source, allowed) in devices
        if not is_cdi(source)
    ]


def write_devices(body: dict[str, Any], devices: Value, _written: Any, _context: Context) -> None:
    if paths := _encode(devices):
        put(body, "HostConfig.Devices", paths)
    if names := [source for _, (source, _) in devices if is_cdi(source)]:
        add_requests(body, [{"Driver": CDI, "DeviceIDs": names}])


def read_devices(inspect: Json, _: Context) -> Value:
    requests = cast("list[Json]", get(inspect, "HostConfig.DeviceRequests") or [])
    names = [name for one in requests if one.get("Driver") == CDI for name in one.get("DeviceIDs") or ()]
    paths = _decode(get(inspect, "HostConfig.Devices") or [])
    return tuple(sorted((*paths, *(_entry(name, name, None) for name in names))))


def by_name(written: tuple[Device, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """An engine before 25 does not know the driver, and the container would not start."""
    return (((index,), "1.44") for index, one in enumerate(written) if is_cdi(one.source))


def _decode(wire: list[Json]) -> Value:
    return tuple(
        sorted(_entry(one["PathOnHost"], one["PathInContainer"], one.get("CgroupPermissions")) for one in wire)
    )


def _show(target: str, value: Value) -> str:
    source, allowed = value
    if is_cdi(source):
        return source
    return f"{source}:{target}:{allowed}"


DEVICES = Kind(Devices, _normal, _encode, _decode, str, keyed=True, show_entry=_show)
