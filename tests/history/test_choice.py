"""Which revision is gone back to, and what is said where it cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.errors import DeployerError
from deployer.history.choice import chosen, why_not
from deployer.resources.records import Holder, Record, Records
from deployer.resources.revisions import About

ME = Holder("edge1", "boot", "pid:[1]", 42, "123", "ops")


def record(number: int, command: str = "apply", result: str = "succeeded", **more: object) -> Record:
    made = Record(number, "n", ME, about=About(command), result=result, has_stack=True)
    return replace(made, **more)


def back(*records: Record, to: int | None = None, same: tuple[int, ...] = ()) -> int:
    """The number that is chosen; those of `same` asked for one and the same stack."""
    found = chosen(Records(records), "shop", to, lambda *both: {each.revision for each in both} <= {*same})
    return found.revision


def refusal(*records: Record, to: int | None = None) -> tuple[int, str]:
    with pytest.raises(DeployerError) as caught:
        back(*records, to=to)
    first = caught.value.diagnostics[0]
    return int(caught.value.exit_code), f"{first.message}; {first.hint}"


def test_without_a_number_it_is_the_last_one_before_the_present():
    assert back(record(1), record(2), record(3)) == 2


def test_one_that_failed_is_no_way_back_and_still_the_present():
    """The apply that failed is what one wants to get away from."""
    assert back(record(1), record(2), record(3, result="failed")) == 2
    assert back(record(1), record(2, result="failed"), record(3)) == 1


def test_a_stop_is_not_the_present():
    """Who stopped the bad version wants the one before it."""
    assert back(record(1), record(2), record(3, "stop web")) == 1


def test_one_that_asked_for_the_same_is_passed_over():
    """Its apply mended drift: to go there would change nothing."""
    assert back(record(1), record(2), record(3), same=(2, 3)) == 1


def test_a_number_is_taken_by_its_word():
    assert back(record(1), record(2), to=2) == 2


def test_an_unknown_number_names_those_that_there_are():
    told = refusal(record(4), record(5), record(7), to=6)
    assert told == (64, "shop has no revision 6; kept are 4 to 5, 7")


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (record(2, result="failed"), "failed"),
        (record(2, result="died"), "died"),
        (record(2, result=""), "has not ended"),
        (record(2, "stop web"), "`stop web`"),
        (record(2, has_stack=False), "earlier deployer"),
        (record(2, damaged=True), "damaged"),
        (record(2, format="2"), "later deployer"),
    ],
)
def test_what_cannot_be_gone_back_to_says_why_and_what_can(found: Record, reason: str):
    code, told = refusal(record(1), found, record(3), to=2)
    assert (code, reason in told, "those that can be: 1, 3" in told) == (65, True, True)
    assert reason in why_not(found)


def test_no_history_is_no_way_back():
    assert refusal()[0] == 1
    assert refusal(to=1)[0] == 1
    assert refusal(record(1)) == (1, "shop has no earlier revision that can be gone back to; see deployer history")
