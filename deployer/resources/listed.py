"""The engine's lists, decoded: networks, volumes, and the containers of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from deployer.fields import network, volume
from deployer.fields.container_names import SUCCESSOR, service_named
from deployer.fields.copies import COPIES
from deployer.fields.field import Context, Field, Json, section
from deployer.resources import identity
from deployer.resources.applied import decode
from deployer.resources.duplicates import made_as, name_of
from deployer.resources.inspected import mounted, rows_of
from deployer.resources.observed import Duplicate, Neighbour, ObservedThing


def neighbour_of(listed: Json) -> Neighbour:
    """A container that is not of the stack, from the list of all."""
    joined = section(listed, "NetworkSettings.Networks").items()
    networks = frozenset(each["NetworkID"] or name for name, each in joined)  # of one never started, names alone
    return Neighbour(
        name_of(listed),
        ports_of(listed),
        networks,
        listed["Id"],
        image_id=listed.get("ImageID", ""),
        mounts=mounted(listed),
        addressed=frozenset(each["NetworkID"] for _, each in joined if each.get("IPAddress")),
    )


def duplicate_of(listed: Json) -> Duplicate:
    labels: Mapping[str, str] = listed["Labels"]
    name = name_of(listed)
    return Duplicate(name, labels[identity.SERVICE], identity.number_of(labels) or identity.number_in(name))


def names_of_their_own(listed: Iterable[Json], stack: str) -> dict[str, str]:
    """The services of a stack by the names that their containers have, or were made with, besides those that they
    would have anyway: others may know them by these still.
    """
    found: dict[str, str] = {}
    for each in listed:
        labels: Mapping[str, str] = each.get("Labels") or {}
        service = labels.get(identity.SERVICE)
        if not service or not identity.is_of(stack, labels):
            continue
        for name in (*(name.lstrip("/") for name in each.get("Names") or ()), made_as(labels)):
            if name and service_named(name, Context(stack=stack))[0] != service:
                found[name.removesuffix(SUCCESSOR)] = service
    return found


def ports_of(listed: Json) -> frozenset[tuple[str, int, str]]:
    return frozenset(
        (port.get("IP", ""), port["PublicPort"], port["Type"])
        for port in listed.get("Ports") or ()
        if port.get("PublicPort")
    )


def network_of(listed: Json, stack: str) -> ObservedThing:
    return _thing(listed["Id"], listed, stack, identity.NETWORK, network.FIELDS)


def networks_of(
    listed: Sequence[Json], stack: str, used: Set[str]
) -> tuple[dict[str, ObservedThing], tuple[ObservedThing, ...]]:
    """The networks by name, and their twins: of two of one name the one counts that is used, else the older one."""
    ordered = sorted(listed, key=lambda each: (each["Id"] not in used, each.get("Created", "")))
    networks: dict[str, ObservedThing] = {}
    twins: list[ObservedThing] = []
    for each in (network_of(one, stack) for one in ordered):
        if each.name not in networks:
            networks[each.name] = each
        elif each.ours:
            twins.append(each)
    return dict(sorted(networks.items())), tuple(twins)


def volume_of(listed: Json, stack: str) -> ObservedThing:
    return _thing(listed["Name"], listed, stack, identity.VOLUME, volume.FIELDS)


def _thing(id: str, listed: Json, stack: str, key_label: str, rows: tuple[Field, ...]) -> ObservedThing:
    labels: Mapping[str, str] = section(listed, "Labels")
    return ObservedThing(
        id=id,
        name=listed["Name"],
        key=labels.get(key_label, ""),
        ours=labels.get(identity.PROJECT) == stack,
        origin=identity.origin_of(labels),
        values=rows_of(rows, listed, Context()),
        applied=(applied := decode(labels.get(identity.APPLIED), rows)),
        damaged=(identity.APPLIED,) if identity.APPLIED in labels and not applied else (),
        raw=listed,
    )


def copies_without_a_container(volumes: Sequence[Json], containers: Sequence[Json], stack: str) -> tuple[str, ...]:
    """The volumes of the stack's secrets that no container of the engine has, from the lists of all."""
    used = {mount.get("Name") for listed in containers for mount in listed.get("Mounts") or ()}
    ours = (each["Name"] for each in volumes if section(each, "Labels").get(COPIES) == stack)
    return tuple(sorted(name for name in ours if name not in used))
