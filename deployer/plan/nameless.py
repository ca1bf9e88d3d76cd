"""Volumes without a name, which hold data as those with one do: who has them next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployer.fields.field import section
from deployer.resources.desired import DesiredService
from deployer.resources.observed import ObservedContainer


def carried_over(service: DesiredService, container: ObservedContainer) -> dict[str, str]:
    """The volumes without a name that the successor mounts, by target."""
    up = given_up(service, container)
    return {target: name for target, name in container.anonymous.items() if target not in up}


def given_up(service: DesiredService, container: ObservedContainer) -> frozenset[str]:
    """The targets of those that the stack asked for, and no longer does. All others go over, also where the next image
    declares no volume there.
    """
    asked = {target for target, _ in service.asked["volumes"]}
    was: Mapping[str, Any] = (container.applied.fields.get("volumes") if container.applied else None) or {}
    return frozenset(was.keys() - asked - section(container.raw, "Config.Volumes").keys())
