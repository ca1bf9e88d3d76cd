"""Devices of the host that a container may use, one entry a path in the container."""

from __future__ import annotations

import posixpath
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BeforeValidator, Field

from deployer.fields.field import Context, Json, Kind, Value
from deployer.fields.kinds import Model, schema
from deployer.fields.parse import describe, refusal

_HINT = "write it as /dev/ttyUSB0, /dev/ttyUSB0:/dev/modem or /dev/ttyUSB0:/dev/modem:rw"
_ALL = "rwm"


def device_path(written: Any) -> str:
    if not isinstance(written, str) or not written.startswith("/"):
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
    fields = written.split(":") if isinstance(written, str) else []
    if fields and "=" in fields[0] and not fields[0].startswith("/"):
        message = f"devices by their kind (CDI), such as {fields[0]!r}, are not supported yet"
        raise refusal("not-supported-yet", message, "name the device by its path")
    if not 1 <= len(fields) <= 3:
        raise refusal("bad-device", f"expected a device, not {describe(written)}", _HINT)
    source, target, allowed = (*fields, *(fields[0], _ALL)[len(fields) - 1 :])
    return {"source": device_path(source), "target": target, "permissions": allowed}


def whole(entry: Device) -> Device:
    """The entry with its path in the container, which is the host's unless said."""
    return entry if entry.target else entry.model_copy(update={"target": entry.source})


Devices = tuple[
    Annotated[Device, AfterValidator(whole), BeforeValidator(device, json_schema_input_type=str | Device)], ...
]


def _in_order(allowed: str) -> str:
    return "".join(letter for letter in _ALL if letter in allowed) or _ALL


def _entry(source: str, target: str, allowed: str | None) -> Value:
    return (posixpath.normpath(target), (posixpath.normpath(source), _in_order(allowed or _ALL)))


def _normal(entries: tuple[Device, ...], _: Context) -> Value:
    return tuple(sorted(_entry(one.source, one.target or one.source, one.permissions) for one in entries))


def _encode(devices: Value) -> list[Json]:
    return [
        {"PathOnHost": source, "PathInContainer": target, "CgroupPermissions": allowed}
        for target, (source, allowed) in devices
    ]


def _decode(wire: list[Json]) -> Value:
    return tuple(
        sorted(_entry(one["PathOnHost"], one["PathInContainer"], one.get("CgroupPermissions")) for one in wire)
    )


def _show(target: str, value: Value) -> str:
    source, allowed = value
    return f"{source}:{target}:{allowed}"


DEVICES = Kind(Devices, _normal, _encode, _decode, str, keyed=True, show_entry=_show)
