"""That the last thing asked for was a rollback: the file may be as it was before, and then undoes that."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.errors import Diagnostic
from deployer.resources.records import SUCCEEDED, Records


def rolled_back(records: Records) -> Iterator[Diagnostic]:
    """For a plan that goes by the file and has something to do."""
    asking = [record for record in records.all if record.about.asks and record.result == SUCCEEDED]
    if not asking or not asking[-1].about.command.startswith("rollback"):
        return
    last, before = asking[-1].revision, [record.revision for record in asking[:-1]]
    to = asking[-1].about.command.split()[-1]
    hint = f"to stay with revision {to}, put the file right first"
    hint += f"; deployer diff {before[-1]} {last} shows what the rollback changed" if before else ""
    message = f"revision {last} was a rollback to {to}; this plan goes back to what the file says"
    yield Diagnostic("rolled-back", message, hint=hint)
