"""Puts the values of variables into a text, by the rules of Compose: `$VAR`, `${VAR:-default}` and their kin.

A text is parsed whole before anything is looked up, so a mistake in a default that is not used is found too. A dollar
sign that starts neither a name nor a brace stands for itself, as in Compose 2.40.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from deployer.errors import Place

HINT = "write `$$` for a dollar sign that is meant as one"
DEEPEST = 50

_DOLLAR = re.compile(r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|(\{))")
_IN_WORD = re.compile(r"[{}]|\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|(\{))")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")


class FromFile(str):
    """The value of a variable that an env file sets, and where it does."""

    __slots__ = ("place",)

    def __new__(cls, value: str, place: Place) -> FromFile:
        made = super().__new__(cls, value)
        made.place = place
        return made

    place: Place


def set_at(name: str, value: str) -> Place:
    """Where a variable is set: its line in an env file, or, without any line, `$NAME of the shell`."""
    return value.place if isinstance(value, FromFile) else Place(f"${name} of the shell", 0, 0)


def is_secret(value: str | None) -> bool:
    """Whether a variable's value is from an encrypted env file, or was made of such a one."""
    return isinstance(value, FromFile) and value.place.secret


class InterpolationError(Exception):
    """A text that cannot be interpolated; `offset` is where in it the trouble starts."""

    def __init__(self, message: str, offset: int, hint: str = HINT) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


class RequiredVariable(InterpolationError):
    """A `${NAME:?message}` or `${NAME?message}` whose variable has no value; `message` is the text's own."""

    def __init__(self, name: str, message: str, offset: int) -> None:
        super().__init__(message, offset, hint=f"set {name} in the environment or in .env")
        self.name = name


@dataclass(frozen=True, slots=True)
class _Reference:
    """One `$NAME` or `${NAME<operator><word>}`; `offset` is its dollar sign's."""

    name: str
    offset: int
    operator: str = ""
    word: tuple[str | _Reference, ...] = ()


_Parts = tuple[str | _Reference, ...]


def interpolate(text: str, lookup: Callable[[str], str | None], unset: Callable[[str, int], None] | None = None) -> str:
    """The text with every reference replaced by its value, and `$$` by `$`.

    `lookup` gives None for a variable that is not set. One without a value and without a default becomes empty, and
    `unset` is told its name and offset, so that the caller can warn.
    """
    if "$" not in text:
        return text
    return _evaluate(_parse(text), lookup, unset)


Spans = tuple[tuple[int, int], ...]
"""Parts of a text: from where and up to where each goes."""


def spans_of(text: str, lookup: Callable[[str], str | None], chosen: Callable[[str], bool]) -> tuple[Spans, Spans]:
    """Where in the interpolated text there is what came of references: those in which a variable is named that is
    chosen, and be it in a default, and the others.
    """
    found: list[tuple[int, int]] = []
    others: list[tuple[int, int]] = []
    position = 0
    for part in _parse(text):
        length = len(part if isinstance(part, str) else _value(part, lookup, None))
        if not isinstance(part, str):
            (found if any(map(chosen, _names((part,)))) else others).append((position, position + length))
        position += length
    return tuple(found), tuple(others)


def variables(text: str) -> list[str]:
    """The names that a text refers to, nested ones too, each once, in the order of their first use."""
    return list(dict.fromkeys(_names(_parse(text))))


def _names(parts: _Parts) -> list[str]:
    found: list[str] = []
    for part in parts:
        if isinstance(part, _Reference):
            found += [part.name, *_names(part.word)]
    return found


def _parse(text: str) -> _Parts:
    parts: list[str | _Reference] = []
    position = 0
    while match := _DOLLAR.search(text, position):
        parts.append(text[position : match.start()])
        part, position = _part(text, match, depth=0)
        parts.append(part)
    parts.append(text[position:])
    return tuple(parts)


def _part(text: str, match: re.Match[str], depth: int) -> tuple[str | _Reference, int]:
    """What a dollar sign and what follows it mean, and where the text goes on."""
    escape, name, _ = match.groups()
    if escape:
        return "$", match.end()
    if name:
        return _Reference(name, match.start()), match.end()
    return _braced(text, match.start(), depth)


def _braced(text: str, start: int, depth: int) -> tuple[_Reference, int]:
    if depth >= DEEPEST:
        raise InterpolationError(f"references are nested more than {DEEPEST} deep", start, hint="")
    name = _NAME.match(text, start + 2)
    if not name:
        raise InterpolationError("`${` is not followed by the name of a variable", start)
    if text.startswith("}", name.end()):
        return _Reference(name[0], start), name.end() + 1
    if name.end() == len(text):
        raise _never_closed(name[0], start)
    operator = _OPERATOR.match(text, name.end())
    if not operator:
        message = f"`${{{name[0]}` is followed by neither `}}` nor one of `:-` `-` `:?` `?` `:+` `+`"
        raise InterpolationError(message, name.end())
    word, position = _word(text, operator.end(), depth + 1)
    if word is None:
        raise _never_closed(name[0], start)
    return _Reference(name[0], start, operator[0], word), position


def _never_closed(name: str, start: int) -> InterpolationError:
    return InterpolationError(f"`${{{name}` is never closed with `}}`", start)


def _word(text: str, position: int, depth: int) -> tuple[_Parts | None, int]:
    """The alternative text up to the brace that closes it; braces in pairs belong to the text, as in Compose."""
    parts: list[str | _Reference] = []
    opened = 0
    while match := _IN_WORD.search(text, position):
        parts.append(text[position : match.start()])
        if match[0] == "}" and not opened:
            return tuple(parts), match.end()
        if match[0] in "{}":
            opened += 1 if match[0] == "{" else -1
            parts.append(match[0])
            position = match.end()
        else:
            part, position = _part(text, match, depth)
            parts.append(part)
    return None, position


def _evaluate(parts: _Parts, lookup: Callable[[str], str | None], unset: Callable[[str, int], None] | None) -> str:
    return "".join(part if isinstance(part, str) else _value(part, lookup, unset) for part in parts)


def _value(reference: _Reference, lookup: Callable[[str], str | None], unset: Callable[[str, int], None] | None) -> str:
    value = lookup(reference.name)
    there = bool(value) if reference.operator.startswith(":") else value is not None
    kind = reference.operator[-1:]
    if kind == "+":
        return _evaluate(reference.word, lookup, unset) if there else ""
    if there:
        return value or ""
    if kind == "-":
        return _evaluate(reference.word, lookup, unset)
    if kind == "?":
        raise RequiredVariable(reference.name, _evaluate(reference.word, lookup, unset), reference.offset)
    if unset:
        unset(reference.name, reference.offset)
    return ""
