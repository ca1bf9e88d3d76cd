"""The turn: one apply at a time. Who creates the next record has it; the engine's volume create is atomic and says who
was first.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from deployer.errors import Busy, Diagnostic
from deployer.reconcile.holder import myself, with_the_dead
from deployer.reconcile.lost import asked_again
from deployer.reconcile.protocol import Engine, Json, Reader
from deployer.resources import identity
from deployer.resources.record_labels import begin_body, end_body, further_bodies, of_volume, records_of
from deployer.resources.records import DIED, FORMAT, Record, Records

GRACE = 30.0
"""Seconds that a holder has after its `--timeout`, to put things back."""

TICK = 0.5

GOOD_FOR = 0.25
"""Seconds for which a look at the turn is good. Who takes it away from somebody waits so long before it acts."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How one comes to the turn: `until`, by the monotonic clock, it is waited for; `take_over` does not wait for who
    has it, but takes it away. `waiting` is told once who is waited for.
    """

    until: float = 0.0
    take_over: bool = False
    waiting: Callable[[Record], None] = lambda _: None


AT_ONCE = Patience()
"""Busy is busy."""


def await_free(reader: Reader, stack: str, patience: Patience) -> Records:
    """The records once nobody has the turn. Raises Busy, which names the holder, when that takes too long."""
    told = False
    while True:
        records = with_the_dead(reader, _read(reader, stack), all_are=patience.take_over)
        if records.at_work is None:
            return records
        if time.monotonic() >= patience.until:
            raise busy(stack, records.at_work)
        if not told:
            patience.waiting(records.at_work)
            told = True
        time.sleep(TICK)


def records_now(reader: Reader, stack: str) -> Records:
    """The records as they are, those of the dead marked: for who only reads them."""
    return with_the_dead(reader, _read(reader, stack))


def take(
    engine: Engine, stack: str, records: Records, wanted: Record, desired: str, seconds: float, patience: Patience
) -> Record:
    """Take the turn for a new revision, for as many seconds.

    `wanted` says what the revision is to reach. Raises Busy, which names the holder.
    """
    me = myself(engine)
    while True:
        mine = replace(
            wanted,
            revision=records.revision + 1,
            nonce=secrets.token_hex(16),
            holder=me,
            expires=engine.now() + seconds + GRACE,
            salt=records.salt or wanted.salt,
        )
        if _written(engine, stack, mine, desired):
            if records.abandoned:  # the last look of somebody who is taken for dead may be good yet
                time.sleep(GOOD_FOR)
            return mine
        # Somebody was first, and may be done by now: what is left is seen when the turn is taken.
        records = await_free(engine, stack, patience)


def follows(reader: Reader, stack: str, mine: Record, before: Records) -> bool:
    """Whether nobody else has had the turn between those records and the own one."""
    there = [(record.revision, record.nonce) for record in _read(reader, stack).all]
    return there == [(record.revision, record.nonce) for record in (*before.all, mine)]


def look(engine: Engine, stack: str, mine: Record, desired: str) -> None:
    """Raise Busy unless the turn is still held: the own record is there, and no higher number is.

    Where all records are gone (`docker volume prune -a`), nobody has taken the turn: within its time, the own one is
    written again.
    """
    newest = _read(engine, stack).newest
    if newest and (newest.revision, newest.nonce) == (mine.revision, mine.nonce):
        return
    if not newest and engine.now() <= mine.expires and _written(engine, stack, mine, desired):
        return
    other = newest if newest and (newest.revision >= mine.revision or not newest.result) else None
    if other:
        who = f" to {other.holder} (revision {other.revision})" if other.holder else ""
        hint = "that one goes on from what was done here; apply again when it is done"
    else:
        who = f", as somebody else has removed its record {identity.record_name(stack, mine.revision)}"
        hint = "apply again: that goes on from what was done here"
    raise Busy(Diagnostic("turn-lost", f"the turn of {stack} was lost{who}: this apply does nothing more", hint=hint))


def looking(engine: Engine, stack: str, mine: Record, desired: str) -> Callable[[], None]:
    """What looks at the turn, whichever thread calls it, unless the last look is good yet. One that slept looks anew,
    also where one of its clocks stood still meanwhile.
    """
    alone = threading.Lock()
    looked: list[tuple[float, float]] = []

    def look_unless_good() -> None:
        with alone:
            now = time.monotonic(), time.time()
            if looked and all(0 <= at - before < GOOD_FOR for before, at in zip(looked[0], now, strict=True)):
                return
            look(engine, stack, mine, desired)
            looked[:] = [now]

    return look_unless_good


def end(engine: Engine, stack: str, record: Record, records: Records, images: str = "") -> None:
    """End the turn with the record's result, what it reached and the `images` that run, end those of the dead, and drop
    the records that are no longer needed.
    """
    _made(engine, end_body(stack, record, images))
    for dead in records.abandoned:
        _made(engine, end_body(stack, replace(dead, result=DIED)))
    for old in replace(records, all=(*records.all, record)).outdated(record.about.keep):
        _removed(engine, old.volumes)
    _removed(engine, records.strays)


def forget(engine: Engine, records: Records) -> None:
    """Remove the records, oldest first."""
    _removed(engine, records.strays)
    for record in records.all:
        _removed(engine, record.volumes)


def leave(engine: Engine, stack: str) -> None:
    """Remove all records, that of the turn last: nothing is left of the stack."""
    forget(engine, _read(engine, stack))


def _written(engine: Engine, stack: str, mine: Record, desired: str) -> bool:
    """Whether the record is the own one, once all of it was asked for; else nothing of it is there."""
    there = of_volume(stack, mine.revision, _made(engine, begin_body(stack, mine, desired)))
    if there.nonce != mine.nonce:
        return False
    for body in further_bodies(stack, mine.revision, desired):
        _made(engine, body)
    return True


def _made(engine: Engine, body: Json) -> Json:
    """The volume of that name: made now, or there already, so that it may be asked for twice."""
    make = partial(engine.create_volume, body)
    return asked_again(engine, make, make)


def _removed(engine: Engine, volumes: Iterable[str]) -> None:
    for name in volumes:
        remove = partial(engine.remove_volume, name)
        asked_again(engine, remove, remove)


def busy(stack: str, record: Record) -> Busy:
    unread = "damaged" if record.format == FORMAT else f"of a later version (format {record.format})"
    who = f": {record.holder}" if record.holder else f", whose record is {unread}"
    return Busy(
        Diagnostic(
            "busy",
            f"another apply of {stack} is at work{who}, revision {record.revision}",
            hint="try again when it is done, or wait for it, by --lock-timeout 5m; if you know that it is dead, take "
            "over, by --take-over",
        )
    )


def _read(reader: Reader, stack: str) -> Records:
    return records_of(reader.volumes(name=f"{stack}.deployer.r"), stack)
