"""The mounts that a container has from others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator

from deployer.fields.container_names import SUCCESSOR, service_named
from deployer.fields.field import Context, Field, Json, Kind, Value, get
from deployer.fields.kinds import schema, show_words
from deployer.fields.parse import describe, refusal

_HINT = "write it as db, db:ro, container:NAME or container:NAME:ro"
_MODES = ("ro", "rw")
NOWHERE = Context()


def volumes_from(written: Any) -> str:
    parts = written.split(":") if isinstance(written, str) else []
    rest = parts[1:] if parts[:1] == ["container"] else parts
    if not rest or not rest[0] or rest[1:] not in ([], *([mode] for mode in _MODES)):
        raise refusal("bad-volumes-from", f"expected a service or a container, not {describe(written)}", _HINT)
    return str(written)


VolumesFrom = tuple[Annotated[str, BeforeValidator(volumes_from), schema("string")], ...]


def giver(entry: str) -> tuple[str, str, str]:
    """Whose mounts an entry names: `service` or `container`, its name, and the mode, "" unless it is `ro`."""
    kind, rest = ("container", entry.partition(":")[2]) if entry.startswith("container:") else ("service", entry)
    name, _, mode = rest.partition(":")
    return kind, name, mode if mode != "rw" else ""


def entry_of(kind: str, name: str, mode: str) -> str:
    """The inverse of `giver`."""
    return ":".join(part for part in ("container" if kind == "container" else "", name, mode) if part)


def givers(value: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Whose mounts a container has, as kind and name."""
    yield from (giver(entry)[:2] for entry in value)


def _normal(written: tuple[str, ...], _: Context) -> Value:
    return tuple(entry_of(*giver(entry)) for entry in written)


def encode(value: Value) -> list[str]:
    """As the engine has them; a service's container has no name here: who plans knows which one it will be."""
    return [entry.removeprefix("container:") for entry in value]


def decode(wire: list[str], context: Context = NOWHERE) -> Value:
    """By their names; of what is named by its id, who has observed the stack's containers knows better."""
    parts = (text.partition(":") for text in wire)
    return tuple(_read(name, mode, context) for name, _, mode in parts)


def _read(name: str, mode: str, context: Context) -> str:
    """A successor has its predecessor's name by now."""
    service, _ = service_named(name.removesuffix(SUCCESSOR), context)
    mode = "" if mode == "rw" else mode
    return entry_of("service", service, mode) if service else entry_of("container", name, mode)


def read_volumes_from(inspect: Json, context: Context) -> Value:
    return decode(get(inspect, "HostConfig.VolumesFrom") or [], context)


ROWS: tuple[Field, ...] = (
    Field(
        name="volumes_from",
        kind=Kind(VolumesFrom, _normal, encode, decode, show_words),
        engine="HostConfig.VolumesFrom",
        read=read_volumes_from,
        unset=(),
        example=(["example"], ["example:ro"]),
        doc="Services (or `container:NAME`) whose mounts it has too, each at the same place; with `:ro` to read only.",
    ),
)
