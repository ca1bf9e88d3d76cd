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


def test_since_when_is_of_the_stack_and_not_of_its_file(surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch):
    """A stack is called otherwise in a commit, and called back: each time something else is at its file."""
    now = iter(range(1000))
    monkeypatch.setattr("deployer.gitops.shared.time.time", lambda: float(next(now)))

    def since(path: str, stack: str, condition: Condition, reason: Reason) -> float:
        memory = surroundings.memory_of_gone(path, stack) if reason is Reason.FILE_GONE else None
        return surroundings.say(path, condition, reason, "so it is", "c", stack, memory=memory).since

    ready, gone = (Condition.READY, Reason.IN_STEP), (Condition.DRIFTED, Reason.FILE_GONE)
    first = since("stack.yaml", "old", *ready)
    assert since("stack.yaml", "old", *ready) == first
    began = since("stack.yaml", "new", *ready)
    went = since("stack.yaml", "old", *gone)
    assert first < began < went
    back = since("stack.yaml", "old", *ready)
    assert back > went
    assert since("stack.yaml", "old", *gone) > back


def test_the_agent_is_not_said_to_remove_its_own_stack():
    assert "--prune" in how_to_remove("shop", ours=False)
    assert "--prune" not in how_to_remove("agent", ours=True)
    assert "waits" not in how_to_remove("agent", ours=True, waits=True)
