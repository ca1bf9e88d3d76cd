"""What the agent does about a stack, and what it says of it: decisions on plain values alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MOST_TIMES = 3
"""So often the same is done for a commit in a row; where it comes back once more, it is only told."""

LONGEST_WAIT = 3600.0
"""Seconds between two tries of what fails again and again."""


class Condition(StrEnum):
    """READY: as the branch says, and well. PROGRESSING: on its way. DEGRADED: not as it should be, and the agent cannot
    mend it. DRIFTED: something is to be done, and the rule leaves it to a person.
    """

    READY = "Ready"
    PROGRESSING = "Progressing"
    DEGRADED = "Degraded"
    DRIFTED = "Drifted"


class Auto(StrEnum):
    """What of a new commit is applied without asking."""

    ALWAYS = "always"
    NO_REPLACE = "no-replace"
    OFF = "off"


class Reason(StrEnum):
    """Why a stack has its condition: a closed list, for programs."""

    IN_STEP = "InStep"
    STARTING = "Starting"
    UNHEALTHY = "Unhealthy"
    CRASHES = "Crashes"
    APPLYING = "Applying"
    BUSY = "Busy"
    INTERRUPTED = "Interrupted"
    INVALID = "Invalid"
    COMMIT_REFUSED = "CommitRefused"
    COMMIT_FAILED = "CommitFailed"
    APPLY_FAILED = "ApplyFailed"
    UNREACHABLE = "Unreachable"
    COMES_BACK = "ComesBack"
    HELD = "Held"
    DRIFT = "Drift"
    FILE_GONE = "FileGone"
    REMOVED = "Removed"
    BUG = "Bug"


OF_A_COMMIT = frozenset((Reason.COMMIT_FAILED, Reason.COMMIT_REFUSED, Reason.INVALID, Reason.APPLY_FAILED))
"""What a commit has brought about: with another one it is another failure."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`heal`: what was done by hand is undone. `prune`: a stack whose file is gone is removed, its data never."""

    auto: Auto = Auto.ALWAYS
    heal: bool = True
    prune: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at a stack has found.

    `target` is the commit that its plan is of; where that is not the branch's own, this one was tried and failed,
    waits, or is none to try, as `trouble` says. `empty`: nothing is to be done; `drift`: nothing but to undo what was
    done by hand; `replaces`: a container goes. `times`: the same was done so often in a row. `resting`: it failed, and
    it is not yet time to try again. `crashed`: a container ends by itself. `withheld` are the files
    that containers have mounted and the commit changes, where nothing of a commit is put in place.
    """

    head: str
    target: str
    trouble: Reason | None = None
    empty: bool = True
    drift: bool = False
    replaces: bool = False
    times: int = 0
    resting: bool = False
    crashed: bool = False
    unhealthy: bool = False
    starting: bool = False
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the plan is carried out; and what is said of the stack until that is done, or because it is not."""

    act: bool
    condition: Condition
    reason: Reason


def decide(rule: Rule, found: Found) -> Verdict:
    """What is to be done about a stack."""
    verdict = _decide(rule, found)
    if found.trouble not in (None, Reason.HELD) and verdict.condition is Condition.DRIFTED:  # the trouble goes on
        return Verdict(False, Condition.DEGRADED, found.trouble)
    return verdict


def _decide(rule: Rule, found: Found) -> Verdict:
    waits = found.trouble is Reason.HELD  # then what went before it is kept in order, and no more
    if found.trouble and not found.target:
        return Verdict(False, Condition.DRIFTED if waits else Condition.DEGRADED, found.trouble)
    if found.withheld:
        return Verdict(False, Condition.DRIFTED, Reason.HELD)
    if found.empty:
        return _in_step(found)
    if found.resting:
        return Verdict(False, Condition.DEGRADED, Reason.APPLY_FAILED)
    crashed = found.crashed and found.drift
    if found.times >= MOST_TIMES:
        return _crashes(act=False) if crashed else Verdict(False, Condition.DRIFTED, Reason.COMES_BACK)
    allowed = rule.heal if found.drift else rule.auto is not Auto.OFF and not waits
    if not allowed or (found.replaces and rule.auto is Auto.NO_REPLACE):
        drifted = Verdict(False, Condition.DRIFTED, Reason.DRIFT if found.drift else Reason.HELD)
        return _crashes(act=False) if crashed else drifted
    if found.trouble:  # which goes on, whatever is mended meanwhile
        return Verdict(True, Condition.DRIFTED if waits else Condition.DEGRADED, found.trouble)
    return _crashes(act=True) if crashed else Verdict(True, Condition.PROGRESSING, Reason.APPLYING)


def _crashes(*, act: bool) -> Verdict:
    return Verdict(act, Condition.DEGRADED, Reason.CRASHES)


def _in_step(found: Found) -> Verdict:
    if found.trouble and found.trouble is not Reason.HELD:
        return Verdict(False, Condition.DEGRADED, found.trouble)
    if found.crashed:
        return _crashes(act=False)
    if found.unhealthy:
        return Verdict(False, Condition.DEGRADED, Reason.UNHEALTHY)
    if found.starting:
        return Verdict(False, Condition.PROGRESSING, Reason.STARTING)
    if found.trouble:
        return Verdict(False, Condition.DRIFTED, found.trouble)
    return Verdict(False, Condition.READY, Reason.IN_STEP)


def times_away(before: int, wrong: Reason | None) -> int:
    """How many rounds in a row a remote or an engine was away. What is wrong with the branch the next commit may mend,
    which is to be seen at once.
    """
    return 0 if wrong in (None, Reason.INVALID, Reason.COMMIT_REFUSED) else before + 1


def pause(failures: int, interval: float, chance: float) -> float:
    """Seconds until the next try after so many failures in a row: twice as long each time, up to an hour, or to the
    interval where that is longer. `chance` is in 0 to 1: agents that failed together do not come back together.
    """
    longest = max(interval, LONGEST_WAIT)
    waited = min(interval * 2.0 ** min(failures, 30), longest)
    return waited * (0.9 + 0.2 * chance)
