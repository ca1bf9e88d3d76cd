"""Things that are each right and cannot be together: one field said twice, one target or port used twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from deployer.errors import Diagnostic, Place
from deployer.fields import container
from deployer.fields.field import Context
from deployer.fields.platform import canonical
from deployer.fields.ports import addresses_meet
from deployer.fields.tmpfs import parts
from deployer.stack.limits import limits_that_conflict
from deployer.stack.model import EngineThing, Stack
from deployer.stack.service import COMPLETED, said, written

_RESTART = container.BY_NAME["restart"]
_OF_SEVERAL_NAMES = tuple(row for row in container.FIELDS if row.also)


def conflicts(stack: Stack) -> Iterator[Diagnostic]:
    """Every conflict within a stack."""
    yield from _limits_said_twice(stack)
    yield from _more_than_one_a_host(stack)
    yield from _targets_used_twice(stack)
    yield from _ports(stack)
    yield from _external(stack)
    yield from _names_used_twice(stack)
    yield from _platforms(stack)
    yield from _never_completed(stack)
    yield from limits_that_conflict(stack)


def _limits_said_twice(stack: Stack) -> Iterator[Diagnostic]:
    """One field under two of its names must say one thing (Compose refuses it likewise)."""
    for name, service in stack.services.items():
        for row in _OF_SEVERAL_NAMES:
            values = {
                other: row.kind.normal(value, Context())
                for other in row.names
                if (value := said(service, other)) is not None
            }
            if len(set(values.values())) > 1:
                first, second, *_ = values
                yield Diagnostic(
                    "said-twice",
                    f"services.{name}: {first} and {second} are one field and differ",
                    stack.places.at("services", name, *second.split(".")),
                    "keep one of them",
                )
        if service.scale is not None and service.deploy and service.deploy.replicas not in (None, service.scale):
            yield Diagnostic(
                "said-twice",
                f"services.{name}: scale and deploy.replicas are one field and differ",
                stack.places.at("services", name, "scale"),
                "keep one of them",
            )


def _more_than_one_a_host(stack: Stack) -> Iterator[Diagnostic]:
    for name, service in stack.services.items():
        if service.deploy and service.deploy.mode == "global" and service.replicas > 1:
            key = "deploy.replicas" if service.scale is None else "scale"
            yield Diagnostic(
                "said-twice",
                f"services.{name}: {key} is {service.replicas}, and deploy.mode: global is one a host",
                stack.places.at("services", name, *key.split(".")),
                "keep one of them",
            )


def _targets_used_twice(stack: Stack) -> Iterator[Diagnostic]:
    for name, service in stack.services.items():
        mounted = [("volumes", mount.target) for mount in said(service, "volumes") or ()]
        mounted += [("tmpfs", parts(text)[0]) for text in said(service, "tmpfs") or ()]
        devices = [("devices", device.target) for device in said(service, "devices") or ()]
        for doing, targets in (("mounts", mounted), ("has", devices)):
            yield from _used_twice(stack, name, doing, targets)


def _used_twice(stack: Stack, service: str, doing: str, targets: list[tuple[str, str]]) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for position, (key, target) in enumerate(targets):
        index = sum(other == key for other, _ in targets[:position])
        if target in seen:
            yield Diagnostic(
                "said-twice",
                f"services.{service} {doing} two things at {target}",
                stack.places.at("services", service, key, index),
                "keep one of them",
            )
        seen.add(target)


def _ports(stack: Stack) -> Iterator[Diagnostic]:
    """Two services on one host port, and several replicas on a fixed one."""
    fixed: list[tuple[str, int, tuple[str, str, str]]] = []
    for name, service in stack.services.items():
        for index, port in enumerate(said(service, "ports") or ()):
            expanded: list[tuple[str, str, int, str]] = list(port.expanded())
            bindings = [
                (host, published, protocol)
                for host, published, _, protocol in expanded
                if published and "-" not in published
            ]
            fixed += [(name, index, binding) for binding in bindings]
            if bindings and service.replicas > 1:
                yield Diagnostic(
                    "fixed-port",
                    f"services.{name} has {service.replicas} replicas, and only one can have port {bindings[0][1]}",
                    stack.places.at("services", name, "ports", index),
                    f'write "{port.target}" for a random port each, or scale to 1',
                )
            if shared := next((one for _, one, _, _ in expanded if "-" in one), ""):
                first, _, last = shared.partition("-")
                if int(last) - int(first) + 1 < service.replicas:
                    yield Diagnostic(
                        "fixed-port",
                        f"services.{name} has {service.replicas} replicas, and {shared} has fewer ports",
                        stack.places.at("services", name, "ports", index),
                        "make the range as long as there are replicas",
                    )
    told: set[tuple[str, int]] = set()
    taken: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for other, index, (host, *port) in fixed:
        before = taken[port[0], port[1]]
        one = next((who for who, address in before if addresses_meet(address, host)), None)
        before.append((other, host))
        if one and (other, index) not in told:
            told.add((other, index))
            whose = f"services.{one}" if one != other else "another entry"
            yield Diagnostic(
                "port-taken",
                f"services.{other}: port {port[0]} of the host is published by {whose} already",
                stack.places.at("services", other, "ports", index),
                "publish it on another port or address",
            )


def _external(stack: Stack) -> Iterator[Diagnostic]:
    for section in ("networks", "volumes"):
        for name, thing in getattr(stack, section).items():
            for key in thing.model_fields_set - {"external", "name"} if thing.external else ():
                yield Diagnostic(
                    "external",
                    f"{section}.{name} is external: {key} is for its owner to say",
                    stack.places.key(section, name, key),
                    "take it out, or external",
                )


def _names_used_twice(stack: Stack) -> Iterator[Diagnostic]:
    """One network or volume under two keys. An external volume may have several: nothing is made of it, and containers
    are not known by its key.
    """
    for section, named in (("networks", stack.network_name), ("volumes", stack.volume_name)):
        things: Mapping[str, EngineThing] = getattr(stack, section)
        keys: dict[str, str] = {}
        for key, thing in things.items():
            other = keys.setdefault(named(key), key)
            shared = section == "volumes" and thing.external and things[other].external
            if other != key and not shared:
                yield Diagnostic(
                    "said-twice",
                    f"{section}.{key} and {section}.{other} ({_name_place(stack, section, other)}) are one "
                    f"{section[:-1]}: {named(key)}",
                    _name_place(stack, section, key),
                    "give one of them another name, or take it out",
                )


def _platforms(stack: Stack) -> Iterator[Diagnostic]:
    """An engine has an image of one name for one platform."""
    first: dict[str, tuple[str, str]] = {}
    for name, service in stack.services.items():
        image, own = said(service, "image"), canonical(said(service, "platform") or "")
        if image and own and not service.build:
            other, wanted = first.setdefault(image, (name, own))
            if wanted != own:
                place = stack.places.at("services", other, "platform")
                yield Diagnostic(
                    "said-twice",
                    f"services.{name} wants {image} for {own}, and services.{other} for {wanted} ({place})",
                    stack.places.at("services", name, "platform"),
                    "name one of them by its digest, or by another tag",
                )


def _name_place(stack: Stack, section: str, key: str) -> Place:
    """Where a network or volume says what it is called, else where it stands."""
    path = (section, key, "name")
    return stack.places.at(*path) if stack.places.has(*path) else stack.places.key(section, key)


def _never_completed(stack: Stack) -> Iterator[Diagnostic]:
    """Who waits for a service to complete waits for ever, where the engine starts it again each time that it ends."""
    for name, service in stack.services.items():
        for target, dependency in service.depends_on.items():
            found = written(stack.services[target], _RESTART) if target in stack.services else None
            name_of, policy = (found[0], _RESTART.kind.normal(found[1], Context())) if found else ("", "")
            if dependency.condition == COMPLETED and policy in ("always", "unless-stopped"):
                yield Diagnostic(
                    "never-completed",
                    f"services.{name} waits until {target} has completed, and with restart: {policy} it never does",
                    stack.places.at("services", target, *name_of.split(".")),
                    'say restart: "no" or on-failure',
                )
