"""An answer that was lost, and when what was asked is asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from deployer.errors import Diagnostic, Unreachable
from deployer.reconcile import lost
from deployer.reconcile.protocol import Reader

LOST = Unreachable(Diagnostic("engine-lost", "the connection broke"))


class Clock:
    """An engine that is asked for the time, and answers from the time of that number on."""

    def __init__(self, answers_at: int) -> None:
        self.asked, self.answers_at = 0, answers_at

    def now(self) -> float:
        self.asked += 1
        if self.asked < self.answers_at:
            raise LOST
        return 0.0


def engine(answers_at: int = 1) -> Reader:
    return cast("Reader", Clock(answers_at))


def failing(error: Exception) -> Callable[[], Any]:
    def ask() -> Any:
        raise error

    return ask


def test_what_got_no_answer_is_asked_again_where_the_engine_is_there() -> None:
    assert lost.asked_again(engine(), failing(LOST), lambda: "the second one") == "the second one"


def test_an_engine_that_comes_back_is_waited_for() -> None:
    assert lost.asked_again(engine(answers_at=3), failing(LOST), lambda: "then") == "then"


def test_an_engine_that_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost, "RETURNS", 0.05)
    with pytest.raises(Unreachable, match="the connection broke"):
        lost.asked_again(engine(answers_at=1000), failing(LOST), lambda: "never")


def test_a_third_answer_that_is_lost_is_the_last() -> None:
    with pytest.raises(Unreachable):
        lost.asked_again(engine(), failing(LOST), failing(LOST))


def test_a_registry_that_is_out_of_reach_is_no_lost_answer() -> None:
    """The engine did answer, and said so."""
    away = Unreachable(Diagnostic("registry-unreachable", "no registry there"))
    with pytest.raises(Unreachable, match="no registry there"):
        lost.asked_again(engine(), failing(away), lambda: "never")
