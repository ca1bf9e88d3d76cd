"""Whose network a container is in, as a stack file would say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deployer.fields.namespaces import joined
from deployer.resources.observed import Neighbour, ObservedContainer


def with_owner(
    container: ObservedContainer, own: Mapping[str, ObservedContainer], neighbours: Mapping[str, Neighbour]
) -> ObservedContainer:
    """The container, its network mode as a stack file would say it: the engine knows the id of whose network it is.

    Where that one is gone, it is what was asked for.
    """
    id = joined(container.raw)
    if not id:
        return container
    mode = container.values["network_mode"]
    if id in own:
        mode = f"service:{own[id].service}"
    elif neighbour := next((each for each in neighbours.values() if each.id == id), None):
        mode = f"container:{neighbour.name}"
    elif container.applied:
        mode = container.applied.fields.get("network_mode") or mode
    return replace(container, values={**container.values, "network_mode": mode})
