"""What a saved plan rests on, as a digest: the same in every process, and nothing that is sensitive goes into it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from typing import Any, cast

from deployer.fields.attachments import less_macs
from deployer.fields.container import FIELDS
from deployer.fields.field import Effect, Value
from deployer.plan.model import FORMAT_VERSION, Change
from deployer.resources.observed import ObservedContainer

LIVING = tuple(sorted(row.name for row in FIELDS if row.effect is not Effect.REPLACE))
"""The rows that can change while a container stays the same one. All others, those that may hold a secret among them,
are as sure as its id.
"""


def fingerprint(changes: Sequence[Change], rests_on: Mapping[str, str]) -> str:
    """The changes, field by field and call by call, and what they rest on. Health is no part of it, nor are the waits
    that depend on it.
    """
    said = [[each.address, each.action, _fields(each), _calls(each)] for each in changes]
    return _digest([FORMAT_VERSION, said, sorted(rests_on.items())])


def basis(old: ObservedContainer | None, image: Sequence[str] = (), mounts: Value = ()) -> str:
    """What a change finds: the container that is there; of one that is made, its image (what it is called, and its id
    where it is there) and its mounts, which lie elsewhere in another checkout.
    """
    there = [old.id, _rows(old)] if old else []
    return _digest([there, list(image), plain(mounts)])[:23]


def _fields(change: Change) -> list[list[str | None]]:
    return [[field.field, field.before, field.after] for field in change.fields]


def _calls(change: Change) -> list[list[str]]:
    return [[step.call, step.target, step.detail] for step in change.steps if not step.call.is_wait]


def _rows(container: ObservedContainer) -> list[Any]:
    """A MAC address that was asked for and is another one is a field of the change."""
    values = {**container.values, "networks": less_macs(container.values.get("networks", ()))}
    return [[row, plain(values.get(row))] for row in LIVING]


def _digest(said: list[Any]) -> str:
    return f"sha256:{hashlib.sha256(json.dumps(said).encode()).hexdigest()}"


def plain(value: Value) -> Any:
    """A canonical value as JSON has it, what has no order in one that no process changes."""
    match value:
        case Mapping():
            pairs = cast("Mapping[str, Value]", value).items()
            return [[key, plain(each)] for key, each in sorted(pairs)]
        case Set():
            return sorted((plain(each) for each in cast("Set[Value]", value)), key=json.dumps)
        case tuple() | list():
            return [plain(each) for each in cast("Sequence[Value]", value)]
        case None | bool() | int() | str():
            return value
        case _ if is_dataclass(value):
            return [plain(getattr(value, each.name)) for each in fields(value)]
        case _ if hasattr(value, "model_dump"):
            return plain(value.model_dump())
        case _:
            return str(value)
