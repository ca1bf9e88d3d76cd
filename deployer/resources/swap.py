"""Swap that the host does not count: the engine then shows that it is unlimited, whatever was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from deployer.fields.memory import UNLIMITED
from deployer.resources.observed import ObservedContainer


def less_uncounted_swap(
    containers: Sequence[ObservedContainer], is_counted: Callable[[], bool]
) -> list[ObservedContainer]:
    """The containers, with nothing said of swap where it is unlimited, nobody asked for that, and the host cannot limit
    it. `is_counted` asks the engine: only where there is such a container.
    """
    shown = {each.id for each in containers if each.values["memswap_limit"] == UNLIMITED and not _asked(each)}
    if not shown or is_counted():
        return list(containers)
    return [
        replace(each, values={**each.values, "memswap_limit": 0}) if each.id in shown else each for each in containers
    ]


def _asked(container: ObservedContainer) -> bool:
    return container.applied is not None and container.applied.fields.get("memswap_limit") == UNLIMITED
