"""Whose namespaces and mounts a container has, as a stack file would say it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from deployer.fields.container_names import SUCCESSOR
from deployer.fields.field import Value, section
from deployer.fields.namespaces import NAMESPACES, joined
from deployer.fields.volumes_from import entry_of
from deployer.resources.applied import canonical
from deployer.resources.inspected import mounted
from deployer.resources.observed import Neighbour, ObservedContainer


def with_owner(
    container: ObservedContainer, own: Mapping[str, ObservedContainer], neighbours: Mapping[str, Neighbour]
) -> ObservedContainer:
    """The container, what it has of others as a stack file would say it: the engine knows ids, or the names that there
    were at its creation.

    Where such a one is gone, it is what was asked for.
    """
    found = {**dict(_modes(container, own, neighbours)), **dict(_mounts(container, own, neighbours))}
    if not found:
        return container
    theirs = _volumes_of_others(container, own, neighbours)
    anonymous = {target: name for target, name in container.anonymous.items() if name not in theirs}
    return replace(container, values={**container.values, **found}, anonymous=anonymous)


def _modes(
    container: ObservedContainer, own: Mapping[str, ObservedContainer], neighbours: Mapping[str, Neighbour]
) -> Iterator[tuple[str, Value]]:
    for namespace in NAMESPACES:
        if id := joined(container.raw, namespace):
            whose = _who(id, own, neighbours)
            then = container.applied.fields.get(namespace.row) if container.applied else None
            yield namespace.row, ":".join(whose) if whose else then or container.values[namespace.row]


def _mounts(
    container: ObservedContainer, own: Mapping[str, ObservedContainer], neighbours: Mapping[str, Neighbour]
) -> Iterator[tuple[str, Value]]:
    row = "volumes_from"
    then = container.applied.fields.get(row) if container.applied else None
    if asked := _named(container):
        whose = [(_who(name, own, neighbours), mode) for name, mode in asked]
        known = tuple(entry_of(*who, mode) for who, mode in whose if who)
        if len(known) == len(asked):
            yield row, known
        elif then:
            yield row, canonical(then)


def _named(container: ObservedContainer) -> list[tuple[str, str]]:
    """By id or name, each with the mode."""
    parts = (text.partition(":") for text in section(container.raw, "HostConfig").get("VolumesFrom") or ())
    return [(name, "" if mode == "rw" else mode) for name, _, mode in parts]


def _volumes_of_others(
    container: ObservedContainer, own: Mapping[str, ObservedContainer], neighbours: Mapping[str, Neighbour]
) -> set[str]:
    """The volumes of those whose mounts it has: none of them is its own, though its image may declare the target."""
    names = [name for name, _ in _named(container)]
    mine = [mounted(each.raw) for name in names for each in own.values() if _is(name, each.id, each.name)]
    others = [each.mounts for name in names for each in neighbours.values() if _is(name, each.id, each.name)]
    return {name for mounts in (*mine, *others) for kind, name in mounts.values() if kind == "volume"}


def _is(reference: str, id: str, name: str) -> bool:
    """A successor's name is its predecessor's by now."""
    return reference == id or reference.lstrip("/").removesuffix(SUCCESSOR) == name.removesuffix(SUCCESSOR)


def _who(
    reference: str, own: Mapping[str, ObservedContainer], neighbours: Mapping[str, Neighbour]
) -> tuple[str, str] | None:
    """A container by its id or name, as kind and name."""
    for each in own.values():
        if _is(reference, each.id, each.name):
            return "service", each.service
    for each in neighbours.values():
        if _is(reference, each.id, each.name):
            return "container", each.name
    return None
