"""What the stack asks for that the engine cannot do: its API does not have it yet, or its host lacks it."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.errors import NOTHING_TOUCHED, Diagnostic
from deployer.fields import container, network, volume
from deployer.fields.parse import MIB, show_size
from deployer.plan.diff import PlaceOf, left_out, sides_of
from deployer.resources.desired import Desired
from deployer.resources.observed import Observed

LEAST_MEMORY = 6 * MIB

_LACKING = tuple(row for row in container.FIELDS if row.host_may_lack)

Needs = Iterator[tuple[tuple[str | int, ...], str]]
"""Paths of the stack file, each with the version of the Engine API that has what stands there."""


def engine_too_old(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """What the engine would ignore in silence."""
    engine = observed.engine
    for path, since in (*_of_services(desired), *_of_things(desired)):
        if not engine.speaks(since):
            yield Diagnostic(
                "engine-too-old",
                f"{'.'.join(map(str, path))} needs Engine API {since}, and engine {engine.version} has {engine.api}",
                place(*path),
                "upgrade the engine, or take it out",
                notes=(NOTHING_TOUCHED,),
            )


def limits_too_low(desired: Desired, place: PlaceOf) -> Iterator[Diagnostic]:
    """Limits that the engine would refuse once it makes the container (moby, daemon_unix.go, linuxMinMemory)."""
    for service in desired.services.values():
        for row in ("mem_limit", "mem_reservation"):
            if 0 < service.asked[row] < LEAST_MEMORY:
                name = service.written[row].name
                yield Diagnostic(
                    "limit-too-low",
                    f"services.{service.name}.{name} is {show_size(service.asked[row])}, and the engine takes "
                    f"no less than {show_size(LEAST_MEMORY)}",
                    place("services", service.name, *name.split(".")),
                    f"say {show_size(LEAST_MEMORY)} or more, or take it out",
                    notes=(NOTHING_TOUCHED,),
                )


def _of_services(desired: Desired) -> Needs:
    for service in desired.services.values():
        for row in container.FIELDS:
            if said := service.written.get(row.name):
                for path, since in row.needs_api(said.value):
                    yield ("services", service.name, *said.name.split("."), *path), since


def _of_things(desired: Desired) -> Needs:
    for section, things, rows in (
        ("networks", desired.networks, network.FIELDS),
        ("volumes", desired.volumes, volume.FIELDS),
    ):
        for thing in (each for each in things.values() if not each.external):
            for row in rows:
                if row.since and thing.asked[row.name] != row.unset:
                    yield (section, thing.key, row.name), row.since


def not_in_effect(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """What the engine left out of a container, as its host cannot do it: it would be planned for ever."""
    for service in desired.services.values():
        missing = {
            (row.name, entry)
            for found in observed.of_service(service.name)
            for sides in (sides_of(service, found, observed, place),)
            for row in _LACKING
            for entry, _ in left_out(sides, row, found.values[row.name])
        }
        for row, entry in sorted(missing):
            below = container.BY_NAME[row].kind.path_of(entry) if entry else ()
            path = (*service.written[row].name.split("."), *below)
            yield Diagnostic(
                "not-in-effect",
                f"services.{service.name}.{'.'.join(path)} is not in effect: "
                f"the engine left it out, as its host cannot do it",
                place("services", service.name, *path),
                "take it out, or run it where the kernel has it",
            )
