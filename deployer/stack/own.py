"""What a service says under `x-deployer`: the fields that others own, and the mounted files that are watched."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from pydantic import BaseModel

from deployer.errors import Diagnostic, Place, did_you_mean
from deployer.fields import container
from deployer.fields.field import Field
from deployer.fields.log_driver import OPTION
from deployer.fields.mounts import host_path
from deployer.stack.model import Stack
from deployer.stack.service import ServiceKeys, said

COUNT = ("deploy.replicas", "scale")
"""Both names of how many containers there are, which is no row of any of them."""

Ignored = frozenset[tuple[str, str]]
"""Rows and entries (row, entry; "" for all of it)."""

_OURS = {
    "image": "what a service runs is decided here",
    "network_mode": "the order in which services start hangs on it",
    "container_name": "whoever deploys the stack finds the container by it",
    "secrets": "only deployer puts them there",
    "configs": "only deployer puts them there",
}
"""The rows that cannot be another's, and why."""


def ignored_in(service: ServiceKeys) -> Ignored:
    """The rows and entries that a service leaves to others; names that mean none are left out."""
    names = service.own.ignore if service.own else ()
    return frozenset((found[0].name, found[1]) for name in names if (found := _row_and_entry(name)))


def ignores_count(service: ServiceKeys) -> bool:
    return service.own is not None and not set(service.own.ignore).isdisjoint(COUNT)


def own_mistakes(stack: Stack) -> Iterator[Diagnostic]:
    for name, service in stack.services.items():
        for index, written in enumerate(service.own.ignore if service.own else ()):
            place = stack.places.at("services", name, "x-deployer", "ignore", index)
            if mistake := _not_ignorable(written, place):
                yield mistake
        yield from _reloads(stack, name, service)


def _reloads(stack: Stack, name: str, service: ServiceKeys) -> Iterator[Diagnostic]:
    """What is watched is mounted: a path beneath a mounted folder is a part of that."""
    sources = [mount.source for mount in said(service, "volumes") or () if mount.type == "bind"]
    mounted = {host_path(source, stack.folder): source for source in sources}
    for written in service.own.reload if service.own else ():
        path = host_path(written, stack.folder)
        if path in mounted:
            continue
        above = next((source for mount, source in mounted.items() if path.startswith(f"{mount.rstrip('/')}/")), None)
        hint = (
            f"name the whole folder that is mounted: {above}"
            if above
            else did_you_mean(written, sources, "mounted here")
            if sources
            else f"mount it: volumes: ['{written}:/TARGET:ro']"
        )
        message = f"services.{name} mounts no {written!r}"
        yield Diagnostic(
            "bad-reload", message, stack.places.key("services", name, "x-deployer", "reload", written), hint
        )


def _row_and_entry(name: str) -> tuple[Field, str] | None:
    """The row that a name of the stack file means, and the entry of it that the rest names; "" for all of it."""
    for row in container.FIELDS:
        if name in row.names:
            return row, ""
    for row in container.FIELDS:
        for own in row.names:
            if name.startswith(f"{own}.") and len(name) > len(own) + 1:
                return row, name[len(own) + 1 :]
    return None


def _not_ignorable(name: str, place: Place) -> Diagnostic | None:
    """The mistake where a name cannot stand among what is ignored."""
    if name in COUNT:
        return None
    found = _row_and_entry(name)
    if found is None:
        return Diagnostic("unknown-field", f"no field of a service is named {name!r}", place, _meant(name))
    row, entry = found
    if row.name in _OURS:
        return Diagnostic("bad-ignore", f"{row.name} cannot be ignored: {_OURS[row.name]}", place, "take it out")
    if entry and not row.kind.keyed:
        whole = name[: -len(entry) - 1]
        return Diagnostic("bad-ignore", f"{whole} is one field, without entries", place, f"ignore all of it: {whole}")
    if entry and (parts := _parts(row)) and entry.split(".")[0] not in parts:
        whole = name[: -len(entry) - 1]
        hint = did_you_mean(entry, parts, f"{whole} has")
        return Diagnostic("unknown-field", f"{whole} has no {entry!r}", place, hint)
    if entry == OPTION.rstrip(".") and row.kind.nested:
        hint = f"name each, such as {name}.max-size, or all of {row.name}"
        return Diagnostic("bad-ignore", f"{name} is several fields", place, hint)
    return None


def _meant(name: str) -> str:
    """The nearest name; of `lables.tier`, with the entry that it has."""
    known = {own for row in container.FIELDS if row.name not in _OURS for own in row.names} | set(COUNT)
    head, dot, entry = name.partition(".")
    keyed = {own for row in container.FIELDS if row.kind.keyed for own in row.names} - _OURS.keys()
    if dot and (near := get_close_matches(head, keyed, n=1, cutoff=0.6)):
        return f"did you mean {f'{near[0]}.{entry}'!r}?"
    return did_you_mean(name, known, "fields")


def _parts(row: Field) -> tuple[str, ...]:
    """The entries of a row that has only these; none where users choose the names."""
    notation = getattr(row.kind.written, "__origin__", row.kind.written)
    if isinstance(notation, type) and issubclass(notation, BaseModel):
        return tuple(notation.model_fields)
    return ()
