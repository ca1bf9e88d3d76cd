"""Whether a network has addresses for all that are to be in it.

Who is stopped to be replaced gives its address up for a moment. Where there is none to spare, one that is new takes it,
and neither the new nor the old one could start again: so that is known before anything stops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from ipaddress import IPv4Network, ip_network
from typing import Any

from deployer.errors import NOTHING_TOUCHED, Diagnostic
from deployer.fields.field import Json, section
from deployer.plan.diff import PlaceOf
from deployer.plan.draft import Draft
from deployer.plan.model import Action
from deployer.resources.desired import Desired
from deployer.resources.observed import Observed, ObservedThing

_OWN = 3
"""The addresses of a subnet that no container gets: the network's, its gateway's, and the one for all."""


def networks_full(
    desired: Desired, observed: Observed, drafts: Sequence[Draft], remade: Set[str], place: PlaceOf
) -> Iterator[Diagnostic]:
    for thing in desired.networks.values():
        found = observed.networks.get(thing.name)
        room = addresses_in(found.raw) if found and thing.name not in remade else None
        if found is None or room is None:
            continue
        after, at_once, replaced = _needed(found, observed, drafts)
        if after > room or (at_once > room and replaced):
            many, when = (after, "are to be in it") if after > room else (at_once, "would be in it at a time")
            yield Diagnostic(
                "no-address-left",
                f"the network {thing.name} has addresses for {room} containers, and {many} {when}",
                place("networks", thing.key, "ipam"),
                "give it a larger `subnet`, in `ipam`, for which it is made anew; or let fewer be in it",
                notes=(NOTHING_TOUCHED,),
            )


def addresses_in(raw: Json) -> int | None:
    """How many containers can be in a network as an inspect shows it; None where that cannot be told."""
    configs: list[Mapping[str, Any]] = section(raw, "IPAM").get("Config") or []
    if raw.get("Driver") != "bridge" or any(each.get("IPRange") for each in configs):
        return None
    subnets = [ip_network(each["Subnet"], strict=False) for each in configs if each.get("Subnet")]
    known = [subnet for subnet in subnets if isinstance(subnet, IPv4Network)]
    if len(known) != 1:
        return None
    aside = sum(len(each.get("AuxiliaryAddresses") or ()) for each in configs)
    return max(0, known[0].num_addresses - _OWN - aside)


def _needed(network: ObservedThing, observed: Observed, drafts: Sequence[Draft]) -> tuple[int, int, bool]:
    """How many addresses are needed in the end, how many at a time meanwhile, and whether one of them is given up for a
    moment.
    """
    here = [draft for draft in drafts if draft.service and network.name in draft.networks]
    new = sum(each.change.action is Action.CREATE and not _comes_and_goes(each) for each in here)
    replaced = sum(each.change.action is Action.REPLACE and not _comes_and_goes(each) for each in here)
    others = sum(network.id in each.addressed for each in observed.neighbours.values())
    ours = {each.id for each in observed.containers if _address(each.raw, network.name)}
    gone = {draft.old.id for draft in drafts if draft.old and draft.change.action in (Action.REMOVE, Action.REPLACE)}
    return others + len(ours - gone) + new + replaced, others + len(ours) + new, replaced > 0


def _comes_and_goes(draft: Draft) -> bool:
    return draft.service is not None and draft.service.may_exit


def _address(raw: Json, network: str) -> str:
    joined: Mapping[str, Mapping[str, Any]] = section(raw, "NetworkSettings.Networks")
    return str((joined.get(network) or {}).get("IPAddress") or "")
