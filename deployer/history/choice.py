"""Which revision is meant, and whether it can be gone back to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from deployer.errors import Diagnostic, InvalidStack, OperationFailed, WrongUsage
from deployer.resources.records import DIED, FORMAT, INTERRUPTED, SUCCEEDED, Record, Records

Same = Callable[[Record, Record], bool]
"""Whether two revisions asked for the very same."""

HISTORY = "deployer history"


def no_history(stack: str) -> OperationFailed:
    hint = "every apply that changes something is a revision: deployer apply"
    return OperationFailed(Diagnostic("no-history", f"{stack} has no revisions on this engine", hint=hint))


def revision_named(records: Records, stack: str, number: int) -> Record:
    """Raises WrongUsage, with the numbers that there are, where there is none of that number."""
    if not records.all:
        raise no_history(stack)
    found = next((record for record in records.all if record.revision == number), None)
    if found is None:
        known = f"kept are {_numbers([record.revision for record in records.all])}"
        raise WrongUsage(Diagnostic("unknown-revision", f"{stack} has no revision {number}", hint=known))
    return found


def why_not(record: Record) -> str:
    """Why a revision cannot be gone back to, in words; "" where it can."""
    if record.format != FORMAT:
        return "a later deployer has written its record"
    if record.damaged:
        return "its record is damaged"
    if not record.about.asks:
        return f"it was `{record.about.command}`, which asked for no stack of its own"
    if not record.result:
        return "it has not ended"
    if record.result != SUCCEEDED:
        words = {DIED: "died", INTERRUPTED: "was interrupted"}
        return f"it {words.get(record.result, 'failed')}: what it asked for was never reached"
    return "" if record.has_stack else "its record, of an earlier deployer, does not hold the stack"


def chosen(records: Records, stack: str, to: int | None, same: Same) -> Record:
    """The revision to go back to: that of the number, else the last one before the present that ended well and asked
    for something else. Raises WrongUsage, InvalidStack or OperationFailed where there is none.
    """
    if to is None:
        return _before_the_present(records, stack, same)
    record = revision_named(records, stack, to)
    if reason := why_not(record):
        able = [each.revision for each in records.all if not why_not(each)]
        hint = f"those that can be: {_numbers(able)}" if able else "no revision can be, yet"
        raise InvalidStack(Diagnostic("rollback", f"revision {to} cannot be gone back to: {reason}", hint=hint))
    return record


def present_of(records: Records) -> Record | None:
    """The revision that was asked for last."""
    return next(reversed(_asking(records)), None)


def _asking(records: Records) -> list[Record]:
    return [record for record in records.all if record.about.asks and record.has_stack]


def _before_the_present(records: Records, stack: str, same: Same) -> Record:
    if not records.all:
        raise no_history(stack)
    present = present_of(records)
    able = (record for record in reversed(_asking(records)[:-1]) if not why_not(record))
    found = next((record for record in able if present and not same(record, present)), None)
    if found is None:
        message = f"{stack} has no earlier revision that can be gone back to"
        raise OperationFailed(Diagnostic("rollback", message, hint=f"see {HISTORY}"))
    return found


def _numbers(numbers: Sequence[int]) -> str:
    """`1 to 4, 6, 9 to 12`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(one) if one == other else f"{one} to {other}" for one, other in runs)
