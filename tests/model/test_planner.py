"""The planner alone: random stacks on a model of the engine, in whatever state a random past has left it.

`python -m pytest tests/model --cases 20000 --random-seed 1` tries as many.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, seed, settings
from hypothesis import strategies as st

from tests.model.play import Play, is_sound, playing
from tests.model.stacks import Stack, edited, some_deeds, some_stack

Tried = Callable[[Callable[..., None]], Callable[..., None]]

ORDERS = st.integers(0, 1000)
POINTS = st.integers(1, 60)


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Tried:
    """Tries a law as often as `--cases` says."""
    config = request.config
    quietly = {"database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}
    many: Any = settings(max_examples=config.getoption("--cases"), **quietly)
    return lambda law: seed(config.getoption("--random-seed"))(many(law))


@st.composite
def two_stacks(draw: st.DrawFn) -> tuple[Stack, Stack]:
    before = draw(some_stack())
    after = draw(edited(before))
    assume(is_sound(before) and is_sound(after))
    return before, after


def test_whatever_was_done_by_hand_an_apply_leaves_an_empty_plan(tried: Tried) -> None:
    """A stack, edited, with people at work on its engine."""

    @tried
    @given(two_stacks(), some_deeds, ORDERS)
    def holds(stacks: tuple[Stack, Stack], deeds: Any, order: int) -> None:
        def play(on: Play) -> None:
            on.must_settle(stacks[0])
            on.by_hand(deeds)
            on.apply(stacks[1])
            on.must_settle(stacks[1])

        playing(play, order)

    holds()


def test_wherever_an_apply_was_killed_the_next_one_leaves_an_empty_plan(tried: Tried) -> None:
    """Killed twice, with its records or without, and with people at work in between; then the stack or the old one."""

    @tried
    @given(two_stacks(), st.lists(POINTS, min_size=1, max_size=2), st.booleans(), some_deeds, st.booleans(), ORDERS)
    def holds(stacks: tuple[Stack, Stack], kills: list[int], records: bool, deeds: Any, back: bool, order: int) -> None:
        def play(on: Play) -> None:
            on.must_settle(stacks[0])
            for kill in kills:
                on.apply(stacks[1], kill=kill)
                if not records:
                    on.delete_records()
            on.by_hand(deeds)
            on.must_settle(stacks[0 if back else 1])

        playing(play, order)

    holds()


def test_whatever_fails_is_put_back_and_the_next_apply_leaves_an_empty_plan(tried: Tried) -> None:
    """The engine refuses a request, or a new program does not work."""

    @tried
    @given(two_stacks(), POINTS, st.booleans(), ORDERS)
    def holds(stacks: tuple[Stack, Stack], fail: int, back: bool, order: int) -> None:
        def play(on: Play) -> None:
            on.must_settle(stacks[0])
            on.apply(stacks[1], fail=fail)
            on.must_settle(stacks[0 if back else 1])

        playing(play, order)

    holds()
