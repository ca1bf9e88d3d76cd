"""Part of a stack: some services, and what those need."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from deployer.fields.mounts import images_of
from deployer.fields.namespaces import owners
from deployer.resources.desired import Desired
from deployer.resources.identity import container_address
from deployer.resources.pushes import runs
from deployer.resources.registries import service_behind


def narrowed(whole: Desired, names: Collection[str], *, alone: bool = False) -> Desired:
    """Only these services and what they need: what they depend on, unless they are to be `alone`, and the images,
    networks and volumes of those.

    Which builds that takes is known once their Dockerfiles are read.
    """
    needed: set[str] = set()
    waiting = list(names)
    while waiting:
        if (name := waiting.pop()) not in needed:
            needed.add(name)
            waiting += () if alone else whole.services[name].depends_on
            waiting += filter(None, [service_behind(whole.services[name].image.reference, whole.registries)])
    services = {name: service for name, service in whole.services.items() if name in needed}
    images = {each.image.address: whole.images[each.image.address] for each in services.values()}
    mounted = {f"image.{name}" for each in services.values() for name in images_of(each.asked["volumes"])}
    images |= {address: whole.images[address] for address in mounted}
    pushes = tuple(push for push in whole.pushes if runs(images, push))
    networks = {key for service in services.values() for key, _ in service.asked["networks"]}
    volumes = {value[1] for service in services.values() for _, value in service.asked["volumes"]}
    part = replace(
        whole,
        services=services,
        images=images,
        pushes=pushes,
        networks={key: thing for key, thing in whole.networks.items() if key in networks},
        volumes={key: thing for key, thing in whole.volumes.items() if thing.name in volumes},
    )
    left = tuple(sorted(addresses(whole) - addresses(part)))
    return replace(part, left_out=left, left_followers=_followers(whole, services))


def _followers(whole: Desired, services: Collection[str]) -> dict[str, frozenset[str]]:
    """Of each of these services, the others that are in a namespace of it or start anew with it."""
    found: dict[str, frozenset[str]] = {}
    for name, service in whole.services.items():
        joined = {whose for _, kind, whose in owners(service.asked) if kind == "service"}
        for followed in (joined | service.restarts_with) & set(services) if name not in services else ():
            found[followed] = found.get(followed, frozenset()) | {name}
    return found


def addresses(wanted: Desired) -> frozenset[str]:
    """What is wanted, replica by replica; images are no part of it, as others may run them."""
    return frozenset(
        {
            container_address(name, number)
            for name, service in wanted.services.items()
            for number in range(1, service.replicas + 1)
        }
        | {f"network.{key}" for key in wanted.networks}
        | {f"volume.{key}" for key in wanted.volumes}
    )
