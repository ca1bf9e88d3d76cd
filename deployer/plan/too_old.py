"""What the stack asks for that the engine's API does not have yet: the engine would ignore it in silence."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.errors import Diagnostic
from deployer.fields import container, network, volume
from deployer.plan.diff import PlaceOf
from deployer.resources.desired import Desired
from deployer.resources.observed import Observed

Needs = Iterator[tuple[tuple[str | int, ...], str]]
"""Paths of the stack file, each with the version of the Engine API that has what stands there."""


def engine_too_old(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    engine = observed.engine
    for path, since in (*_of_services(desired), *_of_things(desired)):
        if not engine.speaks(since):
            yield Diagnostic(
                "engine-too-old",
                f"{'.'.join(map(str, path))} needs Engine API {since}, and engine {engine.version} has {engine.api}",
                place(*path),
                "upgrade the engine, or take it out",
                notes=("nothing was touched",),
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
