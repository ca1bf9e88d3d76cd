"""A plan as text for people: one line a change, the fields that differ beneath it, and why.

+  create, build, load      something is made
v  pull                     an image comes from a registry
^  push                     an image goes to a registry
~  replace, update, rename  what is there changes; recover does so with what an apply that died left
>  start, restart, unpause  what is there runs again
-  remove, stop, kill, pause  something goes, or rests
!  kept                     data that the stack no longer names stays
=  unchanged                listed only where all is asked for; what is not looked at, too
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deployer.plan.model import Action, Change, FieldChange, Plan
from deployer.render.causes import asked_at, cause_text
from deployer.render.diagnostics import as_text as warnings_text
from deployer.render.harmless import display_width, harmless
from deployer.render.plan_words import (
    SAME,
    SIGNS,
    asked,
    closing,
    files_line,
    folded,
    head,
    line_of,
    notes_of,
    step_words,
    values,
    words,
)

_ACTION_WIDTH = 10
_COLUMNS = (28, 52)
"""Where actions and causes begin at least, and how much further they move for long names and values."""
_MOVE = 20

_GREEN, _YELLOW, _RED, _DIM, _PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m", "\x1b[0m"
_COLORS = {"+": _GREEN, "v": _GREEN, "^": _GREEN, "~": _YELLOW, ">": _YELLOW, "!": _YELLOW, "-": _RED, SAME: _DIM}


def as_text(
    plan: Plan, *, color: bool = False, verbose: bool = False, show_all: bool = False, destroy: bool = False
) -> str:
    """The whole plan, its warnings where they are read last. `verbose` adds the steps, `show_all` what does not change;
    `destroy` says that the stack ends.
    """
    table = _Table(color, verbose)
    changes = plan.changes if verbose else folded(plan.changes)
    rows = [row for change in changes for row in table.rows(change)]
    if show_all:
        rows += [_Row(SAME, harmless(address), "unchanged") for address in plan.unchanged]
        rows += [_Row(SAME, harmless(address), "left alone") for address in plan.left_alone]
    if show_all or verbose:
        rows += _not_looked_at(plan)
    lines = list(_aligned(rows, color))
    told = files_line(plan, destroy)
    warned = [warnings_text(plan.warnings, color=color, severity="warning"), ""] if plan.warnings else []
    return "\n".join(
        [
            head(plan, destroy),
            *([told] if told else []),
            "",
            *lines,
            *([""] if lines else []),
            *warned,
            closing(plan, destroy),
        ]
    )


def fields_text(changes: Sequence[Change], *, color: bool = False) -> str:
    """The fields of changes as a plan has them, beneath what they are of."""
    table = _Table(color, verbose=True)
    rows = [
        row
        for change in folded(changes)
        for row in (_Row(SIGNS[change.action], harmless(change.address), ""), *map(table.field, change.fields))
    ]
    return "\n".join(line.rstrip() for line in _aligned(rows, color))


def _not_looked_at(plan: Plan) -> Iterator[_Row]:
    """What others own, and mounted files: a difference in these would not show."""
    for address, names in plan.ignored.items():
        yield _Row(SAME, harmless(address), harmless(f"ignored: {', '.join(names)}"))
    for address, names in plan.uncompared.items():
        yield _Row(SAME, harmless(address), harmless(f"not compared: what is in {', '.join(names)}"))


@dataclass(frozen=True, slots=True)
class _Row:
    """A line: of a change, where `sign` is not empty, else of a field or a step beneath it."""

    sign: str
    name: str
    text: str
    cause: str = ""

    @property
    def start(self) -> int:
        return 4 if self.sign else 6


@dataclass(frozen=True, slots=True)
class _Table:
    color: bool
    verbose: bool

    def rows(self, change: Change) -> Iterator[_Row]:
        said = harmless(words(change, verbose=self.verbose))
        text = f"{change.action:<{_ACTION_WIDTH}}{said}".rstrip()
        yield _Row(SIGNS[change.action], harmless(change.address), text, harmless(line_of(change)))
        is_brief = change.action is Action.BUILD and not self.verbose
        yield from (self.field(field) for field in change.fields if field.at or not is_brief)
        beneath = change.notes if self.verbose else notes_of(change)
        yield from (_Row("", harmless(about), harmless(text)) for about, text in beneath)
        yield from map(self.asked, change.asks if self.verbose else ())
        for number, step in enumerate(change.steps if self.verbose else (), 1):
            yield _Row("", f"{number:>2}. {step_words(step)}", "")

    def asked(self, field: FieldChange) -> _Row:
        return _Row("", harmless(field.field), asked(field), harmless(asked_at(field)))

    def field(self, field: FieldChange) -> _Row:
        return _Row("", harmless(field.field), values(field), harmless(cause_text(field)))


def _aligned(rows: Sequence[_Row], color: bool) -> Iterator[str]:
    names, causes = _COLUMNS
    for row in (row for row in rows if row.text):
        names = max(names, min(row.start + display_width(row.name) + 2, _COLUMNS[0] + _MOVE))
    for row in rows:
        if row.cause:
            causes = max(causes, min(names + display_width(row.text) + 2, _COLUMNS[1] + _MOVE))
    for row in rows:
        gap = " " * max(2, names - row.start - display_width(row.name))
        cause = ""
        if row.cause:
            column = max(names, row.start + display_width(row.name) + 2) + display_width(row.text)
            cause = " " * max(2, causes - column) + _paint(row.cause, _DIM, color)
        if row.sign:
            style = _COLORS[row.sign]
            yield f"  {_paint(f'{row.sign} {row.name}', style, color)}{gap}{row.text}{cause}"
        else:
            yield f"      {row.name}{gap}{row.text}{cause}".rstrip()


def _paint(text: str, style: str, color: bool) -> str:
    return f"{style}{text}{_PLAIN}" if color else text
