"""The stack's records: one volume that begins a revision, one that ends it. Their labels are the record;
`docs/records.md` is the format.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import Any, cast

from deployer.fields.container import FIELDS
from deployer.fields.field import Json, section
from deployer.resources import identity
from deployer.resources.applied import are_sound
from deployer.resources.revisions import KEPT, About, about_of, images_in, pieces

FORMAT = "1"

_FORMAT = "io.deployer.record"
_STACK = "io.deployer.stack"
_NONCE = "io.deployer.nonce"
HOLDER = "io.deployer.holder"
_EXPIRES = "io.deployer.expires"
_UPDATES = "io.deployer.updates"
_DESIRED = "io.deployer.desired"
_ABOUT = "io.deployer.about"
_IMAGES = "io.deployer.images"
_RESULT = "io.deployer.result"
_RESOURCES = "io.deployer.resources"
_PROTECTED = "io.deployer.protected"

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
    the record. Of one that is `damaged` only the number, the nonce and what is plain text are known. `about` is how it
    came about; it `has_stack` where it says what was asked for, `format` is that of its labels. `protected` are the
    names of the volumes that no command removes, None where an earlier deployer did not say.
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
    about: About = field(default_factory=About)
    has_stack: bool = False
    format: str = FORMAT
    protected: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """All of a stack's records, oldest first.

    `dead` are the revisions that have not ended, and whose holder is gone; `updates` is what was asked of living
    containers since they were made; `strays` are volumes that were a part of a record which is gone.
    """

    all: tuple[Record, ...] = ()
    salt: str = ""
    dead: frozenset[int] = frozenset()
    updates: Updates = field(default_factory=dict[str, Mapping[str, Any]])
    strays: tuple[str, ...] = ()

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

    @property
    def protected(self) -> dict[str, int]:
        """The names of the volumes that no command removes, with the revision that says so: the newest whose own holder
        ended it, and all that have begun since, for nobody knows how far these came.
        """
        found: dict[str, int] = {}
        for record in reversed(self.all):
            for name in sorted(record.protected or ()):
                found.setdefault(name, record.revision)
            if record.protected is not None and record.result not in ("", DIED):
                break
        return found

    @property
    def keep(self) -> int:
        """How many revisions are to stay, as the last apply has said."""
        return next((record.about.keep for record in reversed(self.all) if record.about.asks), KEPT)

    def outdated(self, keep: int = KEPT) -> list[Record]:
        """The records that so many newer ones which succeeded make needless.

        Of those that asked for a stack only such count, for ten restarts are no reason to lose the way back.
        """
        succeeded = [record for record in self.all if record.result == SUCCEEDED]
        asking = [record for record in succeeded if record.about.asks]
        return [
            record
            for record in self.all
            if sum(each.revision > record.revision for each in (asking if record.about.asks else succeeded)) >= keep
        ]


def records_of(volumes: Iterable[Json], stack: str, holding: int = 0) -> Records:
    """The records among an engine's volumes, less that of the turn which the caller holds.

    They are known by name: a damaged one has no labels to go by, and its number counts all the same.
    """
    pattern = re.compile(rf"{re.escape(stack)}\.deployer\.r(\d+)(?:\.(done|\d+))?")
    begun: dict[int, Json] = {}
    ended: dict[int, Json] = {}
    further: dict[int, list[str]] = {}
    for volume in volumes:
        match = pattern.fullmatch(volume["Name"])
        if match and int(match[1]) != holding:
            if match[2] in (None, "done"):
                (ended if match[2] else begun)[int(match[1])] = volume
            else:
                further.setdefault(int(match[1]), []).append(volume["Name"])
    records = tuple(
        _record(stack, number, begun.get(number), ended.get(number), further.get(number, ()))
        for number in sorted(begun.keys() | ended.keys())
    )
    strays = [name for number, names in further.items() if number not in begun.keys() | ended.keys() for name in names]
    salt = next((record.salt for record in reversed(records) if record.salt), "")
    return Records(records, salt, strays=tuple(strays))


def _record(stack: str, number: int, begun: Json | None, ended: Json | None, further: Collection[str] = ()) -> Record:
    """What is further than the first goes first: what is left of a record is none."""
    names = [*further, *([identity.record_name(stack, number)] if begun is not None else [])]
    names += [identity.done_name(stack, number)] if ended is not None else []
    labels, end = section(begun or {}, "Labels"), section(ended or {}, "Labels")
    protected = [_names(each.get(_PROTECTED, "")) for each in (end, labels)]
    found = Record(
        number,
        nonce=labels.get(_NONCE, ""),
        made=_seconds((begun or {}).get("CreatedAt")),
        origin=labels.get(identity.ORIGIN),
        salt=labels.get(identity.SALT, ""),
        result=end.get(_RESULT, "") or (FAILED if ended is not None else ""),
        volumes=tuple(names),
        about=about_of(end.get(_ABOUT) or labels.get(_ABOUT, "")),
        has_stack=bool(labels.get(_DESIRED)),
        format=labels.get(_FORMAT, FORMAT),
        protected=next((names for names in protected if names is not None), None),
    )
    if any(_PROTECTED in each and _names(each[_PROTECTED]) is None for each in (end, labels)):
        return replace(found, damaged=begun is not None)
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


def _names(label: str) -> frozenset[str] | None:
    """None where there is no such label, or it cannot be read."""
    try:
        found: Any = json.loads(label)
    except (ValueError, RecursionError):
        return None
    return frozenset(map(str, cast("list[Any]", found))) if isinstance(found, list) else None


def holder_label(holder: Holder) -> str:
    return json.dumps(asdict(holder), sort_keys=True)


def holder_of(label: str) -> Holder:
    """What a later version says besides is left out. Raises ValueError or TypeError where it is no holder."""
    said = json.loads(label)
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

    `desired` is the stack as resolved, compressed, without anything sensitive; of a long one this has the beginning.
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
            **_protected_label(record),
            _DESIRED: pieces(desired)[0],
            _ABOUT: record.about.as_text(),
        },
    }


def _protected_label(record: Record) -> dict[str, str]:
    return {} if record.protected is None else {_PROTECTED: json.dumps(sorted(record.protected))}


def further_bodies(stack: str, revision: int, desired: str) -> list[Json]:
    """The volumes that hold what of a long stack is further than the first piece."""
    name = identity.record_name(stack, revision)
    return [
        {"Name": f"{name}.{number}", "Labels": {_FORMAT: FORMAT, _STACK: stack, _DESIRED: piece}}
        for number, piece in enumerate(pieces(desired)[1:], 2)
    ]


def end_body(stack: str, record: Record, images: str = "") -> Json:
    """The volume whose creation ends the turn: `result`, and what was reached; `images` those that run, compressed."""
    return {
        "Name": identity.done_name(stack, record.revision),
        "Labels": {
            _FORMAT: FORMAT,
            _STACK: stack,
            _NONCE: record.nonce,
            _RESULT: record.result,
            _UPDATES: json.dumps(record.updates, sort_keys=True),
            _RESOURCES: json.dumps(sorted(record.resources)),
            **_protected_label(record),
            _ABOUT: record.about.as_text(),
            _IMAGES: images,
        },
    }


def desired_of(volumes: Iterable[Json], stack: str, revision: int) -> str:
    """The stack that a revision asked for, compressed, as an engine's volumes have it; "" where they have none."""
    name = identity.record_name(stack, revision)
    found = {volume["Name"]: section(volume, "Labels").get(_DESIRED, "") for volume in volumes}
    first, number, text = found.get(name, ""), 2, ""
    while further := found.get(f"{name}.{number}"):
        text, number = text + further, number + 1
    return first + text


def images_of(volumes: Iterable[Json], stack: str, revision: int) -> str:
    """The images that a revision ran, compressed; "" where nothing says."""
    name = identity.done_name(stack, revision)
    return next((section(each, "Labels").get(_IMAGES, "") for each in volumes if each["Name"] == name), "")


def images_ran(volumes: Sequence[Json], stack: str, records: Records) -> frozenset[str]:
    """The references of all images that kept revisions ran which can be gone back to."""
    able = [record.revision for record in records.all if record.result == SUCCEEDED]
    kept = (images_in(images_of(volumes, stack, revision)) for revision in able)
    return frozenset(image.reference for images in kept for image in images.values())
