"""What an agent remembers and counts from round to round."""

from __future__ import annotations

import pytest

from deployer.gitops.gone import how_to_remove
from deployer.gitops.rules import Condition, Reason
from deployer.gitops.shared import Surroundings
from tests.gitops.surroundings import surroundings

__all__ = ["surroundings"]


def test_a_failure_counts_in_the_round_in_which_it_happens_and_no_more(surroundings: Surroundings):
    def say() -> bool:
        surroundings.failed = False
        surroundings.say("stack.yaml", Condition.DEGRADED, Reason.COMMIT_FAILED, "it failed", "c")
        return surroundings.failed

    assert [say() for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("condition", [Condition.READY, Condition.DRIFTED, Condition.PROGRESSING])
def test_what_waits_or_is_well_has_not_failed(surroundings: Surroundings, condition: Condition):
    surroundings.say("stack.yaml", condition, Reason.HELD, "it waits", "c")
    assert not surroundings.failed


def test_the_agent_is_not_said_to_remove_its_own_stack():
    assert "--prune" in how_to_remove("shop", ours=False)
    assert "--prune" not in how_to_remove("agent", ours=True)
