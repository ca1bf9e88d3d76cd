"""Volumes that were renamed in the file: the engine knows a volume by its name, so the data would stay behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from difflib import get_close_matches

from deployer.errors import Diagnostic
from deployer.fields.field import Value
from deployer.plan.brief import mount_texts
from deployer.plan.diff import PlaceOf
from deployer.resources.desired import Desired, DesiredService
from deployer.resources.observed import Observed, ObservedThing


def renamed_volumes(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """A volume of the stack that the file no longer names, while another one takes its place: its data stays behind.

    Of a part of a stack nobody knows what the file no longer names.
    """
    if desired.left_out:
        return
    wanted = {thing.name: thing for thing in desired.volumes.values()}
    left = {name: each for name, each in observed.volumes.items() if each.ours and name not in wanted}
    places = dict(_in_its_place(desired, observed, left.keys())) if left else {}
    for name, thing in wanted.items():
        fresh = not thing.external and name not in observed.volumes
        old = places.get(name) or (_nearest(thing.key, left) if fresh else None)
        if old:
            yield Diagnostic(
                "volume-renamed",
                f"volume {thing.key}: was it {left[old].key or old}? Its data stays behind in {old}",
                place("volumes", thing.key),
                f"to go on with that: volumes: {{{thing.key}: {{name: {old}}}}}",
                address=f"volume.{thing.key}",
            )


def in_its_place(volume: str, desired: Desired, observed: Observed) -> Iterator[tuple[str, str]]:
    """Each container of the stack's services that has a volume which is left, with what it has there from now on."""
    for container in observed.containers:
        service = desired.services.get(container.service)
        for target in (at for at, mount in container.values["volumes"] if mount[:2] == ("volume", volume)):
            if service and (mount := dict(service.asked["volumes"]).get(target, ("",)))[:2] != ("volume", volume):
                yield container.address, _what_comes(target, mount, service, observed)


def _what_comes(target: str, mount: Value, service: DesiredService, observed: Observed) -> str:
    if mount[0] != "volume" or not mount[1]:
        return f"has {mount_texts(service)[target]} in its place" if mount[0] else f"has no volume at {target} any more"
    keys = {name: key for key, name in service.context.volumes.items()}
    state = "which is there already" if mount[1] in observed.volumes else "new and empty"
    return f"gets volume.{keys.get(mount[1], mount[1])} in its place, {state}"


def _nearest(key: str, left: Mapping[str, ObservedThing]) -> str | None:
    """The one that is left, or, of several, the one that is called most like it."""
    if len(left) == 1:
        return next(iter(left))
    keys = {thing.key: name for name, thing in left.items()}
    return next((keys[near] for near in get_close_matches(key, keys, n=1, cutoff=0.5)), None)


def _in_its_place(desired: Desired, observed: Observed, left: Set[str]) -> Iterator[tuple[str, str]]:
    """The volume that a service asks for at a target where its container has one that is `left`, with that one."""
    for service in desired.services.values():
        asked = {target: value[1] for target, value in service.asked["volumes"] if value[0] == "volume" and value[1]}
        for container in observed.of_service(service.name):
            for target, value in container.values["volumes"]:
                if value[0] == "volume" and value[1] in left and target in asked:
                    yield asked[target], value[1]
