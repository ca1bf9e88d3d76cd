"""The stack's records: one volume that begins a revision, one that ends it. Their labels are the record;
`docs/records.md` is the format.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import Any, cast

from deployer.fields.container import FIELDS
from deployer.fields.field import Json, section
from deployer.resources import identity
from deployer.resources.applied import are_sound

FORMAT = "1"
KEPT = 10
"""How many revisions that succeeded are kept."""

_FORMAT = "io.deployer.record"
_STACK = "io.deployer.stack"
_NONCE = "io.deployer.nonce"
HOLDER = "io.deployer.holder"
_EXPIRES = "io.deployer.expires"
_UPDATES = "io.deployer.updates"
_DESIRED = "io.deployer.desired"
_RESULT = "io.deployer.result"
_RESOURCES = "io.deployer.resources"

Updates = Mapping[str, Mapping[str, Any]]
"""By container id, then by row: what was asked of a living container, whose label cannot change."""


SUCCEEDED, FAILED, DIED = "succeeded", "failed", "died"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the turn: enough to tell, on the same machine or engine, whether the process still lives.

    `container` is the one of this engine that it runs in, "" for none.
    """

    host: str
    boot: str
    pid_namespace: str
    pid: int
    started: str
    user: str
    container: str = ""
    container_started: str = ""

    def __str__(self) -> str:
        where = f", container {self.container[:12]}" if self.container else ""
        return f"{self.user} on {self.host} (process {self.pid}{where})"


@dataclass(frozen=True, slots=True)
class Record:
    """One revision.

    `holder` is None where the record is damaged, `nonce` "" where nobody can hold it; `result` is "" as long as it has
    not ended; `made` and `expires` count seconds since 1970 by the engine's clock, 0 where nothing says;
    `resources` are the addresses of what the revision leaves there; `volumes` are the names of the volumes that are
    the record. Of one that is `damaged` only the number, the nonce and what is plain text are known.
    """

    revision: int
    nonce: str = ""
    holder: Holder | None = None
    expires: float = 0.0
    made: float = 0.0
    origin: str | None = None
    salt: str = ""
    updates: Updates = field(default_factory=dict[str, Mapping[str, Any]])
    resources: frozenset[str] = frozenset()
    result: str = ""
    volumes: tuple[str, ...] = ()
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class Records:
    """All of a stack's records, oldest first.

    `dead` are the revisions that have not ended, and whose holder is gone; `updates` is what was asked of living
    containers since they were made.
    """

    all: tuple[Record, ...] = ()
    salt: str = ""
    dead: frozenset[int] = frozenset()
    updates: Updates = field(default_factory=dict[str, Mapping[str, Any]])

    @property
    def newest(self) -> Record | None:
        return self.all[-1] if self.all else None

    @property
    def revision(self) -> int:
        return self.all[-1].revision if self.all else 0

    @property
    def origin(self) -> str | None:
        return next((record.origin for record in reversed(self.all) if record.origin), None)

    @property
    def ended(self) -> Record:
        """The newest record whose own holder ended it: what it says was reached."""
        return next((record for record in reversed(self.all) if record.result not in ("", DIED)), Record(0))

    @property
    def at_work(self) -> Record | None:
        """The record of who has the turn now; None where nobody has."""
        newest = self.newest
        return newest if newest and not newest.result and newest.revision not in self.dead else None

    @property
    def abandoned(self) -> tuple[Record, ...]:
        """Those that a dead holder has left without an end."""
        return tuple(record for record in self.all if record.revision in self.dead)

    def outdated(self) -> list[Record]:
        """The records that ten newer ones which succeeded make needless."""
        succeeded = [record.revision for record in self.all if record.result == SUCCEEDED]
        return [record for record in self.all if sum(revision > record.revision for revision in succeeded) >= KEPT]


def records_of(volumes: Iterable[Json], stack: str, holding: int = 0) -> Records:
    """The records among an engine's volumes, less that of the turn which the caller holds.

    They are known by name: a damaged one has no labels to go by, and its number counts all the same.
    """
    pattern = re.compile(rf"{re.escape(stack)}\.deployer\.r(\d+)(\.done)?")
    begun: dict[int, Json] = {}
    ended: dict[int, Json] = {}
    for volume in volumes:
        match = pattern.fullmatch(volume["Name"])
        if match and int(match[1]) != holding:
            (ended if match[2] else begun)[int(match[1])] = volume
    records = tuple(
        _record(stack, number, begun.get(number), ended.get(number)) for number in sorted(begun.keys() | ended.keys())
    )
    return Records(records, next((record.salt for record in reversed(records) if record.salt), ""))


def _record(stack: str, number: int, begun: Json | None, ended: Json | None) -> Record:
    names = [identity.record_name(stack, number)] if begun is not None else []
    names += [identity.done_name(stack, number)] if ended is not None else []
    labels, end = section(begun or {}, "Labels"), section(ended or {}, "Labels")
    found = Record(
        number,
        nonce=labels.get(_NONCE, ""),
        made=_seconds((begun or {}).get("CreatedAt")),
        origin=labels.get(identity.ORIGIN),
        salt=labels.get(identity.SALT, ""),
        result=end.get(_RESULT, "") or (FAILED if ended is not None else ""),
        volumes=tuple(names),
    )
    try:
        updates: Any = json.loads(end.get(_UPDATES) or labels.get(_UPDATES) or "{}")
        resources: Any = json.loads(end.get(_RESOURCES) or labels.get(_RESOURCES) or "[]")
        if not all(are_sound(FIELDS, rows) for rows in updates.values()) or not isinstance(resources, list):
            return replace(found, damaged=begun is not None)
        return replace(
            found,
            updates={str(id): dict(rows) for id, rows in updates.items()},
            holder=holder_of(labels[HOLDER]),
            expires=_finite(labels[_EXPIRES]),
            resources=frozenset(map(str, cast("list[Any]", resources))),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return replace(found, damaged=begun is not None)


def holder_label(holder: Holder) -> str:
    return json.dumps(asdict(holder), sort_keys=True)


def holder_of(label: str) -> Holder:
    said = json.loads(label)
    """What a later version says besides is left out."""
    known = {each.name: said[each.name] for each in fields(Holder) if each.name in said}
    if any(type(value) is not (int if name == "pid" else str) for name, value in known.items()):
        raise ValueError(said)
    return Holder(**known)


def _finite(seconds: str) -> float:
    found = float(seconds)
    if not math.isfinite(found):
        raise ValueError(seconds)
    return found


def _seconds(created: str | None) -> float:
    try:
        return datetime.fromisoformat(created or "").timestamp()
    except ValueError:
        return 0.0


def of_volume(stack: str, number: int, volume: Json) -> Record:
    """The record that a volume begins."""
    return _record(stack, number, volume, None)


def updates_of(records: Records, living: Collection[str], shows: Callable[[str, str, Any], bool]) -> Updates:
    """What was asked of living containers since they were made: by what has ended, and by dead holders where it shows.

    `living` are the containers' ids; `shows` tells whether one has this value, as it would be stored, in that row.
    """
    found = {id: dict(rows) for id, rows in records.ended.updates.items() if id in living}
    for record in records.abandoned:
        for id in record.updates.keys() & set(living):
            shown = {row: value for row, value in record.updates[id].items() if shows(id, row, value)}
            if shown:
                found[id] = {**found.get(id, {}), **shown}
    return found


def begin_body(stack: str, record: Record, desired: str) -> Json:
    """The volume whose creation takes the turn.

    `desired` is the stack as resolved, compressed, without anything sensitive.
    """
    assert record.holder is not None
    return {
        "Name": identity.record_name(stack, record.revision),
        "Labels": {
            _FORMAT: FORMAT,
            _STACK: stack,
            _NONCE: record.nonce,
            HOLDER: holder_label(record.holder),
            _EXPIRES: f"{record.expires:.0f}",
            identity.ORIGIN: record.origin or "",
            identity.SALT: record.salt,
            _UPDATES: json.dumps(record.updates, sort_keys=True),
            _RESOURCES: json.dumps(sorted(record.resources)),
            _DESIRED: desired,
        },
    }


def end_body(stack: str, record: Record) -> Json:
    """The volume whose creation ends the turn: `result`, and what was reached."""
    return {
        "Name": identity.done_name(stack, record.revision),
        "Labels": {
            _FORMAT: FORMAT,
            _STACK: stack,
            _NONCE: record.nonce,
            _RESULT: record.result,
            _UPDATES: json.dumps(record.updates, sort_keys=True),
            _RESOURCES: json.dumps(sorted(record.resources)),
        },
    }


def desired_of(volume: Json) -> str:
    """The stack as it was asked for, compressed, as the volume that begins a revision has it; "" where it has none."""
    return section(volume, "Labels").get(_DESIRED, "")
