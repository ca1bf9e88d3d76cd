"""Who holds the turn, and whether that one still lives."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import replace
from functools import cache
from pathlib import Path

from deployer.fields.field import section
from deployer.reconcile.protocol import Json, Reader
from deployer.resources.records import Holder, Record, Records

BLANK = 60.0
"""Seconds after which a record without a nonce is nobody's: an engine shows a new volume before its labels."""

LONGEST = 3600.0
"""Seconds after which a record is nobody's whose labels, of a later version, do not say when it expires."""


def myself(reader: Reader) -> Holder:
    """This process, as a record names it."""
    me = _this_process()
    found = own_container(reader)
    return replace(me, container=found["Id"], container_started=_started_at(found)) if found else me


def in_a_container() -> bool:
    return bool(_own_id())


def own_container(reader: Reader) -> Json | None:
    """The container of this engine that this process runs in, inspected; None where it runs in none of its."""
    return reader.container(_own_id()) if _own_id() else None


def sees_the_host(reader: Reader) -> bool:
    """Whether the files of the engine's host are this process's, too: it is here, and this is no container of its."""
    info = reader.info()
    return info.is_here and not info.taken and not own_container(reader)


def with_the_dead(reader: Reader, records: Records, *, all_are: bool = False) -> Records:
    """The records with those marked that have not ended, and whose holder is gone.

    Only the newest may be alive; not even that one where the caller knows (`all_are`).
    """
    unended = [record for record in records.all if not record.result]
    if not unended:
        return records
    newest = unended[-1]
    may_live = not all_are and newest.revision == records.revision
    alive = {newest.revision} if may_live and not is_dead(newest, reader, reader.now()) else set[int]()
    return replace(records, dead=frozenset(record.revision for record in unended) - alive)


def is_dead(record: Record, reader: Reader, now: float) -> bool:
    """Whether the holder of a record without an end is proven to be gone, or its time is over.

    `now` counts seconds since 1970 by the engine's clock.
    """
    if not record.nonce:
        return now > record.made + BLANK
    holder = record.holder
    if holder is None:
        return now > record.made + LONGEST
    if now > record.expires:
        return True
    return is_gone(holder, reader)


def is_gone(holder: Holder, reader: Reader) -> bool:
    """Whether it is proven that this process, or its container, is no longer there."""
    return _container_is_gone(holder, reader) or _process_is_gone(holder)


def _container_is_gone(holder: Holder, reader: Reader) -> bool:
    """The engine knew it when the turn was taken; started again, it is another process."""
    if not holder.container:
        return False
    found = reader.container(holder.container)
    return found is None or not found["State"]["Running"] or _started_at(found) != holder.container_started


def _process_is_gone(holder: Holder) -> bool:
    me = _this_process()
    same_world = holder.boot and (holder.boot, holder.pid_namespace) == (me.boot, me.pid_namespace)
    return bool(same_world) and _started(holder.pid) != holder.started


def _started_at(container: Json) -> str:
    return str(section(container, "State").get("StartedAt", ""))


@cache
def _this_process() -> Holder:
    return Holder(
        host=socket.gethostname(),
        boot=_text("/proc/sys/kernel/random/boot_id"),
        pid_namespace=_link("/proc/self/ns/pid"),
        pid=os.getpid(),
        started=_started(os.getpid()),
        user=_user(),
    )


@cache
def _own_id() -> str:
    """The id of the container that this process runs in, "" for none: its engine mounts files of that container's
    folder into it (proc(5), mountinfo).
    """
    found = re.search(r"/containers/([0-9a-f]{64})/(?:hostname|hosts|resolv\.conf) ", _text("/proc/self/mountinfo"))
    return found[1] if found else ""


def _text(path: str) -> str:
    """Names of processes and of mounted folders need be no UTF-8."""
    try:
        return Path(path).read_text(errors="replace").strip()
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
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        return str(os.getuid())
