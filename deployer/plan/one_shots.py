"""When a one-shot must run again though nothing of it has changed: what it did went with the volume it was done in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deployer.fields.field import Effect, section
from deployer.plan.differences import Facts
from deployer.plan.model import Cause, FieldChange
from deployer.plan.nameless import given_up
from deployer.resources.desired import DesiredService
from deployer.resources.inspected import dependencies_on_label
from deployer.resources.observed import ObservedContainer

Loss = tuple[str, FieldChange]
"""The address of what this plan makes anew (a service's has no number), and the field that says so."""


def losses(service: DesiredService, container: ObservedContainer, facts: Facts) -> Iterator[Loss]:
    """What the plan makes anew of the data that the one-shot ran for: its own, and that of all it depends on.

    Its exited container is the evidence that it ran, and no evidence of this.
    """
    if service.completes or (service.may_exit and container.status == "exited"):
        for address, what in _made_anew(service, facts):
            yield address, _loss("volumes", what)
        for direct in service.depends_on:
            for address, what in _made_anew_behind(direct, facts):
                yield address, _loss(f"depends_on.{direct}", what)


def losses_left_out(container: ObservedContainer, facts: Facts) -> Iterator[tuple[str, str]]:
    """The same, with its name, for a container that the plan is not about: what its labels say that it waited for."""
    if container.has_completed:
        for direct in dependencies_on_label(container):
            yield from _made_anew_behind(direct, facts)


def _loss(field: str, what: str) -> FieldChange:
    note = "what it did was in the old one"
    return FieldChange(field, what, "a new, empty one", (Cause.DEPENDENCY,), Effect.REPLACE, note=note)


def _made_anew_behind(name: str, facts: Facts) -> Iterator[tuple[str, str]]:
    """Of a service and of all that it needs, whether or not the plan is about them."""
    waiting, seen = [name], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if service := facts.desired.services.get(name):
            waiting += service.depends_on
            yield from _made_anew(service, facts)
            yield from ((f"service.{name}", f"the volume at {target}") for target in _taken_away(service, facts))
        else:
            waiting += (each for found in facts.observed.of_service(name) for each in dependencies_on_label(found))


def _made_anew(service: DesiredService, facts: Facts) -> Iterator[tuple[str, str]]:
    """Volumes that the plan creates; where the service has no container to take them over from, also those without a
    name that its image declares.
    """
    mounted: Mapping[str, tuple[str, str]] = dict(service.asked["volumes"])
    for kind, source in (value[:2] for value in mounted.values()):
        if kind == "volume" and (address := facts.made.get(source)):
            yield address, address
    image = facts.observed.images.get(facts.images[service.image.address].reference)
    if image and not facts.observed.of_service(service.name):
        for target in sorted(section(image.config, "Volumes").keys() - mounted.keys()):
            yield f"service.{service.name}", f"the volume at {target}"


def _taken_away(service: DesiredService, facts: Facts) -> list[str]:
    """The targets at which its containers have a volume, with a name or asked for, and the file has none any more, or
    one without a name, which is made anew: the service begins with nothing there.
    """
    mounted: Mapping[str, tuple[str, str]] = dict(service.asked["volumes"])
    found: set[str] = set()
    for container in facts.observed.of_service(service.name):
        up = given_up(service, container)
        for target, (kind, source) in ((at, mount[:2]) for at, mount in container.values["volumes"]):
            now = mounted.get(target, ("volume", ""))[:2]
            goes = source or target in up
            if kind == "volume" and now == ("volume", "") and goes and not service.ignores("volumes", target):
                found.add(target)
    return sorted(found)
