"""A network that somebody else's container is in cannot go: what asks for that is told, with its line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.errors import Diagnostic, InvalidStack, of_a_look
from deployer.plan.planner import make_plan
from deployer.resources.observed import Neighbour
from tests.upgrades.kept import STACK, Kept, kept


def refused(found: Kept) -> Diagnostic:
    """What the plan says with a stranger in the network `fixed`."""
    network = found.observed.networks[f"{STACK}_fixed"]
    stranger = Neighbour("stranger", frozenset(), id="s" * 64, networks=frozenset({network.id}))
    observed = replace(found.observed, neighbours={"stranger": stranger})
    with pytest.raises(InvalidStack) as caught:
        make_plan(found.desired, observed, found.stack.place)
    (told,) = caught.value.diagnostics
    return told


def test_the_field_that_asks_for_a_new_network_is_named_with_its_line() -> None:
    found = kept("changes")
    found.text = found.text.replace("tier: inner", "tier: outer")
    told = refused(found)
    line = found.text.splitlines().index("      tier: outer") + 1
    assert (told.code, told.place and told.place.line) == ("in-use", line)
    assert told.message == (
        "network.fixed would have to go (labels.tier differs, so it is to be made anew), "
        "and other containers are in it: stranger"
    )


def test_one_that_was_changed_by_hand_has_no_line() -> None:
    found = kept("changes")
    network = next(each for each in found.state["networks"] if each["Name"] == f"{STACK}_fixed")
    network["Labels"]["tier"] = "outer"
    told = refused(found)
    assert "(labels.tier differs" in told.message


def test_that_nothing_was_touched_is_not_said_by_who_only_looks() -> None:
    found = kept("changes")
    found.text = found.text.replace("tier: inner", "tier: outer")
    told = refused(found)
    assert told.notes == ("nothing was touched",)
    (seen,) = of_a_look(InvalidStack(told)).diagnostics
    assert seen == replace(told, notes=())
