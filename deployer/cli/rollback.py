"""`deployer rollback`: an earlier revision is applied again, as any stack is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.apply import NoRollback, Parallel, Timeout, Yes
from deployer.cli.carry_out import Way, carry_out
from deployer.cli.output import Format
from deployer.cli.patience import LockTimeout, TakeOver, WaitTimeout, longest, patience, seconds
from deployer.cli.state import Files, state_of
from deployer.errors import Diagnostic, OperationFailed
from deployer.sources.chosen import keeps_orphans

if TYPE_CHECKING:
    from deployer.reconcile.apply import Planned
    from deployer.resources.records import Record


def rollback(
    context: typer.Context,
    files: Files = None,
    to: Annotated[
        int | None, typer.Option("--to", metavar="N", min=1, help="The revision; the last other one unless given.")
    ] = None,
    yes: Yes = False,
    parallel: Parallel = 8,
    timeout: Timeout = "30m",
    wait_timeout: WaitTimeout = None,
    no_rollback: NoRollback = False,
    lock_timeout: LockTimeout = "0s",
    take_over: TakeOver = False,
    format: Annotated[Format, typer.Option(help="text, or json: an event a line.")] = Format.TEXT,
) -> None:
    """Go back to an earlier revision: shows the plan, asks, and carries it out, as apply does.

    Without --to, that is the last one before the present that succeeded and asked for something else. Its images are
    those that ran then: one that is gone is pulled by its digest, or built where what goes into it is as it was; else
    nothing is begun. Volumes keep their data, and those that are protected stay so. No revision keeps secrets: today's
    are taken, and that is said. The stack file stays as it is: the next apply goes forward to it again.

    \b
    Example: deployer rollback
    Example: deployer rollback --to 5 --yes
    Example: deployer rollback shop/stack.yaml
    """
    from deployer.history.choice import chosen, present_of
    from deployer.history.compare import masked_between
    from deployer.plan.planner import Options
    from deployer.reconcile.turn import records_now
    from deployer.rollback import asked_the_same, gone_back, kept_of, told_of, wishes_of

    state = state_of(context)
    today, reader = state.project(files), state.reader()
    stack = today.stack.name
    records = records_now(reader, stack)
    wish = wishes_of(reader, stack)
    record = chosen(records, stack, to, partial(asked_the_same, wish))
    present = present_of(records)
    if to is None and present and wish(record) == wish(present):
        hidden = masked_between(record.about.masked, present.about.masked)
        raise _only_in_secrets(record, str(present.revision), [each.path for each in hidden])
    kept = kept_of(reader, stack, record)
    back = gone_back(today, kept, records.protected)
    project = back.project
    engine = state.engine(project)
    options = Options(keep_orphans=keeps_orphans(today.stack.environment), take_over=take_over)

    def look(holding: int) -> Planned:
        plan, observed = project.plan(engine, options, holding)
        if plan.is_empty and back.changed and not holding:
            raise _only_in_secrets(record, "what runs", back.changed)
        told = told_of(plan, record.revision, pinned=bool(kept.images))
        return replace(told, warnings=(*back.warnings, *told.warnings)), observed

    way = Way(
        look,
        yes,
        patience(state.output, lock_timeout, take_over),
        f"rollback to {record.revision}",
        parallel=parallel,
        seconds=seconds("--timeout", timeout),
        longest_wait=longest(wait_timeout),
        put_back=not no_rollback,
        format=format,
        question=f"Go back to revision {record.revision}?",
        images=kept.images,
    )
    raise typer.Exit(carry_out(state.output, project, engine, way).exit_code)


def _only_in_secrets(record: Record, other: str, places: Collection[str]) -> OperationFailed:
    """To go there would change nothing: today's values would be taken for just what differs."""
    from deployer.history.choice import HISTORY

    where = ", ".join(places) or "what is sensitive"
    message = (
        f"revision {record.revision} differs from {other} in {where} alone, and no revision keeps what is sensitive"
    )
    hint = f"put that right in the stack file and apply; or go further back: deployer rollback --to N (see {HISTORY})"
    return OperationFailed(Diagnostic("rollback", message, hint=hint))
