"""How much a container may read from and write to block devices: a weight, and limits of single devices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import BeforeValidator
from pydantic import Field as Key

from deployer.fields.field import Context, Effect, Field, Json, Kind, Value, get, put
from deployer.fields.kinds import Count, Model, Size, schema
from deployer.fields.parse import describe, number, refusal, show_size


def weight(written: Any) -> int:
    """From 10 to 1000; 0 is none."""
    value = number(written)
    if value and not 10 <= value <= 1000:
        raise refusal("bad-number", f"expected a weight from 10 to 1000, not {value}")
    return value


def path_of_device(written: Any) -> str:
    if not isinstance(written, str) or not written.startswith("/"):
        hint = "such as /dev/sda"
        raise refusal("bad-device", f"the path of a device must be absolute, not {describe(written)}", hint)
    return written


Weight = Annotated[int, BeforeValidator(weight), schema("integer", "string", minimum=0, maximum=1000)]
DevicePath = Annotated[str, BeforeValidator(path_of_device), schema("string")]


class WeightOfDevice(Model):
    path: DevicePath = Key(description="The device on the host.")
    weight: Weight = Key(description="From 10 to 1000.")


class BytesPerSecond(Model):
    path: DevicePath = Key(description="The device on the host.")
    rate: Size = Key(description="Bytes a second.")


class AccessesPerSecond(Model):
    path: DevicePath = Key(description="The device on the host.")
    rate: Count = Key(description="Operations a second.")


class Blkio(Model):
    """How much it may read from and write to block devices."""

    weight: Weight | None = Key(default=None, description="Its share where a device is busy, from 10 to 1000.")
    weight_device: tuple[WeightOfDevice, ...] = Key(default=(), description="The same for single devices.")
    device_read_bps: tuple[BytesPerSecond, ...] = Key(default=(), description="Bytes that it may read a second.")
    device_read_iops: tuple[AccessesPerSecond, ...] = Key(default=(), description="Reads that it may do a second.")
    device_write_bps: tuple[BytesPerSecond, ...] = Key(default=(), description="Bytes that it may write a second.")
    device_write_iops: tuple[AccessesPerSecond, ...] = Key(default=(), description="Writes that it may do a second.")


LISTS = {
    "weight_device": ("BlkioWeightDevice", "Weight"),
    "device_read_bps": ("BlkioDeviceReadBps", "Rate"),
    "device_read_iops": ("BlkioDeviceReadIOps", "Rate"),
    "device_write_bps": ("BlkioDeviceWriteBps", "Rate"),
    "device_write_iops": ("BlkioDeviceWriteIOps", "Rate"),
}
"""What is said of single devices: where the API has it, and what it calls the number."""


def _normal(said: Blkio, _: Context) -> Value:
    """An entry a device, whose number stands in a tuple: the weight of all is the only bare one."""
    entries: dict[str, Value] = {"weight": said.weight} if said.weight else {}
    for name in LISTS:
        for one in getattr(said, name):
            entries[f"{name}.{one.path}"] = (one.weight if name == "weight_device" else one.rate,)
    return tuple(sorted(entries.items()))


def _write(body: dict[str, Any], value: Value, _written: Any, _context: Context) -> None:
    for entry, said in value:
        name, _, path = entry.partition(".")
        if name == "weight":
            put(body, "HostConfig.BlkioWeight", said)
        else:
            key, unit = LISTS[name]
            body.setdefault("HostConfig", {}).setdefault(key, []).append({"Path": path, unit: said[0]})


def _read(inspect: Json, _: Context) -> Value:
    found: dict[str, Value] = {}
    if value := get(inspect, "HostConfig.BlkioWeight"):
        found["weight"] = value
    for name, (key, unit) in LISTS.items():
        for one in cast("list[Json]", get(inspect, f"HostConfig.{key}") or ()):
            found[f"{name}.{one['Path']}"] = (one[unit],)
    return tuple(sorted(found.items()))


def _effect(_before: Value, after: Value) -> Effect:
    """An update sets the weight alone: it answers 200 to the rest, and changes nothing (Engine 20.10 and 28)."""
    return Effect.IN_PLACE if isinstance(after, int) and after else Effect.REPLACE


def _update(values: Mapping[str, Value]) -> Json:
    return {"BlkioWeight": dict(values["blkio_config"]).get("weight", 0)}


def _show(entry: str, value: Value) -> str:
    if isinstance(value, int):
        return str(value)
    return show_size(value[0]) if entry.partition(".")[0].endswith("_bps") else str(value[0])


BLKIO = Kind(Blkio, _normal, dict, tuple, str, keyed=True, nested=True, show_entry=_show)

ROWS: tuple[Field, ...] = (
    Field(
        name="blkio_config",
        kind=BLKIO,
        engine="HostConfig.BlkioDeviceReadBps",
        unset=(),
        effect=_effect,
        write=_write,
        read=_read,
        update=_update,
        host_may_lack=True,
        example=(
            {
                "device_read_bps": [{"path": "/dev/loop0", "rate": "12M"}],
                "device_write_iops": [{"path": "/dev/loop0", "rate": 120}],
            },
            {
                "device_read_bps": [{"path": "/dev/loop0", "rate": "24M"}],
                "device_write_iops": [{"path": "/dev/loop0", "rate": 90}],
            },
        ),
        proven_where="the engine's host has a block device /dev/loop0",
        doc="How much it may read from and write to block devices. Only a change of `weight` is made in place.",
    ),
)
