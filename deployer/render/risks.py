"""What of a plan somebody may regret: what goes, who gets more than before, what is away meanwhile, what is undone, and
data that only stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from deployer.plan.model import STATE, STAYS, Action, Call, Change, Danger, Plan
from deployer.render.costs import gap_text
from deployer.render.plan_words import folded, lost_text, words


@dataclass(frozen=True, slots=True)
class Risk:
    """A kind of it, in words, and whom it meets: the address of each change, and what there is to say of it. The words
    are not yet harmless.
    """

    title: str
    meets: tuple[tuple[str, str], ...]


def risks(plan: Plan) -> list[Risk]:
    """Those that there are, the worst first."""
    changes = list(folded(plan.changes))
    kinds = {
        "Data goes, for good": _losses(changes),
        "No longer protected": ((each.address, "") for each in changes if each.protects and not each.protects[1]),
        "Begins empty, its data stays behind": _of_danger(changes, Danger.LEFT_BEHIND),
        "New power over the host": _of_danger(changes, Danger.POWER),
        "New mounts of the host": _of_danger(changes, Danger.HOST_PATH),
        "Newly open to the outside": _of_danger(changes, Danger.OPEN_PORT),
        "Down for a while": ((each.address, _away(each)) for each in changes if each.gap),
        "Connections break": (
            *((each.address, f"through {' and '.join(each.breaks)}") for each in changes if each.breaks),
            *_of_danger(changes, Danger.WAY_OUT),
        ),
        "Runs again": _of_danger(changes, Danger.RUNS_AGAIN),
        "Replaced": ((each.address, "") for each in changes if each.action is Action.REPLACE),
        "Changed by hand, put back": ((each.address, _by_hand(each)) for each in changes if _by_hand(each)),
        "Found not running, put right": ((each.address, _found(each)) for each in changes if _found(each)),
        "Removed": ((each.address, "") for each in changes if _is_removed(each)),
        "Data stays": _staying(changes),
        "Protected, stays": ((each.address, words(each)) for each in changes if _is_kept(each) and each.protects),
    }
    found = ((title, tuple(meets)) for title, meets in kinds.items())
    return [Risk(title, meets) for title, meets in found if meets]


def all_clear(plan: Plan) -> str:
    """What can be said of a plan without a risk; "" where it changes nothing, or is to be thought of."""
    if plan.is_empty and plan.uncompared:
        return "Mounted files and folders are not compared: what changes in them alone is in no plan."
    return "" if plan.is_empty or plan.warnings else "Nothing is replaced, removed or down for it."


def _losses(changes: list[Change]) -> Iterator[tuple[str, str]]:
    for change in changes:
        for lost in change.loses:
            yield change.address, f"{lost.volume} ({lost_text(lost)})"


def _staying(changes: list[Change]) -> Iterator[tuple[str, str]]:
    """With the volumes without a name that a container leaves behind: nothing else says that they are there."""
    for change in changes:
        if _is_kept(change) and not change.protects:
            yield change.address, words(change)
        elif change.action in (Action.REMOVE, Action.REPLACE):
            yield from ((change.address, f"{what} {said}") for what, said in change.notes if said.startswith(STAYS))


def _of_danger(changes: list[Change], kind: Danger) -> Iterator[tuple[str, str]]:
    return ((change.address, said) for change in changes for danger, said in change.dangers if danger is kind)


def _away(change: Change) -> str:
    return gap_text(replace(change.gap, parts=())) if change.gap else ""


def _by_hand(change: Change) -> str:
    return ", ".join(field.field for field in change.fields if field.by_hand and field.field != STATE)


def _found(change: Change) -> str:
    """A container ends, or is lost, also by itself."""
    return ", ".join(str(field.before) for field in change.fields if field.by_hand and field.field == STATE)


def _is_removed(change: Change) -> bool:
    """Old images go in passing, and data is told before."""
    is_image = bool(change.steps) and all(step.call is Call.REMOVE_IMAGE for step in change.steps)
    return change.action is Action.REMOVE and not change.loses and not is_image


def _is_kept(change: Change) -> bool:
    return change.action is Action.KEPT
