"""The records on an engine: one volume that begins a revision, one that ends it. Their labels are the record;
`docs/records.md` is the format.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any, cast

from deployer.fields.container import FIELDS
from deployer.fields.field import Json, section
from deployer.resources import identity
from deployer.resources.applied import are_sound
from deployer.resources.records import FAILED, FORMAT, SUCCEEDED, Holder, Record, Records, Updates
from deployer.resources.revisions import about_of, images_in, pieces, services_images, tree_in

_FORMAT = "io.deployer.record"
_STACK = "io.deployer.stack"
_NONCE = "io.deployer.nonce"
HOLDER = "io.deployer.holder"
EXPIRES = "io.deployer.expires"
_UPDATES = "io.deployer.updates"
DESIRED = "io.deployer.desired"
ABOUT = "io.deployer.about"
_IMAGES = "io.deployer.images"
_RESULT = "io.deployer.result"
_RESOURCES = "io.deployer.resources"
_PROTECTED = "io.deployer.protected"


def records_by_stack(volumes: Iterable[Json]) -> dict[str, Records]:
    """The records of all stacks among an engine's volumes, by the stack's name."""
    found = list(volumes)
    names = {section(each, "Labels").get(_STACK, "") for each in found} - {""}
    by_name: dict[str, list[Json]] = {name: [] for name in names}
    for each in found:
        name = each["Name"].rpartition(".deployer.r")[0]
        if name in by_name:
            by_name[name].append(each)
    return {name: records_of(of_it, name) for name, of_it in by_name.items()}


def records_of(volumes: Iterable[Json], stack: str, holding: int = 0) -> Records:
    """The records among an engine's volumes, less that of the turn which the caller holds.

    They are known by name: a damaged one has no labels to go by, and its number counts all the same.
    """
    pattern = re.compile(re.escape(stack) + identity.RECORD_ENDING)
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
        about=about_of(end.get(ABOUT) or labels.get(ABOUT, "")),
        has_stack=bool(labels.get(DESIRED)),
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
            expires=_finite(labels[EXPIRES]),
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
            EXPIRES: f"{record.expires:.0f}",
            identity.ORIGIN: record.origin or "",
            identity.SALT: record.salt,
            _UPDATES: json.dumps(record.updates, sort_keys=True),
            _RESOURCES: json.dumps(sorted(record.resources)),
            **_protected_label(record),
            DESIRED: pieces(desired)[0],
            ABOUT: record.about.as_text(),
        },
    }


def _protected_label(record: Record) -> dict[str, str]:
    return {} if record.protected is None else {_PROTECTED: json.dumps(sorted(record.protected))}


def further_bodies(stack: str, revision: int, desired: str) -> list[Json]:
    """The volumes that hold what of a long stack is further than the first piece."""
    name = identity.record_name(stack, revision)
    return [
        {"Name": f"{name}.{number}", "Labels": {_FORMAT: FORMAT, _STACK: stack, DESIRED: piece}}
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
            ABOUT: record.about.as_text(),
            _IMAGES: images,
        },
    }


def desired_of(volumes: Iterable[Json], stack: str, revision: int) -> str:
    """The stack that a revision asked for, compressed, as an engine's volumes have it; "" where they have none."""
    name = identity.record_name(stack, revision)
    found = {volume["Name"]: section(volume, "Labels").get(DESIRED, "") for volume in volumes}
    first, number, text = found.get(name, ""), 2, ""
    while further := found.get(f"{name}.{number}"):
        text, number = text + further, number + 1
    return first + text


def images_of(volumes: Iterable[Json], stack: str, revision: int) -> str:
    """The images that a revision ran, compressed; "" where nothing says."""
    name = identity.done_name(stack, revision)
    return next((section(each, "Labels").get(_IMAGES, "") for each in volumes if each["Name"] == name), "")


def images_asked(volumes: Sequence[Json], stack: str, records: Records) -> tuple[int, dict[str, str]]:
    """The newest revision that reached the stack which it asked for, and what each service was to run there; 0 and
    nothing where there is none.
    """
    able = (each for each in reversed(records.all) if each.result == SUCCEEDED and each.about.asks and each.has_stack)
    newest = next(able, None)
    tree = tree_in(desired_of(volumes, stack, newest.revision)) if newest else None
    try:
        return (newest.revision, services_images(tree)) if newest and tree else (0, {})
    except (AttributeError, TypeError):  # it was edited
        return 0, {}


def images_ran(volumes: Sequence[Json], stack: str, records: Records) -> frozenset[str]:
    """The references of all images that kept revisions ran which can be gone back to."""
    able = [record.revision for record in records.all if record.result == SUCCEEDED]
    kept = (images_in(images_of(volumes, stack, revision)) for revision in able)
    return frozenset(image.reference for images in kept for image in images.values())
