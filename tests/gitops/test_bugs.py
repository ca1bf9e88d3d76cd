"""A bug of deployer is told, and ends no agent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import Diagnostic, Exit, OperationFailed, Unreachable
from deployer.gitops.agent import Agent
from deployer.gitops.bugs import guarded
from deployer.gitops.git import Stopped
from deployer.gitops.rules import Condition, Reason
from deployer.gitops.shared import Surroundings
from deployer.gitops.status import StackStatus
from tests.gitops.surroundings import surroundings

__all__ = ["surroundings"]

SECRET = "hunter2"
ONE, OTHER = "1" * 40, "2" * 40


@pytest.fixture(autouse=True)
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    return tmp_path / "home/deployer/bug.txt"


def broken() -> StackStatus:
    raise KeyError(SECRET)


def turn(surroundings: Surroundings, commit: str, go: Callable[[], StackStatus]) -> StackStatus:
    return guarded(surroundings, surroundings.memory("a.yaml"), "a.yaml", "shop", commit, go)


def test_it_is_the_condition_of_the_stack_whose_turn_it_was(surroundings: Surroundings, trace: Path):
    status = turn(surroundings, ONE, broken)
    assert (status.stack, status.condition, status.reason) == ("shop", Condition.DEGRADED, Reason.BUG)
    assert status.message.startswith(f"a bug in deployer: KeyError; the trace is in {trace}; it is tried again in ")
    assert SECRET not in status.message
    assert SECRET in trace.read_text()


def test_it_is_tried_again_after_a_pause_and_at_once_with_another_commit(surroundings: Surroundings):
    tried: list[int] = []

    def go() -> StackStatus:
        tried.append(1)
        return broken()

    first = turn(surroundings, ONE, go)
    assert turn(surroundings, ONE, go) is first
    assert len(tried) == 1
    turn(surroundings, OTHER, go)
    assert len(tried) == 2
    surroundings.memory("a.yaml").rests_until = 0.0
    again = turn(surroundings, OTHER, go)
    assert len(tried) == 3
    assert again.message.endswith("it is tried again in 120s")


@pytest.mark.parametrize("error", [Stopped(), OperationFailed(Diagnostic("x", "x"))], ids=["stopped", "foreseen"])
def test_what_is_foreseen_is_no_bug(surroundings: Surroundings, error: Exception, trace: Path):
    def go() -> StackStatus:
        raise error

    with pytest.raises(type(error)):
        turn(surroundings, ONE, go)
    assert not trace.exists()


def test_one_in_the_way_of_a_whole_round_is_told_and_is_the_exit_code_of_a_single_one(
    agent: Callable[..., Agent], told: list[str], trace: Path
):
    def connect(_: Sequence[Any]) -> Any:
        raise KeyError(SECRET)

    made = agent(connect)
    assert made.run(once=True) is Exit.BUG
    assert made.status.trouble == f"a bug in deployer: KeyError; the trace is in {trace}"
    assert told[-1] == f"bug: {made.status.trouble}"


def test_and_the_rounds_go_on(agent: Callable[..., Agent], told: list[str]):
    told_before: list[int] = []

    def connect(_: Sequence[Any]) -> Any:
        told_before.append(sum(line.startswith("bug: ") for line in told))
        if len(told_before) == 1:
            raise KeyError(SECRET)
        made.stop("the test")
        raise Unreachable(Diagnostic("engine-unreachable", "no engine"))

    made = agent(connect)
    assert made.run(once=False) is Exit.DONE
    assert told_before == [0, 1]
