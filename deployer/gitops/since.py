"""Since when a stack has its condition. It is noted in the clone's folder: a new agent changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.gitops.rules import Condition

if TYPE_CHECKING:
    from deployer.gitops.clone import Clone

_FILE = "since.json"

_OUTLASTS = (Condition.DEGRADED, Condition.DRIFTED)
"""What a try does not end that changes nothing."""


def since(clone: Clone, path: str, condition: Condition, now: float) -> float:
    """When a stack's condition became this one, in seconds since 1970. It is noted where that is now."""
    noted = clone.noted(_FILE)
    before = noted.get(path)
    after = following(before, condition, now)
    if after != before:
        clone.note(_FILE, {**noted, path: after})
    return float(after[1])


def following(noted: object, condition: Condition, now: float) -> list[str | float]:
    """What is noted after a condition was said: it, and since when; of a try, also what was so before it."""
    match noted:
        case [str(was), float(began), *before] if was == condition.value:
            return [was, began, *_pair(before)]
        case [str(was), float(began), *before] if was == Condition.PROGRESSING.value:
            pair = _pair(before)
            return pair if pair[:1] == [condition.value] else [condition.value, now]
        case [str(was), float(began), *_] if condition is Condition.PROGRESSING and was in _OUTLASTS:
            return [condition.value, now, was, began]
        case _:
            return [condition.value, now]


def _pair(noted: list[object]) -> list[str | float]:
    match noted:
        case [str(was), float(began)]:
            return [was, began]
        case _:
            return []
