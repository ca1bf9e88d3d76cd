"""What a row comes to on the image that the next container runs, where that is another one than the old one's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from deployer.fields.field import Field, Value
from deployer.plan.model import Ahead
from deployer.resources.observed import Observed, ObservedContainer

if TYPE_CHECKING:
    from deployer.plan.images import ImageNow

_SOMETHING = "/something"
_ALL: Mapping[str, Any] = MappingProxyType(
    {
        "Entrypoint": [_SOMETHING],
        "Cmd": [_SOMETHING],
        "User": _SOMETHING,
        "WorkingDir": _SOMETHING,
        "StopSignal": "SIGRTMAX",
        "ExposedPorts": {"1/tcp": {}, "1/udp": {}, "1/sctp": {}},
        "Healthcheck": {
            "Test": ["CMD", _SOMETHING],
            **dict.fromkeys(("Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"), 1),
        },
    }
)
"""The Config of an image that has something of all that an image can have, variables and labels apart."""


@dataclass(frozen=True, slots=True)
class NextImage:
    """Its Config where the engine has it; else what is to be done before it is known."""

    config: Mapping[str, Any] | None = None
    ahead: Ahead | None = None


def next_image(address: str, now: ImageNow, old: ObservedContainer, observed: Observed) -> NextImage | None:
    """The image that takes the place of a container's; None where it stays."""
    if now.id == old.image_id:
        return None
    config = config_of(now, observed)
    return NextImage(config) if config is not None else NextImage(ahead=Ahead(address, now.how))


def config_of(now: ImageNow, observed: Observed) -> Mapping[str, Any] | None:
    """The Config of an image, where the engine has just that one already."""
    there = observed.images.get(now.id) or observed.images.get(now.reference)
    return there.config if now.id and there and there.id == now.id else None


def is_of_the_image(row: Field, entry: str, asked: Mapping[str, Value]) -> bool:
    """Whether the image has a say in a row, "" for all of it, or in an entry of it, given all that is asked."""
    everything = {**_ALL, "Env": [f"{entry}={_SOMETHING}"], "Labels": {entry: _SOMETHING}}
    without, beside = row.on_image(asked, {}), row.on_image(asked, everything)
    return dict(without).get(entry) != dict(beside).get(entry) if row.kind.keyed else without != beside
