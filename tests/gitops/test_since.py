"""Since when a stack has its condition, whoever says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.gitops.rules import Condition, Reason
from deployer.gitops.shared import Surroundings
from deployer.gitops.since import following, since
from tests.gitops.surroundings import surroundings, surroundings_in

__all__ = ["surroundings"]

READY, PROGRESSING, DEGRADED, DRIFTED = Condition.READY, Condition.PROGRESSING, Condition.DEGRADED, Condition.DRIFTED


def after(*conditions: Condition) -> float:
    """Since when the last of them is so, each of them being said a second after the one before it, from 0 on."""
    noted: object = None
    for second, condition in enumerate(conditions):
        noted = following(noted, condition, float(second))
    assert isinstance(noted, list)
    return noted[1]


def test_it_is_when_the_condition_became_another_one():
    assert after(READY, READY, DEGRADED, DEGRADED) == 2


@pytest.mark.parametrize("condition", [DEGRADED, DRIFTED])
def test_a_try_that_changes_nothing_does_not_end_it(condition: Condition):
    assert after(READY, condition, PROGRESSING, PROGRESSING, condition) == 1


def test_what_was_done_meanwhile_does():
    assert after(DEGRADED, PROGRESSING, READY) == 2
    assert after(DEGRADED, PROGRESSING, READY, DEGRADED) == 3


def test_a_stack_is_ready_since_its_last_change():
    assert after(READY, PROGRESSING, READY) == 2


def test_an_agent_that_is_started_anew_says_the_same(tmp_path: Path):
    def say() -> float:
        """As a process of its own."""
        status = surroundings_in(tmp_path).say("stack.yaml", DEGRADED, Reason.CRASHES, "it crashes", "c")
        return status.since

    assert say() == say()


def test_of_two_stacks_each_has_its_own(surroundings: Surroundings):
    clone = surroundings.clone
    assert since(clone, "a", READY, 1.0) == 1.0
    assert since(clone, "b", READY, 2.0) == 2.0
    assert since(clone, "a", READY, 3.0) == 1.0


@given(st.recursive(st.none() | st.text() | st.floats() | st.integers(), st.lists), st.sampled_from(Condition))
def test_whatever_somebody_made_of_the_file(noted: object, condition: Condition):
    assert following(noted, condition, 1.0)[0] == condition.value


@given(st.lists(st.sampled_from(Condition), min_size=1))
def test_it_is_never_later_than_when_the_condition_was_first_said_without_a_break(conditions: list[Condition]):
    last = conditions[-1]
    began = len(conditions)
    while began and conditions[began - 1] is last:
        began -= 1
    assert after(*conditions) <= began
