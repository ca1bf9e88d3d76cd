"""Why a field differs, in words."""

from __future__ import annotations

from deployer.errors import Place
from deployer.fields.kinds import show_text
from deployer.plan.model import NOT_IN_SNAPSHOT, STATE, Cause, FieldChange

UNSET = "(unset)"
_ABSENT = {
    "networks": "(not connected)",
    "volumes": "(not mounted)",
    "secrets": "(not there)",
    "configs": "(not there)",
}
"""What is not in a container, by its field: to be unset is a word for values."""

_ABOVE = ("(built above)", "(pulled above)", "(pushed above)", "(loaded above)")
"""What stands for an image that is not there yet: it says by itself why the field differs."""


_NOUNS = {"built": "build", "pulled": "pull", "loaded": "load"}


def is_ahead(field: FieldChange) -> bool:
    """Whether its image is not there before the plan is carried out."""
    return field.after is not None and field.after.endswith(_ABOVE)


def cause_text(field: FieldChange) -> str:
    """`stack.yaml:31; and drift: was 512m when revision 7 was applied`."""
    texts = [_one(cause, field) for cause in field.causes]
    note = field.note if Cause.DEPENDENCY not in field.causes and field.has_values else ""
    return "; ".join(text for text in (*(_and(texts)), note) if text)


def _and(texts: list[str]) -> list[str]:
    first, *rest = [text for text in texts if text] or [""]
    return [first, *(f"and {text}" for text in rest)]


def _one(cause: Cause, field: FieldChange) -> str:
    match cause:
        case Cause.EDIT:
            was = f", was {field.was_at.line_reference}" if field.was_at else ""
            return place_text(field.at) + was if field.at else "" if field.note else "edited"
        case Cause.DRIFT:
            return _drift(field)
        case Cause.IMAGE:
            return "" if is_ahead(field) else "the tag names another image now"
        case Cause.BUILD:
            return "" if is_ahead(field) else "built from other inputs"
        case Cause.DEPENDENCY:
            return field.note or "what it depends on is made anew"
        case Cause.UNKNOWN:
            return "cause unknown" if field.applied_known else "cause unknown: nothing tells what was applied"


def asked_at(field: FieldChange) -> str:
    """The line that asks for a field of a new container, whatever the cause that there is none."""
    return place_text(field.at) if field.at else cause_text(field)


def place_text(place: Place) -> str:
    """`stack.yaml:31 with .env:3 and $TAG of the shell`: the line, and what sets the variables in it."""
    behind = " and ".join(each.line_reference for each in place.behind)
    return f"{place.line_reference}{f' with {behind}' if behind else ''}"


def _drift(field: FieldChange) -> str:
    if not field.by_hand:
        return ""  # the note says it
    if field.field == STATE or field.sensitive or not field.applied_known:
        return "drift"
    when = f"when revision {field.applied_by} was applied" if field.applied_by else "when last applied"
    was = value_text(field, field.applied)
    return f"drift: was {_short(was) if field.applied is not None else was.strip('()')} {when}"


def _short(value: str) -> str:
    return value if len(value) <= 120 else f"{value[:120]}…"


def after_text(field: FieldChange, value: str | None) -> str:
    """The value after, or when it is known."""
    return f"(known after the {_NOUNS[field.known_after.how]})" if field.known_after else value_text(field, value)


def value_text(field: FieldChange, value: str | None) -> str:
    """A value of a field as a person sees it."""
    if value is None:
        what, dot, _ = field.field.partition(".")
        return _ABSENT.get(what, UNSET) if dot else UNSET
    if value == NOT_IN_SNAPSHOT:
        return value
    return show_text(value) if field.quoted else value or UNSET
