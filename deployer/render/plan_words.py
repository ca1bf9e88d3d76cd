"""What a plan says, whatever its form: head and closing line, a change in words, replicas folded, long values cut."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from deployer.fields.mounts import is_anonymous
from deployer.plan.model import HOLDS_DATA, NO_LONGER, Action, Change, FieldChange, LostData, Plan, Shows, Step
from deployer.render.causes import after_text, place_text, value_text
from deployer.render.costs import down_text
from deployer.render.harmless import harmless
from deployer.render.sizes import bytes_text, comparable
from deployer.resources.records import SUCCEEDED
from deployer.sources.files import STACK_FILES

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

_WITH = "with"
"""Before what a new container has besides what its line says."""

WHOLE = {Action.CREATE, Action.BUILD, Action.PULL, Action.LOAD, Action.PUSH, Action.REMOVE}
"""What the stack file asks for as a whole; of all else it says the fields."""

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
"""In the order of the closing line. Data that is kept is nothing to do, and counted with what is unchanged."""

_TAKEN = "; to remove it, too: --volumes"
_LET_GO = ": to let it go, apply a file that names it without `protect`"
_LONGEST_VALUE = 120
_BEFORE_DIFFERENCE = 20
_LONG_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
_REPLICA = re.compile(r"(.+)\[(\d+)\]")


def head(plan: Plan, destroy: bool) -> str:
    if plan.against and not plan.engine.taken:
        return f"{harmless(plan.stack)}, compared with {harmless(plan.against)} ({harmless(plan.engine.version)})"
    engine = f"{plan.engine.host} ({plan.engine.version})"
    taken = f", as it was on {plan.engine.taken.replace('T', ' at ').replace('Z', ' UTC')}" if plan.engine.taken else ""
    last = f"revision {plan.revision}{f' ({plan.result})' if plan.result not in ('', SUCCEEDED) else ''}"
    if destroy:
        revision = f"{last} -> none" if plan.revision else "no revision"
    elif plan.is_empty:
        revision = last if plan.revision else "no revision yet"
    else:
        revision = f"{last} -> {plan.revision + 1}" if plan.revision else "first revision"
    revision += f", back to revision {plan.back_to}" if plan.back_to else ""
    return f"{harmless(plan.stack)} on {harmless(engine)}{harmless(taken)}, {revision}"


def files_line(plan: Plan, destroy: bool) -> str:
    """`from stack.yaml, stack.override.yaml`; "" where that goes without saying."""
    if plan.files is None or (not destroy and len(plan.files) == 1 and plan.files[0] in STACK_FILES):
        return ""
    if not plan.files:
        return "no stack file was read: what bears the stack's name on the engine goes"
    return f"from {harmless(', '.join(plan.files))}"


def closing(plan: Plan, destroy: bool = False) -> str:
    """`1 build, 2 replacements; 5 unchanged.`: numbers, and no word that is not ours."""
    nothing = f"Nothing to {'remove' if destroy else 'change'}"
    counts = plan.summary
    many = {action: counts.get(action.value, 0) for action in _NOUNS}
    parts = [f"{number} {_NOUNS[action][number > 1]}" for action, number in many.items() if number]
    alone = f", {len(plan.left_alone)} left alone" if plan.left_alone else ""
    kept = f", {counts[Action.KEPT.value]} kept" if counts.get(Action.KEPT.value) else ""
    return f"{', '.join(parts) or nothing}; {counts['unchanged']} unchanged{kept}{alone}."


def words(change: Change, *, verbose: bool = False) -> str:
    """How it is done and what it costs; why, where no fields say it. Not yet harmless."""
    if change.action is Action.KEPT:
        if change.protects:
            return change.reason + _LET_GO
        ends = {NO_LONGER: f"; data stays until docker volume rm {change.detail}", HOLDS_DATA: _TAKEN}
        return change.reason + ends.get(change.reason, "")
    cost = down_text(change.gap, long=verbose) if change.gap else ""
    sizes = f" ({', '.join(map(lost_text, change.loses))})" if change.loses else ""
    parts = [change.detail + sizes, cost, "" if change.fields else change.reason]
    if change.known_after and change.unless_image:
        image = f"the image of {change.known_after}" if change.known_after.startswith("build.") else change.known_after
        parts.append(f"only if {image} differs")
    return "; ".join(part for part in parts if part)


def lost_text(lost: LostData) -> str:
    return "size unknown" if lost.size is None else bytes_text(lost.size)


def question(plan: Plan, asked: str) -> str:
    """What is asked before the plan is carried out: where data goes, with how much of it, volume by volume."""
    lost = {each.volume: (each, change) for change in plan.changes for each in change.loses}
    if not lost:
        return asked
    names = {
        volume: f"{volume[:12]} of {change.address}" if is_anonymous(volume) else volume
        for volume, (_, change) in lost.items()
    }
    width = max(map(len, names.values()))
    lines = [f"  {harmless(names[volume]):<{width}}  {lost_text(each)}" for volume, (each, _) in lost.items()]
    return "\n".join(["This data goes, for good:", *lines, asked])


def notes_of(change: Change) -> list[tuple[str, str]]:
    """What else there is to know of a change: of what, and what; in brief, of a new container what its line does not
    say. Not yet harmless.
    """
    return [*([(_WITH, change.settings)] if change.settings else []), *change.notes]


def asked(field: FieldChange) -> str:
    """The value that a new container asks for, cut and harmless."""
    shown = _hidden(field)[1] if field.sensitive else harmless(value_text(field, field.after))
    return _window(shown, 0)


def line_of(change: Change) -> str:
    """The line that asks for a change as a whole; "" where its fields have lines of their own, and where it follows
    from what the engine shows.
    """
    if change.action not in WHOLE or not change.at or any(field.at for field in change.fields):
        return ""
    return place_text(change.at)


def values(field: FieldChange) -> str:
    """`before -> after`; where neither can be told, what is said in words."""
    both = sides(field)
    return " -> ".join(both) if both else harmless(field.note) or "changed"


def sides(field: FieldChange) -> tuple[str, str] | None:
    """The values before and after, cut and harmless; None where a note says in words what there is to say."""
    if field.sensitive:
        return _cut(*_hidden(field))
    if not field.has_values:
        return None
    before, after = value_text(field, field.before), after_text(field, field.after)
    both = (before, after) if field.quoted else comparable(before, after)
    return _cut(*map(harmless, both))


def is_unset(field: FieldChange) -> tuple[bool, bool]:
    """Whether there is no value before, and none after."""
    if field.sensitive:
        return field.shows[0] is Shows.UNSET, field.shows[1] is Shows.UNSET and not field.known_after
    return field.before is None, field.after is None and not field.known_after


def _hidden(field: FieldChange) -> tuple[str, str]:
    """What is shown of sensitive values: the texts around what is hidden, where there are any."""
    before, after = (
        shows.value if text is None else harmless(value_text(field, text))
        for shows, text in zip(field.shows, field.around, strict=True)
    )
    return before, after_text(field, None) if field.known_after else after


def step_words(step: Step) -> str:
    """A step as one line, with ids as short as docker shows them."""
    return harmless(_LONG_ID.sub(r"\1", str(step)))


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


def folded(changes: Sequence[Change]) -> Iterator[Change]:
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
    if one.loses or other.loses:  # each has a size of its own
        return False
    if not first or not second or first[1] != second[1] or int(first[2]) + 1 != int(second[2]):
        return False
    return all(
        getattr(one, what) == getattr(other, what)
        for what in ("action", "reason", "fields", "gap", "detail", "known_after", "at", "asks", "notes", "dangers")
    ) and bool(one.unless_image) == bool(other.unless_image)


def _as_one(changes: Sequence[Change]) -> Change:
    first, last = changes[0].address, changes[-1].address
    if first == last:
        return changes[0]
    return replace(changes[0], address=f"{first[:-1]}..{last.rpartition('[')[2]}")
