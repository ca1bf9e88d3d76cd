"""GPUs and other devices that a driver of the engine gives out, asked for by number or name, and by what they can."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator
from pydantic import Field as Key

from deployer.fields.field import Context, Field, Json, Kind, Value, get, put
from deployer.fields.kinds import Model, Options, Text, schema, show_text
from deployer.fields.parse import count, describe, listing, mapping, refusal, scalar_text

CDI = "cdi"
"""The driver of devices by their CDI names, which are written in `devices`."""

ALL = -1


def how_many(written: Any) -> int:
    return ALL if written in ("all", ALL, "-1") else count(written)


HowMany = Annotated[int, BeforeValidator(how_many), schema("string", "integer", examples=["all", 1])]
Id = Annotated[str, BeforeValidator(scalar_text), schema("string")]


def or_all(written: Any) -> Any:
    """Without a number and without names, all are asked for."""
    entries = mapping(written)
    return (
        {**entries, "count": ALL} if entries is not None and not entries.keys() & {"count", "device_ids"} else written
    )


class DeviceRequest(Model):
    """Devices that are asked for together."""

    capabilities: tuple[Text, ...] = Key(default=(), description="What they must be able to do, such as gpu, compute.")
    driver: Text | None = Key(default=None, description="The driver that gives them; any that fits unless set.")
    count: HowMany | None = Key(default=None, description="How many, or all; all unless set, without `device_ids`.")
    device_ids: tuple[Id, ...] | None = Key(default=None, description="Which ones, as the driver calls them.")
    options: Options | None = Key(default=None, description="Options of the driver.")

    @model_validator(mode="after")
    def _count_or_names(self) -> DeviceRequest:
        if self.count is not None and self.device_ids:
            raise refusal("said-twice", "count and device_ids exclude each other", "keep one of them")
        return self


class ReservedDevice(DeviceRequest):
    """Devices that are asked for together; what they must be able to do has to be said."""

    capabilities: tuple[Text, ...] = Key(description="What they must be able to do, such as gpu, compute.")


class Gpus(DeviceRequest):
    """GPUs that are asked for together."""


def gpus(written: Any) -> Any:
    """`all`, or a list of requests; each is for gpus without saying so."""
    if written == "all":
        return [{"count": ALL}]
    if listing(written) is None:
        raise refusal("bad-list", f"expected all, or a list of requests, not {describe(written)}", "gpus: all")
    return written


ManyGpus = tuple[Annotated[Gpus, BeforeValidator(or_all)], ...]
AllGpus = Annotated[ManyGpus, BeforeValidator(gpus, json_schema_input_type=Literal["all"] | ManyGpus)]
ReservedDevices = tuple[Annotated[ReservedDevice, BeforeValidator(or_all)], ...]


def _request(driver: str, number: int, ids: Iterable[str], abilities: Iterable[str], options: Json) -> Value:
    found = tuple(sorted(set(abilities)))
    return (driver, number, tuple(sorted(set(ids))), found, tuple(sorted(options.items())))


def _normal(requests: Iterable[DeviceRequest], _: Context) -> Value:
    return frozenset(
        _request(
            one.driver or "",
            one.count or 0,
            one.device_ids or (),
            (*one.capabilities, *(("gpu",) if isinstance(one, Gpus) else ())),
            one.options or {},
        )
        for one in requests
    )


def _encode(requests: Value) -> list[Json]:
    return [
        {
            "Driver": driver,
            "Count": number,
            "DeviceIDs": list(ids),
            "Capabilities": [list(abilities)],
            "Options": dict(options),
        }
        for driver, number, ids, abilities, options in sorted(requests)
    ]


def _decode(wire: list[Json]) -> Value:
    """Capabilities are alternatives, of which Compose can say one."""
    return frozenset(
        _request(
            one.get("Driver") or "",
            one.get("Count") or 0,
            one.get("DeviceIDs") or (),
            [ability for abilities in one.get("Capabilities") or () for ability in abilities],
            one.get("Options") or {},
        )
        for one in wire
        if one.get("Driver") != CDI
    )


def _show(requests: Value) -> str:
    return ", ".join(_show_one(*request) for request in sorted(requests))


def _show_one(driver: str, number: int, ids: Value, abilities: Value, options: Value) -> str:
    parts = [f"capabilities: [{', '.join(abilities)}]"]
    parts += [f"driver: {show_text(driver)}"] if driver else []
    parts += [f"device_ids: [{', '.join(map(show_text, ids))}]"] if ids else []
    parts += [] if ids else [f"count: {'all' if number == ALL else number}"]
    parts += [f"{name}: {show_text(value)}" for name, value in options]
    return "{" + ", ".join(parts) + "}"


def add_requests(body: dict[str, Any], requests: list[Json]) -> None:
    """Beside what another row asks for."""
    put(body, "HostConfig.DeviceRequests", [*(get(body, "HostConfig.DeviceRequests") or ()), *requests])


GPUS = Kind(AllGpus, _normal, _encode, _decode, _show)

ROWS: tuple[Field, ...] = (
    Field(
        name="gpus",
        also=("deploy.resources.reservations.devices",),
        kind=GPUS,
        engine="HostConfig.DeviceRequests",
        unset=frozenset(),
        write=lambda body, value, _written, _context: add_requests(body, _encode(value)),
        read=lambda inspect, _context: _decode(get(inspect, "HostConfig.DeviceRequests") or []),
        example=("all", [{"driver": "nvidia", "device_ids": ["0"], "capabilities": ["utility"]}]),
        unproven="our engines have no GPU, and no driver for one",
        doc="GPUs, and what else a driver of the engine gives out: all, or a list of requests.",
    ),
)
