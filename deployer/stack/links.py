"""Links to services, and mounts of services, that there are none of or that cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.errors import Diagnostic, did_you_mean
from deployer.fields.links import target
from deployer.fields.volumes_from import giver
from deployer.stack.model import Stack
from deployer.stack.profiles import inactive
from deployer.stack.service import said


def link_mistakes(stack: Stack) -> Iterator[Diagnostic]:
    """Those of `links` and of `volumes_from`."""
    for name, service in stack.services.items():
        for index, link in enumerate(said(service, "links") or ()):
            yield from _named(stack, name, target(link), ("links", index))
        for index, entry in enumerate(said(service, "volumes_from") or ()):
            kind, whose, _ = giver(entry)
            if kind == "service":
                yield from _named(stack, name, whose, ("volumes_from", index))
                yield from _secrets(stack, name, whose, index)


def _named(stack: Stack, name: str, other: str, path: tuple[str, int]) -> Iterator[Diagnostic]:
    place = stack.places.at("services", name, *path)
    if other == name:
        yield Diagnostic("circle", f"{name} depends on itself", place, "take it out")
    elif other in stack.inactive:
        yield inactive(f"services.{name} refers to {other}", stack.inactive[other], place)
    elif other not in stack.services and not stack.places.has("services", other):
        hint = did_you_mean(other, stack.services, "services here")
        yield Diagnostic("undefined-service", f"no service is named {other!r}", place, hint)


def _secrets(stack: Stack, name: str, whose: str, index: int) -> Iterator[Diagnostic]:
    """A container's secrets are in a volume of its own, which goes with it: nobody else must have that."""
    if whose in stack.services and said(stack.services[whose], "secrets"):
        yield Diagnostic(
            "secrets-shared",
            f"services.{name} would have the secrets of {whose} with its mounts",
            stack.places.at("services", name, "volumes_from", index),
            "name the volumes that it needs in volumes; and the secrets in secrets",
        )
