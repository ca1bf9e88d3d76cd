"""Whether who has the turn is dead: by the engine's clock, and by nobody else's."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.reconcile.holder import BLANK, LONGEST, is_dead, myself
from deployer.reconcile.protocol import Reader
from deployer.resources.records import Holder, Record

NOBODY = cast("Reader", None)
"""No engine is asked: none of these runs in a container."""

FAR = Holder("elsewhere", "another boot", "another namespace", 1, "1", "root")
seconds = st.floats(0, 2e9)


@given(expires=seconds, now=seconds)
def test_a_holder_on_another_machine_is_dead_once_its_time_is_over(expires: float, now: float) -> None:
    """Nothing else tells: its process cannot be seen from here."""
    assert is_dead(Record(1, nonce="n", holder=FAR, expires=expires), NOBODY, now) == (now > expires)


@pytest.mark.parametrize("wrong", [-3600.0, 3600.0])
def test_a_wrong_clock_of_this_machine_changes_nothing(wrong: float, monkeypatch: pytest.MonkeyPatch) -> None:
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + wrong)
    record = Record(1, nonce="n", holder=FAR, expires=1000.0)

    assert [is_dead(record, NOBODY, now) for now in (999.0, 1001.0)] == [False, True]


def test_a_process_of_another_machine_is_not_looked_for_here() -> None:
    """It may have the number of one that there is here, or of none."""
    here = _here()
    record = Record(1, nonce="n", holder=replace(here, boot="another boot", started="0"), expires=1000.0)

    assert not is_dead(record, NOBODY, 1.0)
    assert is_dead(replace(record, holder=replace(here, started="0")), NOBODY, 1.0)
    assert not is_dead(replace(record, holder=here), NOBODY, 1.0)


def test_a_process_whose_name_is_no_utf_8_is_looked_at_as_any() -> None:
    """One that has the number of who had the turn."""
    renamed = "open('/proc/self/comm', 'wb').write(b'\\xff'); print(flush=True); input()"
    command = [sys.executable, "-c", renamed]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline()
        holder = replace(_here(), pid=process.pid, started="0")
        assert is_dead(Record(1, nonce="n", holder=holder, expires=1000.0), NOBODY, 1.0)
        process.kill()


def test_a_record_that_cannot_be_read_holds_the_turn_for_a_while() -> None:
    """One of a later version may be at work; one without labels is about to get them, or never will."""
    later, blank = Record(1, nonce="n", made=1000.0), Record(1, made=1000.0)

    assert [is_dead(later, NOBODY, 1000.0 + after) for after in (LONGEST - 1, LONGEST + 1)] == [False, True]
    assert [is_dead(blank, NOBODY, 1000.0 + after) for after in (BLANK - 1, BLANK + 1)] == [False, True]


def _here() -> Holder:
    class Nothing:
        def container(self, _: str) -> None:
            return None

    return myself(cast("Reader", Nothing()))
