"""That the last thing asked for was a rollback: the file may be as it was before, and then undoes that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deployer.errors import Diagnostic
from deployer.plan.model import Action, Call, Cause, Change
from deployer.resources.records import SUCCEEDED, Record, Records

_MENDS = {Cause.DRIFT, Cause.DEPENDENCY}
"""Why a field differs though nobody asks for another value."""


def rolled_back(records: Records, changes: Iterable[Change]) -> Iterator[Diagnostic]:
    """For a plan that goes by the file, and does more than to mend what drifted or died. Who went back to what the file
    had asked for last has departed from nothing.
    """
    if not any(_is_by_the_file(change, records) for change in changes):
        return
    asking = [record for record in records.all if record.about.asks and record.result == SUCCEEDED]
    if not asking or not (to := _goes_to(asking[-1])) or _is_the_files(asking[-1], records):
        return
    last, before = asking[-1].revision, [record.revision for record in asking[:-1]]
    hint = f"to stay with revision {to}, put the file right first"
    hint += f"; deployer diff {before[-1]} {last} shows what the rollback changed" if before else ""
    message = f"revision {last} was a rollback to {to}; this plan goes back to what the file says"
    yield Diagnostic("rolled-back", message, hint=hint)


def _goes_to(record: Record) -> str:
    """The number of the revision that a rollback went to, "" for what is no rollback."""
    command, *said = record.about.command.split() or [""]
    return said[-1] if command == "rollback" and said else ""


def _is_the_files(rollback: Record, records: Records) -> bool:
    """Whether it went, by way of other rollbacks or not, to the last revision before it that came from the file, with
    whatever result.
    """
    before = [each for each in records.all if each.about.asks and each.revision < rollback.revision]
    origins: dict[str, str] = {}
    for each in before:
        number, to = str(each.revision), _goes_to(each)
        origins[number] = origins.get(to, "") if to else number
    newest = [str(each.revision) for each in before if not _goes_to(each)][-1:]
    return [origins.get(_goes_to(rollback))] == newest


def _is_by_the_file(change: Change, records: Records) -> bool:
    """Whether the file asks for something else than there was. Images come and go for what runs them."""
    if change.address.partition(".")[0] in ("image", "build", "push") or change.action is Action.RECOVER:
        return False
    if any(step.call is Call.REMOVE_IMAGE for step in change.steps):
        return False
    if change.action is Action.REMOVE:
        return change.address in records.ended.resources
    asked = any(not _MENDS.issuperset(field.causes) for field in change.fields)
    return asked or change.protects is not None or (change.action is Action.CREATE and not change.fields)
