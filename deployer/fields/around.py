"""The text around something sensitive: what of a value can be shown though a part of it must not.

What is hidden is known by where it came from, a variable with a sensitive name or the user info of a URL, and never
by what it looks like. What can be seen does not depend on it, so nobody learns anything of it from that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from deployer.fields.sensitive import MASK

Span = tuple[int, int]
"""From where, and up to where, a part of a text goes."""

_HOLE = "\0"
"""Stands for what is hidden: no value of the engine's can hold it."""

_WORD = r"[^\s:/@=&?;,|\"'()\[\]{}<>]*"
_TOUCHED = re.compile(f"{_WORD}{_HOLE}{_WORD}")
_USER_INFO = re.compile(r"(?<=://)[^\s\"']*(?=@)")
_OPEN_USER = re.compile(rf"{_HOLE}|[^\s/@\"'():{_HOLE}]*:{_HOLE}")
"""The user info of which all may stay as it is: the password, or all of it, is hidden already."""
_USER_BY_VARIABLE = re.compile(rf"[^\s/@\"'():]*:{_HOLE}")
_USER = re.compile(r"[^\s/@\"'():]*")


@dataclass(frozen=True, slots=True)
class Around:
    """A text with `(sensitive)` in the place of each part that is hidden, and those parts. Of `behind` nothing is ever
    shown.
    """

    text: str
    behind: tuple[str, ...]


def around(value: str, sensitive: Sequence[Span] = (), others: Sequence[Span] = ()) -> Around | None:
    """What can be shown of a text with variables in it, `sensitive` ones and `others`; None where nothing can.

    Hidden are the sensitive parts, what touches one without a delimiter between, as it may be the rest of a password,
    and the user info of URLs but for a user, written out or in a variable that is not sensitive, before a password that
    is a sensitive one. If a part that is hidden stands in what can be seen, too, nothing is shown.
    """
    if _HOLE in value or MASK in value:
        return None
    whole, hidden = _with_holes(value, sensitive, others)
    secret = tuple(hidden)
    for pattern in (_TOUCHED, _USER_INFO):
        whole, hidden = _covered(whole, hidden, pattern)
    if _HOLE not in whole or whole == _HOLE:
        return None
    text = whole.replace(_HOLE, MASK)
    return None if gives_away(text, (*secret, *hidden)) else Around(text, tuple(hidden))


def _with_holes(value: str, sensitive: Sequence[Span], others: Sequence[Span]) -> tuple[str, list[str]]:
    """The text with a hole for each sensitive part, and for each other variable in the user info of a URL that may be
    or hold a password, whatever the values of sensitive ones are; and what is hidden so.
    """
    spans = sorted([*((*span, True) for span in sensitive), *((*span, False) for span in others)])
    ends, starts = [0, *(end for _, end, _ in spans)], [*(start for start, _, _ in spans), len(value)]
    written = [value[start:end] for start, end in zip(ends, starts, strict=True)]
    skeleton = _HOLE.join(written)
    holes = [at for at, each in enumerate(skeleton) if each == _HOLE]
    by_hole = dict(zip(holes, spans, strict=True))
    closed = {
        at
        for found in _USER_INFO.finditer(skeleton)
        for at in holes
        if found.start() <= at < found.end() and not _is_user(value, found, at, by_hole)
    }
    whole, hidden = written[0], list[str]()
    for (hole, (start, end, is_sensitive)), after in zip(by_hole.items(), written[1:], strict=True):
        hides = is_sensitive or hole in closed
        whole += (_HOLE if hides else value[start:end]) + after
        hidden += [value[start:end]] if hides else []
    return whole, hidden


def _is_user(value: str, info: re.Match[str], hole: int, spans: dict[int, tuple[int, int, bool]]) -> bool:
    """Whether a variable in the user info of a URL is its user, before a password that is a sensitive one."""
    start, end, _ = spans[hole]
    before_password = _USER_BY_VARIABLE.fullmatch(info[0]) and hole < info.end() - 1
    return bool(before_password and spans[info.end() - 1][2] and _USER.fullmatch(value[start:end]))


def refilled(text: str, behind: Sequence[str]) -> str | None:
    """A text around hidden parts with others in their places; None where it has not as many places."""
    seen = text.split(MASK)
    if len(seen) != len(behind) + 1:
        return None
    return seen[0] + "".join(f"{part}{after}" for part, after in zip(behind, seen[1:], strict=True))


def hidden_in(value: str, text: str) -> tuple[str, ...] | None:
    """What may be hidden of a value by a text around it; None where that is not of this value. Where the one hidden
    part ends and the next one begins, nobody can tell: the longest and the shortest are given.
    """
    seen = [re.escape(each) for each in text.split(MASK)]
    found = [re.fullmatch(part.join(seen), value, re.DOTALL) for part in ("(.*)", "(.*?)")]
    return tuple(part for each in found if each for part in each.groups()) if all(found) else None


def gives_away(text: str, behind: Sequence[str]) -> bool:
    """Whether one of these parts, or the password of one that is `user:password`, stands in what can be seen."""
    parts = {*behind, *(part.partition(":")[2] for part in behind)} - {""}
    return any(part in each for part in parts for each in text.split(MASK))


def _covered(whole: str, hidden: list[str], pattern: re.Pattern[str]) -> tuple[str, list[str]]:
    """The text with one hole for all that a pattern finds, and what is hidden in each hole then."""
    shown: list[str] = []
    parts: list[str] = []
    left, position = iter(hidden), 0
    for found in pattern.finditer(whole):
        if not found[0] or (pattern is _USER_INFO and _OPEN_USER.fullmatch(found[0])):
            continue
        before = whole[position : found.start()]
        shown += [before, _HOLE]
        parts += [next(left) for _ in range(before.count(_HOLE))]
        parts.append("".join(next(left) if each == _HOLE else each for each in found[0]))
        position = found.end()
    return "".join([*shown, whole[position:]]), [*parts, *left]
