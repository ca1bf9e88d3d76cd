"""A plan as JSON for programs: the same plan gives the same bytes. `plan_schema` is the schema of that."""

from __future__ import annotations

import json
from typing import Any

from deployer.errors import Diagnostic
from deployer.plan.model import FORMAT_VERSION, Action, Change, Danger, FieldChange, Gap, Plan, Shows
from deployer.render.costs import gap_text

Json = dict[str, Any]


def as_json(plan: Plan, *, show_all: bool = False) -> str:
    """The plan; `show_all` adds the addresses of what does not change. Values that are sensitive are null."""
    return json.dumps(as_object(plan, show_all=show_all), indent=2)


def as_object(plan: Plan, *, show_all: bool = False) -> Json:
    counts = plan.summary
    return {
        "format_version": FORMAT_VERSION,
        "stack": plan.stack,
        "revision": plan.revision,
        "revision_result": plan.result or None,
        "fingerprint": plan.fingerprint,
        "engine": {"host": plan.engine.host, "version": plan.engine.version, "api": plan.engine.api},
        **({"against": {"what": plan.against, "taken": plan.engine.taken or None}} if plan.against else {}),
        "files": list(plan.files or ()),
        "warnings": [_warning(each) for each in plan.warnings],
        "changes": [_change(change) for change in plan.changes],
        "summary": {
            **{action.value: counts.get(action.value, 0) for action in Action},
            "unchanged": counts["unchanged"],
            "left_alone": len(plan.left_alone),
        },
        **({"unchanged": list(plan.unchanged), **_not_looked_at(plan)} if show_all else {}),
    }


def _not_looked_at(plan: Plan) -> Json:
    return {
        "ignored": {address: list(names) for address, names in plan.ignored.items()},
        "uncompared": {address: list(names) for address, names in plan.uncompared.items()},
    }


def _warning(diagnostic: Diagnostic) -> Json:
    return {
        "code": diagnostic.code,
        "message": diagnostic.message,
        "at": diagnostic.place.line_reference if diagnostic.place else None,
        "hint": diagnostic.hint,
    }


def _change(change: Change) -> Json:
    return {
        "address": change.address,
        "action": change.action.value,
        "reason": change.reason,
        "gap": gap_text(change.gap, long=True),
        "gap_seconds": _in_seconds(change.gap),
        "detail": change.detail,
        "at": change.at.line_reference if change.at else None,
        "mounts": list(change.mounts),
        "group": change.group,
        "fields": [field_object(field) for field in change.fields],
        "asks": [field_object(field) for field in change.asks],
        "notes": [f"{about}: {text}" for about, text in change.notes],
        "known_after": change.known_after,
        "steps": [str(step) for step in change.steps],
        **({"loses": [{"volume": each.volume, "bytes": each.size} for each in change.loses]} if change.loses else {}),
        **({"breaks": list(change.breaks)} if change.breaks else {}),
        **({"dangers": [_danger(*each) for each in change.dangers]} if change.dangers else {}),
    }


def _danger(kind: Danger, about: str) -> Json:
    return {"kind": kind.value, "about": about}


def _in_seconds(gap: Gap | None) -> Json | None:
    if gap is None:
        return None
    return {
        "least": round(gap.least, 3),
        "most": round(gap.most, 3),
        **({"or_more": True} if gap.or_more else {}),
        **({"plus": list(gap.plus)} if gap.plus else {}),
    }


def field_object(field: FieldChange) -> Json:
    hidden = field.sensitive
    return {
        "field": field.field,
        "before": _value_of(field, field.before, field.shows[0]),
        "after": _value_of(field, field.after, field.shows[1]),
        **({"applied": None if hidden else field.applied} if field.applied_known else {}),
        **({"known_after": field.known_after.address} if field.known_after else {}),
        "causes": [cause.value for cause in field.causes],
        "at": field.at.line_reference if field.at else None,
        **({"was_at": field.was_at.line_reference} if field.was_at else {}),
        "from": [each.line_reference for each in field.at.behind] if field.at else [],
        "effect": field.effect.value,
        "sensitive": field.sensitive,
        **({"around": dict(zip(("before", "after"), field.around, strict=True))} if any(field.around) else {}),
        "note": field.note,
    }


def _value_of(field: FieldChange, value: str | None, shows: Shows) -> str | None:
    """Of a sensitive value only that it is empty."""
    if field.sensitive:
        return "" if shows is Shows.EMPTY else None
    return value
