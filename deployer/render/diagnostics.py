"""Diagnostics as text for people, with the line and a caret, and as JSON for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Literal

from deployer.errors import Diagnostic, Place
from deployer.fields.sensitive import MASK
from deployer.render.harmless import display_width, harmless, harmless_line

FORMAT_VERSION = 1

Severity = Literal["error", "warning"]

_RED, _YELLOW, _BLUE, _BOLD, _PLAIN = "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m"
_COLOR: dict[Severity, str] = {"error": _RED, "warning": _YELLOW}
_TOKEN = re.compile(
    r"""\(sensitive\)|"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|(?:\$\{[^}]*\}|[^\s:,\[\]{}]|[:,](?=[^\s\]}]))+"""
)
_PADDING = re.compile(rf"(?<={re.escape(MASK)}) {{2,}}")
_LONGEST_LINE = 160
_BEFORE_CARET = 60


def as_text(diagnostics: Sequence[Diagnostic], *, color: bool = False, severity: Severity = "error") -> str:
    """All the diagnostics, each with its place, line and hints, and how many they are when more than one."""
    blocks = ["\n".join(_block(diagnostic, severity, color)) for diagnostic in diagnostics]
    if len(diagnostics) > 1:
        blocks.append(_paint(f"{len(diagnostics)} {severity}s", _BOLD, color))
    return "\n\n".join(blocks)


def as_json(diagnostics: Iterable[Diagnostic], warnings: Iterable[Diagnostic] = ()) -> str:
    """The mistakes as one JSON object, and the warnings beside them; `format_version` grows when a reader of the old
    form would be wrong.
    """
    found = {
        "diagnostics": [_as_object(diagnostic) for diagnostic in diagnostics],
        "warnings": [_as_object(diagnostic) for diagnostic in warnings],
    }
    return json.dumps({"format_version": FORMAT_VERSION, **found}, indent=2)


def _as_object(diagnostic: Diagnostic) -> dict[str, object]:
    place = diagnostic.place
    return {
        "code": diagnostic.code,
        "message": diagnostic.message,
        "file": place.file if place else None,
        "line": place.line if place and place.line else None,
        "column": place.column if place and place.line else None,
        "hint": diagnostic.hint,
        "address": diagnostic.address,
        "notes": list(diagnostic.notes),
    }


def _block(diagnostic: Diagnostic, severity: Severity, color: bool) -> list[str]:
    place = diagnostic.place
    gutter = " " * (len(str(place.line)) if place and place.line else 1)
    where = str(place) if place else diagnostic.address
    head, *rest = diagnostic.message.splitlines() or [""]
    label = _paint(f"{severity}[{diagnostic.code}]", _COLOR[severity], color)
    lines = [label + _paint(f": {harmless(head)}", _BOLD, color)]
    lines += [f"  {harmless(line)}" for line in rest]
    if where:
        lines.append(f"{gutter} {_paint('-->', _BLUE, color)} {harmless(where)}")
    if place and place.excerpt.strip():
        lines += _excerpt(place, gutter, color)
    remarks = [diagnostic.hint] if diagnostic.hint else []
    remarks += [f"note: {note}" for note in diagnostic.notes]
    return lines + [line for remark in remarks for line in _remark(remark, gutter, color)]


def _remark(text: str, gutter: str, color: bool) -> list[str]:
    first, *rest = text.splitlines() or [""]
    sign = _paint("=", _BLUE, color)
    return [f"{gutter}  {sign} {harmless(first)}", *(f"{gutter}    {harmless(line)}" for line in rest)]


def _excerpt(place: Place, gutter: str, color: bool) -> list[str]:
    line, start = _window(*_less_padding(place.excerpt, place.column - 1))
    before, rest = line[:start], line[start:]
    token = _TOKEN.match(rest)
    indent = display_width(harmless_line(before))
    until = display_width(harmless_line(before + token[0])) if token else indent + 1
    bar = _paint("|", _BLUE, color)
    number = _paint(str(place.line), _BLUE, color)
    caret = _paint("^" * max(1, until - indent), _RED, color)
    return [f"{gutter}  {bar}", f" {number} {bar} {harmless_line(line)}", f"{gutter}  {bar} {' ' * indent}{caret}"]


def _less_padding(line: str, start: int) -> tuple[str, int]:
    """The line less the blanks that stand for what is hidden of a long value, and where the caret is in it."""
    for padding in reversed(list(_PADDING.finditer(line))):
        begin, end = padding.span()
        line = line[:begin] + line[end:]
        if start >= end:
            start -= end - begin
        elif start > begin:  # it points into what is hidden
            start = begin - len(MASK)
    return line, start


def _window(line: str, start: int) -> tuple[str, int]:
    """The part of a long line around the caret, and where the caret is in it."""
    line = line.rstrip()
    start = min(max(start, 0), len(line))
    if len(line) <= _LONGEST_LINE:
        return line, start
    first = max(0, min(start - _BEFORE_CARET, len(line) - _LONGEST_LINE))
    shown = line[first : first + _LONGEST_LINE]
    after = "…" if first + _LONGEST_LINE < len(line) else ""
    return (f"…{shown}{after}", start - first + 1) if first else (f"{shown}{after}", start)


def _paint(text: str, style: str, color: bool) -> str:
    return f"{style}{text}{_PLAIN}" if color else text
