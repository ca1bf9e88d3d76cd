"""What is somebody else's, and must be there before anything is done."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.errors import Diagnostic
from deployer.fields.namespaces import MODES, network_named, owners
from deployer.fields.volumes_from import givers
from deployer.plan.diff import PlaceOf
from deployer.resources.desired import Desired
from deployer.resources.observed import Observed


def external_missing(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    for section, wanted, there in (
        ("networks", desired.networks, observed.networks),
        ("volumes", desired.volumes, observed.volumes),
    ):
        for thing in wanted.values():
            if thing.external and thing.name not in there:
                yield Diagnostic(
                    "external-missing",
                    f"the {section[:-1]} {thing.name} is external, and it is not there",
                    place(section, thing.key),
                    f"make it: docker {section[:-1]} create {thing.name}",
                )


def modes_missing(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """A network that a service is in by its `network_mode`."""
    for service in desired.services.values():
        name = network_named(service.asked["network_mode"])
        if name and name not in observed.networks:
            yield Diagnostic(
                "external-missing",
                f"the network {name}, which services.{service.name} is to be in, is not there",
                place("services", service.name, "network_mode"),
                f"make it: docker network create {name}; or write {', '.join(MODES)}",
            )


def owners_missing(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """A container of somebody else, whose namespace or mounts a service is to have."""
    for service in desired.services.values():
        wanted = [
            (name, each.row, f"{each.what} services.{service.name} joins")
            for each, kind, name in owners(service.asked)
            if kind == "container"
        ]
        mounts = f"mounts services.{service.name} has"
        wanted += [
            (name, "volumes_from", mounts)
            for kind, name in givers(service.asked["volumes_from"])
            if kind == "container"
        ]
        for name, key, whose in wanted:
            if name not in observed.neighbours:
                yield Diagnostic(
                    "external-missing",
                    f"the container {name}, whose {whose}, is not there",
                    place("services", service.name, key),
                    "start it first; it is known by its name, not by its id",
                )
