"""What others own of a service (`x-deployer: {ignore: [...]}`): it is as the running container has it.

What is asked for is laid over with that, once, before anything is compared: so no difference is seen, nothing of it is
updated, and a successor is made with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deployer.fields import container as table
from deployer.fields.field import Field, Value
from deployer.plan.recovery import as_it_was, is_half_done
from deployer.resources.desired import Desired, DesiredService
from deployer.resources.observed import Observed, ObservedContainer


def as_many_as_there(desired: Desired, observed: Observed) -> Desired:
    """The same, with as many containers of a service as there are where others say how many. Of none at all the stack
    makes its number.
    """

    def counted(service: DesiredService) -> DesiredService:
        there = sum(not is_half_done(each, observed) for each in observed.of_service(service.name))
        return replace(service, replicas=there or service.replicas) if service.ignores_count else service

    return replace(desired, services={name: counted(service) for name, service in desired.services.items()})


def in_others_networks(desired: Desired, observed: Observed) -> frozenset[tuple[str, str]]:
    """The ids of containers, each with that of a network which it is in because others say so."""
    return frozenset(
        (container.id, network)
        for service in desired.services.values()
        for container in (observed.of_service(service.name) if service.ignored else ())
        for key, network in container.network_ids.items()
        if service.ignores("networks", key)
    )


def ignored_names(service: DesiredService) -> tuple[str, ...]:
    """What a service leaves to others, as a person would write it."""
    names = {name: said.name for name, said in service.written.items()}
    fields = [f"{names.get(row, row)}.{entry}".rstrip(".") for row, entry in service.ignored]
    return tuple(sorted([*fields, *(["deploy.replicas"] if service.ignores_count else [])]))


def as_others_left(service: DesiredService, container: ObservedContainer, observed: Observed) -> DesiredService:
    """The service as it is asked for of this container: what others own is as it is there."""
    if not service.ignored:
        return service
    there = as_it_was(container, observed)
    image = observed.images.get(container.image_id)
    rows = [row for row in table.FIELDS if any(name == row.name for name, _ in service.ignored)]
    own = {row.name: _left(row, service, there, image.config if image else None) for row in rows}
    if "networks" in own:
        own["networks"] = _still_there(own["networks"], service, observed) or service.asked["networks"]
    return replace(service, asked={**service.asked, **own})


def _still_there(networks: Value, service: DesiredService, observed: Observed) -> Value:
    """Those that a new container could join; without any, the engine would put it into its own bridge."""
    known = observed.networks.keys() | service.context.networks.keys()
    return tuple((key, entry) for key, entry in networks if key in known)


def _left(row: Field, service: DesiredService, container: ObservedContainer, image: Mapping[str, Any] | None) -> Value:
    """A row as it would be asked for, for a container to have what this one has."""
    asked = service.asked[row.name]
    have = _asked_for(row, service, container, image)
    if service.ignores(row.name):
        return have
    kept = {entry: value for entry, value in asked if not service.ignores(row.name, entry)}
    theirs = {entry: value for entry, value in have if service.ignores(row.name, entry)}
    return tuple(sorted({**kept, **theirs}.items()))


def _asked_for(
    row: Field, service: DesiredService, container: ObservedContainer, image: Mapping[str, Any] | None
) -> Value:
    """What the container has of a row, less what its image supplies and the engine fills in."""
    asked, was = service.asked[row.name], container.applied.fields.get(row.name) if container.applied else None
    have = row.less_filled(row.less_default(container.values, asked, asked), asked, asked)
    if not row.image:
        return have
    if image is None:  # nobody can tell any more what it supplied: what the stack says, or said, is not that
        said = {*dict(asked), *(was or ())} if row.kind.keyed else set[str]()
        return tuple(each for each in have if each[0] in said) if row.kind.keyed else have if was or asked else asked
    supplied = row.on_image({**service.asked, row.name: row.unset}, image)
    if not row.kind.keyed:
        return row.unset if have == supplied else have
    known = dict(supplied)
    return tuple((entry, value) for entry, value in have if entry not in known or known[entry] != value)
