"""The turn: one apply at a time. Who creates the next record has it; the engine's volume create is atomic and says who
was first.
"""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from deployer.errors import Busy, Diagnostic
from deployer.reconcile.protocol import Engine
from deployer.resources.records import Holder, Record, Records, begin_body, end_body, nonce_of


def myself() -> Holder:
    """This process, as a record names it."""
    return Holder(
        host=socket.gethostname(),
        boot=_text("/proc/sys/kernel/random/boot_id"),
        pid_namespace=_link("/proc/self/ns/pid"),
        pid=os.getpid(),
        started=_started(os.getpid()),
        user=_user(),
    )


def is_dead(record: Record, me: Holder, now: float) -> bool:
    """Whether the holder of a record without an end is proven to be gone, or its time is over; a damaged record is
    nobody's.
    """
    holder = record.holder
    if holder is None or now > record.expires:
        return True
    same_world = holder.boot and (holder.boot, holder.pid_namespace) == (me.boot, me.pid_namespace)
    return bool(same_world) and _started(holder.pid) != holder.started


def take(
    engine: Engine, stack: str, records: Records, wanted: Record, desired: str, now: Callable[[], float], seconds: float
) -> Record:
    """Take the turn for a new revision, for as many seconds.

    `wanted` says what the revision is to reach. Raises Busy, which names the holder.
    """
    refuse_if_busy(stack, records, now())
    mine = replace(
        wanted,
        revision=records.revision + 1,
        nonce=secrets.token_hex(16),
        holder=myself(),
        expires=now() + seconds,
        salt=records.salt,
    )
    if nonce_of(engine.create_volume(begin_body(stack, mine, desired))) != mine.nonce:
        raise busy(stack, Record(mine.revision))
    return mine


def end(engine: Engine, stack: str, record: Record, records: Records) -> None:
    """End the turn with the record's result and what it reached, and drop the records that are no longer needed."""
    engine.create_volume(end_body(stack, record))
    for old in records.outdated():
        for name in old.volumes:
            engine.remove_volume(name)


def at_work(records: Records, now: float) -> Record | None:
    """The record of an apply that has the turn now; None where nobody has."""
    newest = records.newest
    return newest if newest and not newest.result and not is_dead(newest, myself(), now) else None


def refuse_if_busy(stack: str, records: Records, now: float) -> None:
    """Raise Busy when an apply is at work: what it has begun is neither there nor gone."""
    if record := at_work(records, now):
        raise busy(stack, record)


def busy(stack: str, record: Record) -> Busy:
    who = f": {record.holder}" if record.holder else ""
    return Busy(
        Diagnostic(
            "busy",
            f"another apply of {stack} is at work{who}, revision {record.revision}",
            hint="try again when it is done",
        )
    )


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process started, in clock ticks since the boot (proc(5), field 22 of stat); "" where there is no such
    process, or it is a zombie.
    """
    fields = _text(f"/proc/{pid}/stat").rpartition(") ")[2].split()
    return "" if not fields or fields[0] in ("Z", "X") else fields[19]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
