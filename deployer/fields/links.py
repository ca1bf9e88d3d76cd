"""Further names of other containers, in all networks that they share with this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from deployer.fields.container_names import container_name, name_in, service_named
from deployer.fields.field import Context, Effect, Field, Json, Kind, Value, section
from deployer.fields.kinds import schema
from deployer.fields.parse import describe, refusal


def link(written: Any) -> str:
    parts = written.split(":") if isinstance(written, str) else []
    if len(parts) not in (1, 2) or not all(parts):
        raise refusal("bad-link", f"expected NAME or NAME:ALIAS, not {describe(written)}", "write it as db:database")
    return str(written)


Links = tuple[Annotated[str, BeforeValidator(link), schema("string")], ...]


def target(written: str) -> str:
    """Whom a link names."""
    return written.partition(":")[0]


def _short(name: str, alias: str) -> str:
    return name if alias in ("", name) else f"{name}:{alias}"


def _always(service: str) -> str:
    """A name that Compose gives a linked container whether or not it is asked for."""
    return f"{service}-1"


def _own(written: tuple[str, ...], _: Context) -> Value:
    pairs = [entry.partition(":")[::2] for entry in written]
    return frozenset(_short(name, alias) for name, alias in pairs if alias != _always(name))


def _others(written: tuple[str, ...], _: Context) -> Value:
    return frozenset(_short(*entry.partition(":")[::2]) for entry in written)


def on_wire(asked: Mapping[str, Value], context: Context) -> list[str]:
    """The `Links` of each endpoint: a service's first container, under the names that Compose gives it too, and the
    containers of others. Whoever bears the name when it is looked up is meant (Engine 20.10 and 28).
    """
    found: list[str] = []
    for entry in sorted(asked["links"]):
        name, _, alias = entry.partition(":")
        always = (_always(name), container_name(context.stack, name, 1))
        found += [f"{name_in(context, name, 1)}:{each}" for each in (alias or name, *always)]
    pairs = (entry.partition(":") for entry in sorted(asked["external_links"]))
    found += [f"{name}:{alias or name}" for name, _, alias in pairs]
    return list(dict.fromkeys(found))


def _read(inspect: Json) -> Iterator[tuple[str, str]]:
    """Pairs of a container's name and an alias, from all networks: they are the same in each."""
    for settings in section(inspect, "NetworkSettings.Networks").values():
        for entry in settings.get("Links") or ():
            name, _, alias = entry.partition(":")
            yield name, alias


def linked(inspect: Json) -> set[str]:
    """The names of the containers that it has links to."""
    return {name for name, _ in _read(inspect)}


def read_links(inspect: Json, context: Context) -> Value:
    """Less the names that Compose gives all of them."""
    found: set[str] = set()
    for name, alias in _read(inspect):
        service, number = service_named(name, context)
        if service and alias not in (container_name(context.stack, service, int(number)), f"{service}-{number}"):
            found.add(_short(service, alias))
    return frozenset(found)


def read_external_links(inspect: Json, context: Context) -> Value:
    return frozenset(_short(name, alias) for name, alias in _read(inspect) if not service_named(name, context)[0])


def _written_with_the_networks(_body: dict[str, Any], _value: Value, _written: Any, _context: Context) -> None:
    """They are a part of each endpoint."""


def _kind(normal: Callable[[Any, Context], Value]) -> Kind:
    return Kind(Links, normal, list, frozenset, lambda value: ", ".join(sorted(value)))


ROWS: tuple[Field, ...] = (
    Field(
        name="links",
        kind=_kind(_own),
        engine="NetworkingConfig.EndpointsConfig",
        inspect="NetworkSettings.Networks",
        write=_written_with_the_networks,
        read=read_links,
        unset=frozenset(),
        effect=Effect.IN_PLACE,
        example=(["example:a"], ["example:b", "example"]),
        doc="Services that it also reaches by another name, as `NAME:ALIAS`; it starts after them, and anew with them.",
    ),
    Field(
        name="external_links",
        kind=_kind(_others),
        engine="NetworkingConfig.EndpointsConfig",
        inspect="NetworkSettings.Networks",
        write=_written_with_the_networks,
        read=read_external_links,
        unset=frozenset(),
        effect=Effect.IN_PLACE,
        example=(["elsewhere:a"], ["elsewhere:b"]),
        doc="Containers of others in the same network that it also reaches by another name, as `NAME:ALIAS`.",
    ),
)
