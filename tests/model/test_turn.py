"""How often the turn is looked at, and when a plan is made anew once it is held."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployer.errors import Busy
from deployer.reconcile import turn
from deployer.resources.records import Record, Records
from tests.model.clock import Clock
from tests.model.deployer_on_model import passing
from tests.model.engine import ModelEngine

STACK = "shop"


class Counting(ModelEngine):
    looks = 0

    def volumes(self, name=""):
        self.looks += 1
        return super().volumes(name)


@pytest.fixture
def engine() -> Iterator[Counting]:
    made = Counting(Clock())
    with passing(made.clock):
        yield made


NONE = Records()


def taken(engine, records=NONE):
    return turn.take(engine, STACK, records, Record(0), "", 60.0, turn.AT_ONCE)


def test_a_look_at_the_turn_is_good_for_a_moment(engine: Counting):
    """All calls of that moment rest on one request."""
    look = turn.looking(engine, STACK, taken(engine), "")
    before = engine.looks
    for _ in range(10):
        look()
    assert engine.looks == before + 1
    engine.clock.sleep(turn.GOOD_FOR)
    look()
    assert engine.looks == before + 2


def test_who_slept_looks_anew_before_it_asks_for_anything(engine: Counting):
    """A turn that was taken over meanwhile is lost."""
    mine = taken(engine)
    look = turn.looking(engine, STACK, mine, "")
    look()
    taken(engine, Records((mine,), dead=frozenset({mine.revision})))
    engine.clock.sleep(60.0)
    with pytest.raises(Busy, match="was lost"):
        look()


def test_who_takes_over_waits_until_no_earlier_look_is_good(engine: Counting):
    mine = taken(engine)
    began = engine.clock.monotonic()
    taken(engine, Records((mine,), dead=frozenset({mine.revision})))
    assert engine.clock.monotonic() - began >= turn.GOOD_FOR


def test_a_turn_follows_records_that_nobody_has_added_to(engine: Counting):
    """Not where another one had the turn, even where nothing is left of that."""
    first = taken(engine)
    there = Records((first,))
    assert turn.follows(engine, STACK, first, Records())
    turn.end(engine, STACK, first, Records())
    second = taken(engine, there)
    assert turn.follows(engine, STACK, second, there)
    assert not turn.follows(engine, STACK, second, Records())
    turn.leave(engine, STACK)
    assert not turn.follows(engine, STACK, taken(engine, there), there)
