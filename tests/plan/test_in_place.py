"""What a change without a new container costs: who leaves a network and joins it again is missed for a moment."""

from __future__ import annotations

import json

import pytest

from deployer.plan.model import Action, Call, Change
from deployer.render.plan_json import as_object
from deployer.render.risks import risks
from tests.upgrades.kept import Kept, kept

ALIAS = "        - www\n"
JOINED = "      front:\n        aliases:\n        - www\n      default: {}\n"
ALONE = "      default: {}\n"


def edited(before: str, after: str, *, alive: bool = True) -> Kept:
    """A stack that was applied, and an edit of its file since."""
    found = kept("changes")
    assert before in found.text
    found.text = found.text.replace(before, after)
    if not alive:
        found.container("attached")["State"].update(Status="exited", Running=False)
    return found


def change_of(found: Kept, service: str) -> Change:
    return next(each for each in found.plan.changes if each.address == f"service.{service}[1]")


def test_who_joins_a_network_again_loses_its_connections_there() -> None:
    """The engine may give it another address, too."""
    found = edited(ALIAS, f"{ALIAS}        - shop\n")
    assert change_of(found, "attached").detail == "in place; connections through front break, its address may change"
    assert {kind.title: kind.meets for kind in risks(found.plan)} == {
        "Connections break": (("service.attached[1]", "through front"),)
    }


def test_an_address_of_its_own_stays() -> None:
    found = edited("        - nine\n", "        - nine\n        - ten\n")
    assert change_of(found, "addressed").detail == "in place; connections through fixed break"


def test_of_a_place_in_a_network_a_program_reads_that_connections_break() -> None:
    """`gap` is about a service that does not run; this one runs on."""
    (change,) = as_object(edited(ALIAS, f"{ALIAS}        - shop\n").plan)["changes"]
    assert (change["gap"], change["breaks"]) == ("none", ["front"])
    assert "breaks" not in json.dumps(as_object(edited(JOINED, ALONE).plan))


@pytest.mark.parametrize(
    "after",
    [JOINED.replace("default: {}", "default: {}\n      hidden: {}"), ALONE],
)
def test_one_more_network_or_one_less_breaks_nothing_elsewhere(after: str) -> None:
    found = edited(JOINED, after)
    found.text = found.text.replace("\nnetworks:\n", "\nnetworks:\n  hidden: {}\n", 1)
    assert change_of(found, "attached").detail == "in place, no restart"


def test_a_network_that_becomes_the_way_out_ends_connections_through_published_ports() -> None:
    """The engine has one of a container's networks for these, the first by name, and moves them at once."""
    found = edited(JOINED, f"{JOINED}      ahead: {{}}\n")
    found.text = found.text.replace("\nnetworks:\n", "\nnetworks:\n  ahead: {}\n", 1)

    said = "through published ports and to the outside (by ahead, no longer by default)"
    assert change_of(found, "attached").detail == f"in place; connections {said} break"
    assert {kind.title: kind.meets for kind in risks(found.plan)} == {
        "Connections break": (("service.attached[1]", said),)
    }


def test_a_network_without_a_way_out_takes_none() -> None:
    found = edited(JOINED, f"{JOINED}      ahead: {{}}\n")
    found.text = found.text.replace("\nnetworks:\n", "\nnetworks:\n  ahead: {internal: true}\n", 1)
    assert change_of(found, "attached").detail == "in place, no restart"


def test_who_does_not_run_has_no_connections() -> None:
    found = edited(ALIAS, f"{ALIAS}        - shop\n", alive=False)
    assert change_of(found, "attached").detail == "in place, then started"


def test_what_is_paused_is_unpaused() -> None:
    """It is not started: it goes on where it was."""
    found = kept("changes")
    found.container("attached")["State"].update(Status="paused", Paused=True)
    change = change_of(found, "attached")
    assert (change.action, change.detail) == (Action.UNPAUSE, "")
    assert Call.UNPAUSE in {step.call for step in change.steps}
    found.text = found.text.replace(JOINED, ALONE)
    assert change_of(found, "attached").detail == "in place, then unpaused"
    assert not change_of(found, "attached").breaks
