"""Containers that bear the labels of a replica and are none: they are left alone, and that is said."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.errors import Diagnostic
from deployer.resources.identity import container_address
from deployer.resources.observed import Observed


def duplicates(observed: Observed) -> Iterator[Diagnostic]:
    for each in observed.duplicates:
        address = container_address(each.service, each.number) if each.number else f"service.{each.service}"
        message = f"the container {each.name} bears the labels of {address}, and is not it: it is left alone"
        hint = f"docker rm -f {each.name}, or run it without the labels"
        yield Diagnostic("duplicate-labels", message, hint=hint)
