"""What a plan changes: `~ web[1..2] replace: image, environment.DEBUG`, `- old[1]`; whole, or in one line. Signs and
actions are those of the plan. It holds no value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deployer.plan.model import STATE, Action, Call, Change, FieldChange, Plan
from deployer.render.plan_words import SIGNS, WHOLE, folded
from deployer.resources.revisions import BECAME

_LONGEST = 160
_FIELDS = 3


def change_line(plan: Plan) -> str:
    """The changes in the plan's order; what is too much for a line is counted."""
    parts = [_words(change, _FIELDS) for change in _told(plan)]
    shown: list[str] = []
    while parts and len("; ".join([*shown, parts[0]])) <= _LONGEST:
        shown.append(parts.pop(0))
    more = [f"{len(parts)} more"] if parts else []
    return "; ".join([*shown, *more])


def change_lines(plan: Plan) -> tuple[str, ...]:
    """All the changes in the plan's order, each with all its fields."""
    return tuple(_words(change, len(change.fields)) for change in _told(plan))


def lines_by_end(plan: Plan, became: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The same by what became of them, which is known by address, in the order of BECAME."""
    parts = {end: tuple(each for each in plan.changes if became.get(each.address) == end) for end in BECAME}
    return {end: lines for end, those in parts.items() if (lines := change_lines(replace(plan, changes=those)))}


def _told(plan: Plan) -> list[Change]:
    return [change for change in folded(plan.changes) if not _is_aside(change)]


def _is_aside(change: Change) -> bool:
    """What was there before, and old images that go in passing."""
    gone = bool(change.steps) and all(step.call is Call.REMOVE_IMAGE for step in change.steps)
    return gone or change.action in (Action.KEPT, Action.RECOVER)


def _words(change: Change, most: int) -> str:
    fields = list(dict.fromkeys(map(_name, change.fields)))
    more = f" and {len(fields) - most} more" if len(fields) > most else ""
    parts = [_action(change), f"{', '.join(fields[:most])}{more}"]
    told = ": ".join(filter(None, parts))
    return f"{SIGNS[change.action]} {change.address.removeprefix('service.')} {told}".rstrip()


def _action(change: Change) -> str:
    """What the sign alone does not tell."""
    if change.action is Action.CREATE and any(field.field == STATE for field in change.fields):
        return "create again"
    return "" if change.action in WHOLE else change.action.value


def _name(field: FieldChange) -> str:
    """What somebody has removed or stopped has no field in the stack file."""
    return f"found {field.before}" if field.field == STATE else field.field
