"""An agent is stopped, or woken, at any moment."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Thread, Timer
from typing import Any

from deployer.errors import Diagnostic, Exit, Unreachable
from deployer.gitops.agent import Agent


def test_a_signal_may_come_at_any_step_of_a_wake(agent: Callable[..., Agent]):
    """Its handler runs in the same thread: what it interrupts must hold no lock that it needs."""
    made = agent(lambda _: None)

    def handler(*_: Any) -> Any:
        made.stop("the test")
        return handler

    def interrupted() -> None:
        sys.settrace(handler)
        made.wake()
        sys.settrace(None)

    thread = Thread(target=interrupted, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert made.stopping


def test_of_several_wakes_in_a_round_one_round_follows(agent: Callable[..., Agent]):
    rounds: list[int] = []

    def connect(_: Any) -> Any:
        rounds.append(1)
        if len(rounds) == 1:
            made.wake()
            made.wake()
        else:
            Timer(0.3, made.stop, ["the test"]).start()
        raise Unreachable(Diagnostic("engine-unreachable", "no engine"))

    made = agent(connect, interval=3600.0)
    assert made.run(once=False) is Exit.DONE
    assert len(rounds) == 2
