"""Which network of a container is its way out: published ports and connections to the outside go through it."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.fields.attachments import options_of
from deployer.fields.field import Value
from deployer.plan.differences import Facts
from deployer.resources.desired import DesiredService
from deployer.resources.observed import ObservedContainer


def way_out_moves(service: DesiredService, container: ObservedContainer, facts: Facts) -> str:
    """Which connections of a living container end, and by which network it goes out from then on, as it joins some and
    leaves others; "" where that stays as it is.

    The engine takes, of those that are not internal, the one with the highest `gw_priority`, of several the first by
    name (docs.docker.com/engine/network, "Connecting to multiple networks").
    """
    if not container.is_alive:
        return ""
    before = _first(container.values["networks"], service, facts)
    after = _first(service.asked["networks"], service, facts)
    if not before or before == after:
        return ""
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
