"""What of a stack is pushed, and whether something runs it by that name."""

from __future__ import annotations

from collections.abc import Mapping

from deployer.fields.references import parse_reference
from deployer.resources.desired import DesiredImage, DesiredPush
from deployer.stack.model import Stack
from deployer.stack.registries import push_reference


def runs(images: Mapping[str, DesiredImage], push: DesiredPush) -> bool:
    """Whether something runs what is pushed, by the name that it has in the registry."""
    pushed = parse_reference(push.reference)
    return any(each.reference and parse_reference(each.reference) == pushed for each in images.values())


def pushes_of(stack: Stack) -> tuple[DesiredPush, ...]:
    """A build of several registries is several pushes."""
    return tuple(
        DesiredPush(name, to, push_reference(registry, build.tag), registry.service or "", stack.path_of_build(name))
        for name, build in stack.builds.items()
        for to in build.push
        if build.tag and (registry := stack.registries[to])
    )
