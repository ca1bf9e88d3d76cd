"""Which network of a container is its way out: published ports and connections to the outside go through it."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.fields.attachments import options_of
from deployer.fields.field import Value
from deployer.plan.differences import Facts
from deployer.resources.desired import DesiredService
from deployer.resources.observed import ObservedContainer


def way_out_moves(service: DesiredService, container: ObservedContainer, facts: Facts) -> tuple[str, str] | None:
    """From which network to which, by key, as a living container joins some and leaves others; "" is none any more.

    The engine takes, of those that are not internal, the one with the highest `gw_priority`, of several the first by
    name (docs.docker.com/engine/network, "Connecting to multiple networks").
    """
    if not container.is_alive:
        return None
    before = _first(container.values["networks"], service, facts)
    after = _first(service.asked["networks"], service, facts)
    return (before, after) if before and before != after else None


def about_way_out(before: str, after: str) -> str:
    """Which connections end with that, and why."""
    return f"through published ports and to the outside (by {after or 'no network'}, no longer by {before})"


def _first(entries: Value, service: DesiredService, facts: Facts) -> str:
    def ranked() -> Iterator[tuple[int, str, str]]:
        for key, entry in entries:
            name = service.context.networks.get(key, key)
            if not _is_internal(name, facts):
                yield -int(options_of(entry).get("gw_priority") or 0), name, key

    return min(ranked(), default=(0, "", ""))[2]


def _is_internal(name: str, facts: Facts) -> bool:
    there = facts.observed.networks.get(name)
    if there:
        return bool(there.values.get("internal"))
    return any(each.name == name and each.asked.get("internal") for each in facts.desired.networks.values())
