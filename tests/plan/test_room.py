"""A network that has too few addresses is known before anything stops."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from deployer.errors import InvalidStack
from deployer.plan.model import Action
from deployer.plan.planner import Options, make_plan
from deployer.plan.room import addresses_in
from deployer.resources.observed import Neighbour, Observed, ObservedThing
from tests.upgrades.kept import STACK, Kept, kept

FIXED = f"{STACK}_fixed"


def bridge(*configs: dict[str, Any], driver: str = "bridge") -> dict[str, Any]:
    return {"Driver": driver, "IPAM": {"Config": list(configs)}}


@pytest.mark.parametrize(
    ("raw", "room"),
    [
        (bridge({"Subnet": "10.0.0.0/29", "Gateway": "10.0.0.1"}), 5),
        (bridge({"Subnet": "10.0.0.0/24"}), 253),
        (bridge({"Subnet": "10.0.0.0/29"}, {"Subnet": "fd00::/64"}), 5),
        (bridge({"Subnet": "10.0.0.0/29", "AuxiliaryAddresses": {"router": "10.0.0.2"}}), 4),
        (bridge({"Subnet": "10.0.0.0/24", "IPRange": "10.0.0.8/30"}), None),
        (bridge({"Subnet": "10.0.0.0/29"}, driver="macvlan"), None),
        (bridge(), None),
    ],
)
def test_how_many_containers_fit_is_told_by_the_subnet(raw: dict[str, Any], room: int | None):
    """Where it can be: other drivers and ranges have rules of their own."""
    assert addresses_in(raw) == room


def narrow(found: Kept, others: int) -> Observed:
    """The network of one service, with room for five, and so many containers of others in it."""
    observed = found.observed
    network = observed.networks[FIXED]
    raw = {**network.raw, "IPAM": {"Config": [{"Subnet": "10.213.7.0/29"}]}}
    neighbours = {
        f"other{number}": Neighbour(f"other{number}", frozenset(), addressed=frozenset({network.id}))
        for number in range(others)
    }
    networks: dict[str, ObservedThing] = {**observed.networks, FIXED: replace(network, raw=raw)}
    return replace(observed, networks=MappingProxyType(networks), neighbours=neighbours)


def with_users(*changes: tuple[str, str]) -> Kept:
    found = kept("contents")
    for before, after in changes:
        assert before in found.text
        found.text = found.text.replace(before, after)
    return found


def test_what_fits_is_carried_out():
    found = kept("contents")
    observed = narrow(found, others=4)
    plan = make_plan(found.desired, observed, found.stack.place, Options(replace=frozenset({"addressed"})))
    assert Action.REPLACE in {each.action for each in plan.changes}


def test_one_too_many_is_refused_at_the_network():
    """And what would have been replaced meanwhile goes on."""
    found = kept("contents")
    observed = narrow(found, others=5)
    with pytest.raises(InvalidStack, match="addresses for 5 containers, and 6 are to be in it") as refused:
        make_plan(found.desired, observed, found.stack.place, Options(replace=frozenset({"addressed"})))
    (told,) = refused.value.diagnostics
    assert told.code == "no-address-left"
    assert told.place
