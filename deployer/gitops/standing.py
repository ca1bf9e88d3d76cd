"""What a stack's records say of commits: which one failed, which was the last good one, what comes back.

The agent keeps nothing of its own: killed at any time, it knows this again from the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.resources.records import FAILED, SUCCEEDED, Record, Records

if TYPE_CHECKING:
    from deployer.plan.model import Plan

BY_SYNC = "apply by sync"
"""What the history calls an apply of a commit by the agent."""

HEALING = "apply by sync (drift)"
"""And one that makes undone what somebody did by hand: where that fails, the commit is not to blame."""


def has_failed(records: Records, commit: str) -> bool:
    """Whether a commit was tried, by whom ever, and never came about. One that did once is a good one."""
    of_commit = (each for each in _asking(records) if each.about.commit == commit and each.about.command != HEALING)
    tried = {each.result for each in of_commit if not each.about.again}
    return FAILED in tried and SUCCEEDED not in tried


def last_good(records: Records) -> str:
    """The commit that a revision was made for and came about last, "" where none is known."""
    found = _last_good(records)
    return found.about.commit if found else ""


def good_now(records: Records, noted: object) -> str:
    """The commit that came about last: that of the last revision, or, where that is what was `noted` with it, one that
    had nothing to change any more.
    """
    match noted:
        case [str(commit), str()] if is_of(records, noted):
            return commit
        case _:
            return last_good(records)


def is_of(records: Records, noted: object) -> bool:
    """Whether a commit was `noted` with the revision that is the last good one still."""
    match noted:
        case [str(), str(nonce)]:
            return nonce == nonce_of_good(records)
        case _:
            return False


def nonce_of_good(records: Records) -> str | None:
    """What tells the revision of the last good commit from all others; None where there is none."""
    found = _last_good(records)
    return found.nonce if found else None


def _last_good(records: Records) -> Record | None:
    good = (each for each in reversed(list(_asking(records))) if each.result == SUCCEEDED)
    return next((each for each in good if each.about.commit), None)


def times_in_a_row(records: Records, commit: str, change: str, within: float, now: float) -> int:
    """How often the very same was done for a commit, and has succeeded, each time at most so many seconds after the
    time before, up to now: it comes back.
    """
    times, after = 0, now
    for each in reversed(records.all):
        same = each.about.commit == commit and each.about.change == change and each.result == SUCCEEDED
        if not same or not by_sync(each) or after - each.made > within:
            return times
        times, after = times + 1, each.made
    return times


def changed_at(records: Records) -> float:
    """When the stack was changed last, in seconds since 1970; 0 where it never was."""
    return records.newest.made if records.newest else 0.0


def by_sync(record: Record) -> bool:
    return record.about.command in (BY_SYNC, HEALING)


def _asking(records: Records) -> Iterator[Record]:
    return (each for each in records.all if each.about.asks and not each.about.dirty)


@dataclass(frozen=True, slots=True)
class Known:
    """A stack on the engine: its name, and the path of its file in the repository."""

    name: str
    path: str


def of_repository(records: Mapping[str, Records], repository: str) -> Iterator[Known]:
    """The stacks among these, by name, that are from a repository, which is what their origins begin with."""
    for name, each in sorted(records.items()):
        origin = each.origin or ""
        if origin.startswith(f"{repository}//"):
            yield Known(name, origin.removeprefix(f"{repository}//"))


def is_drift(plan: Plan, known: Iterable[str]) -> bool:
    """Whether a plan does nothing but undo what was done by hand: fields that somebody changed, and what was there,
    as the records have it (`known`), and is gone or stopped.
    """
    from deployer.plan.model import Action, Cause

    there = set(known)

    def drifted(address: str, action: Action, causes: set[Cause]) -> bool:
        if action in (Action.KEPT, Action.RECOVER, Action.START, Action.UNPAUSE):
            return True
        return address in there if action is Action.CREATE else bool(causes) and causes <= {Cause.DRIFT}

    return all(
        drifted(each.address, each.action, {cause for field in each.fields for cause in field.causes})
        for each in plan.changes
    )


def replaces(plan: Plan, known: Iterable[str] = ()) -> bool:
    """Whether a container that is there goes, or another one is made where one of those that are `known` was."""
    from deployer.plan.model import Action

    gone, there = (Action.REPLACE, Action.REMOVE), set(known)
    return any(
        (each.action in gone or (each.action is Action.CREATE and each.address in there))
        and each.address.startswith(("service.", "container."))
        for each in plan.changes
    )
