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

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from deployer.plan.model import Action, Change, FieldChange, Plan
from deployer.render.causes import SENSITIVE, cause_text, value_text
from deployer.render.harmless import display_width, harmless

SIGNS = {
    Action.CREATE: "+",
    Action.BUILD: "+",
    Action.LOAD: "+",
    Action.PULL: "v",
    Action.PUSH: "^",
    Action.REPLACE: "~",
    Action.UPDATE: "~",
    Action.RENAME: "~",
    Action.START: ">",
    Action.RESTART: ">",
    Action.REMOVE: "-",
    Action.STOP: "-",
    Action.KILL: "-",
    Action.PAUSE: "-",
    Action.UNPAUSE: ">",
    Action.RECOVER: "~",
    Action.KEPT: "!",
}
SAME = "="

_NOUNS = {
    Action.BUILD: ("build", "builds"),
    Action.PULL: ("pull", "pulls"),
    Action.LOAD: ("load", "loads"),
    Action.PUSH: ("push", "pushes"),
    Action.CREATE: ("creation", "creations"),
    Action.REPLACE: ("replacement", "replacements"),
    Action.UPDATE: ("update", "updates"),
    Action.RENAME: ("rename", "renames"),
    Action.START: ("start", "starts"),
    Action.RESTART: ("restart", "restarts"),
    Action.STOP: ("stop", "stops"),
    Action.KILL: ("kill", "kills"),
    Action.PAUSE: ("pause", "pauses"),
    Action.UNPAUSE: ("unpause", "unpauses"),
    Action.REMOVE: ("removal", "removals"),
    Action.RECOVER: ("recovery", "recoveries"),
}
"""In the order of the closing line. Data that is kept is nothing to do, and is not counted."""

_LONGEST_VALUE = 120
_BEFORE_DIFFERENCE = 20
_ACTION_WIDTH = 10
_COLUMNS = (28, 52)
"""Where actions and causes begin at least, and how much further they move for long names and values."""
_MOVE = 20

_GREEN, _YELLOW, _RED, _DIM, _PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m", "\x1b[0m"
_COLORS = {"+": _GREEN, "v": _GREEN, "^": _GREEN, "~": _YELLOW, ">": _YELLOW, "!": _YELLOW, "-": _RED, SAME: _DIM}
_LONG_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
_REPLICA = re.compile(r"(.+)\[(\d+)\]")


def as_text(
    plan: Plan, *, color: bool = False, verbose: bool = False, show_all: bool = False, destroy: bool = False
) -> str:
    """The whole plan. `verbose` adds the steps, `show_all` what does not change; `destroy` says that the stack ends."""
    table = _Table(plan.revision, color, verbose, destroy)
    changes = plan.changes if verbose else _folded(plan.changes)
    rows = [row for change in changes for row in table.rows(change)]
    if show_all:
        rows += [_Row(SAME, harmless(address), "unchanged") for address in plan.unchanged]
        rows += [_Row(SAME, harmless(address), "left alone") for address in plan.left_alone]
    if show_all or verbose:
        rows += _not_looked_at(plan)
    lines = list(_aligned(rows, color))
    return "\n".join([_head(plan, destroy), "", *lines, *([""] if lines else []), _closing(plan)])


def fields_text(changes: Sequence[Change], revision: int, *, color: bool = False) -> str:
    """The fields of changes as a plan has them, beneath what they are of; `revision` is the last one."""
    table = _Table(revision, color, verbose=True, destroy=False)
    rows = [
        row
        for change in _folded(changes)
        for row in (_Row(SIGNS[change.action], harmless(change.address), ""), *map(table.field, change.fields))
    ]
    return "\n".join(line.rstrip() for line in _aligned(rows, color))


def _not_looked_at(plan: Plan) -> Iterator[_Row]:
    """What others own, and mounted files: a difference in these would not show."""
    for address, names in plan.ignored.items():
        yield _Row(SAME, harmless(address), harmless(f"ignored: {', '.join(names)}"))
    for address, names in plan.uncompared.items():
        yield _Row(SAME, harmless(address), harmless(f"not compared: what is in {', '.join(names)}"))


def _head(plan: Plan, destroy: bool) -> str:
    engine = f"{plan.engine.host} ({plan.engine.version})"
    if destroy:
        revision = f"revision {plan.revision} -> none"
    elif plan.is_empty:
        revision = f"revision {plan.revision}" if plan.revision else "no revision yet"
    else:
        revision = f"revision {plan.revision} -> {plan.revision + 1}" if plan.revision else "first revision"
    return f"{harmless(plan.stack)} on {harmless(engine)}, {revision}"


def _closing(plan: Plan) -> str:
    counts = plan.summary
    many = {action: counts.get(action.value, 0) for action in _NOUNS}
    parts = [f"{number} {_NOUNS[action][number > 1]}" for action, number in many.items() if number]
    alone = f", {len(plan.left_alone)} left alone" if plan.left_alone else ""
    return f"{', '.join(parts) or 'Nothing to change'}; {counts['unchanged']} unchanged{alone}."


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
    revision: int
    color: bool
    verbose: bool
    destroy: bool

    def rows(self, change: Change) -> Iterator[_Row]:
        words = harmless(self._words(change))
        yield _Row(SIGNS[change.action], harmless(change.address), f"{change.action:<{_ACTION_WIDTH}}{words}".rstrip())
        if change.action is not Action.BUILD or self.verbose:
            yield from map(self.field, change.fields)
        for number, step in enumerate(change.steps if self.verbose else (), 1):
            text = _LONG_ID.sub(r"\1", str(step))
            yield _Row("", f"{number:>2}. {harmless(text)}", "")

    def field(self, field: FieldChange) -> _Row:
        return _Row("", harmless(field.field), _values(field), harmless(cause_text(field, self.revision)))

    def _words(self, change: Change) -> str:
        """How it is done; why, where no fields say it."""
        if change.action is Action.KEPT:
            how_to_lose = (
                "; --volumes takes it too" if self.destroy else f"; to lose its data: docker volume rm {change.detail}"
            )
            return f"{change.reason}{how_to_lose}"
        parts = [change.detail, "" if change.fields else change.reason]
        if change.known_after and change.unless_image:
            parts.append(f"only if the image of {change.known_after} differs")
        return "; ".join(part for part in parts if part)


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
            yield f"  {_paint(f'{row.sign} {row.name}', style, color)}{gap}{row.text}"
        else:
            yield f"      {row.name}{gap}{row.text}{cause}".rstrip()


def _values(field: FieldChange) -> str:
    """`before -> after`; where neither can be told, what is said in words."""
    if field.sensitive:
        return f"{SENSITIVE} -> {SENSITIVE}"
    if field.before is None and field.after is None:
        return harmless(field.note) or "changed"
    before, after = _cut(*(harmless(value_text(field, value)) for value in (field.before, field.after)))
    return f"{before} -> {after}"


def _cut(before: str, after: str) -> tuple[str, str]:
    """Long values shortened so that where they differ can still be seen."""
    if max(len(before), len(after)) <= _LONGEST_VALUE:
        return before, after
    same = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), None)
    same = min(len(before), len(after)) if same is None else same
    start = same - _BEFORE_DIFFERENCE if same > _LONGEST_VALUE - _BEFORE_DIFFERENCE else 0
    return _window(before, start), _window(after, start)


def _window(value: str, start: int) -> str:
    shown = value[start : start + _LONGEST_VALUE]
    return f"{'…' if start else ''}{shown}{'…' if len(value) > start + _LONGEST_VALUE else ''}"


def _folded(changes: Sequence[Change]) -> Iterator[Change]:
    """Replicas next to each other to which the same happens, as one: `service.web[1..3]`."""
    pending: list[Change] = []
    for change in changes:
        if pending and not _follows(pending[-1], change):
            yield _as_one(pending)
            pending = []
        pending.append(change)
    if pending:
        yield _as_one(pending)


def _follows(one: Change, other: Change) -> bool:
    first, second = _REPLICA.fullmatch(one.address), _REPLICA.fullmatch(other.address)
    if not first or not second or first[1] != second[1] or int(first[2]) + 1 != int(second[2]):
        return False
    return all(
        getattr(one, what) == getattr(other, what)
        for what in ("action", "reason", "fields", "gap", "detail", "known_after")
    ) and bool(one.unless_image) == bool(other.unless_image)


def _as_one(changes: Sequence[Change]) -> Change:
    first, last = changes[0].address, changes[-1].address
    if first == last:
        return changes[0]
    return replace(changes[0], address=f"{first[:-1]}..{last.rpartition('[')[2]}")


def _paint(text: str, style: str, color: bool) -> str:
    return f"{style}{text}{_PLAIN}" if color else text
