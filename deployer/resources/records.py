"""The stack's records: one volume that begins a revision, one that ends it. Their labels are the record;
`docs/records.md` is the format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from deployer.fields.field import Json, section
from deployer.resources import identity

FORMAT = "1"
KEPT = 10
"""How many revisions that succeeded are kept."""

_FORMAT = "io.deployer.record"
_STACK = "io.deployer.stack"
_NONCE = "io.deployer.nonce"
_HOLDER = "io.deployer.holder"
_EXPIRES = "io.deployer.expires"
_UPDATES = "io.deployer.updates"
_DESIRED = "io.deployer.desired"
_RESULT = "io.deployer.result"
_RESOURCES = "io.deployer.resources"

Updates = Mapping[str, Mapping[str, Any]]
"""By container id, then by row: what was asked of a living container, whose label cannot change."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the turn: enough to tell, on the same machine, whether the process still lives."""

    host: str
    boot: str
    pid_namespace: str
    pid: int
    started: str
    user: str

    def __str__(self) -> str:
        return f"{self.user} on {self.host} (process {self.pid})"


@dataclass(frozen=True, slots=True)
class Record:
    """One revision.

    `holder` is None where the record is damaged; `result` is "" as long as it has not ended; `expires` counts seconds
    since 1970; `resources` are the addresses of what the revision leaves there; `volumes` are the names of the
    volumes that are the record.
    """

    revision: int
    nonce: str = ""
    holder: Holder | None = None
    expires: float = 0.0
    origin: str | None = None
    salt: str = ""
    updates: Updates = field(default_factory=dict[str, Mapping[str, Any]])
    resources: frozenset[str] = frozenset()
    result: str = ""
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Records:
    """All of a stack's records, oldest first."""

    all: tuple[Record, ...] = ()
    salt: str = ""

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
        """The newest record that has ended: what it says was reached."""
        return next((record for record in reversed(self.all) if record.result), Record(0))

    def with_salt(self, salt: str) -> Records:
        return replace(self, salt=salt)

    def outdated(self) -> list[Record]:
        """The records that ten newer ones which succeeded make needless."""
        succeeded = [record.revision for record in self.all if record.result == "succeeded"]
        return [record for record in self.all if sum(revision > record.revision for revision in succeeded) >= KEPT]


def records_of(volumes: Sequence[Json], stack: str, holding: int = 0) -> Records:
    """The records among an engine's volumes, less that of the turn which the caller holds.

    They are known by name: a damaged one has no labels to go by, and its number counts all the same.
    """
    pattern = re.compile(rf"{re.escape(stack)}\.deployer\.r(\d+)(\.done)?")
    begun: dict[int, Json] = {}
    ended: dict[int, Json] = {}
    for volume in volumes:
        match = pattern.fullmatch(volume["Name"])
        if match and int(match[1]) != holding:
            (ended if match[2] else begun)[int(match[1])] = volume.get("Labels") or {}
    records = tuple(
        _record(stack, number, begun.get(number), ended.get(number)) for number in sorted(begun.keys() | ended.keys())
    )
    return Records(records, next((record.salt for record in reversed(records) if record.salt), ""))


def _record(stack: str, number: int, begun: Json | None, ended: Json | None) -> Record:
    names = [identity.record_name(stack, number)] if begun is not None else []
    names += [identity.done_name(stack, number)] if ended is not None else []
    labels = begun or {}
    end = ended or {}
    try:
        updates: Any = json.loads(end.get(_UPDATES) or labels.get(_UPDATES) or "{}")
        resources: Any = json.loads(end.get(_RESOURCES) or labels.get(_RESOURCES) or "[]")
        updates = {str(id): dict(rows) for id, rows in updates.items()}
        holder = Holder(**json.loads(labels[_HOLDER]))
        expires = float(labels[_EXPIRES])
    except (ValueError, KeyError, TypeError, AttributeError):
        return Record(
            number,
            origin=labels.get(identity.ORIGIN),
            salt=labels.get(identity.SALT, ""),
            result=end.get(_RESULT, ""),
            volumes=tuple(names),
        )
    return Record(
        revision=number,
        nonce=labels.get(_NONCE, ""),
        holder=holder,
        expires=expires,
        origin=labels.get(identity.ORIGIN),
        salt=labels.get(identity.SALT, ""),
        updates=updates,
        resources=frozenset(map(str, resources)),
        result=end.get(_RESULT, ""),
        volumes=tuple(names),
    )


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
            _HOLDER: json.dumps(asdict(record.holder), sort_keys=True),
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


def nonce_of(volume: Json) -> str:
    return section(volume, "Labels").get(_NONCE, "")
