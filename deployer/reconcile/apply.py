"""An apply from end to end: take the turn, look again, carry out, end the turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from deployer.errors import DeployerError, Exit
from deployer.plan.model import Action, Plan
from deployer.reconcile import turn
from deployer.reconcile.calls import Built, World, WriteContext
from deployer.reconcile.protocol import Engine
from deployer.reconcile.run import Outcome, Tell, carry_out
from deployer.reconcile.waits import Waker
from deployer.resources import identity
from deployer.resources.observed import Observed
from deployer.resources.records import Record, Records

Planned = tuple[Plan, Observed]


@dataclass(frozen=True, slots=True)
class Job:
    """What an apply needs besides the engine.

    `look` observes and plans anew, while the turn of that revision is held; `agreed` is asked where the new plan is not
    the one that was shown; `desired` is the stack as resolved, compressed, for the record. `seconds` bounds the whole.
    """

    look: Callable[[int], Planned]
    agreed: Callable[[Plan], bool]
    tell: Tell
    write_context: WriteContext
    built: Built
    desired: str = ""
    parallel: int = 8
    seconds: float = 1800.0


def apply(engine: Engine, shown: Planned, job: Job, started: Callable[[World], None] = lambda _: None) -> Outcome:
    """Carry out the plan that was shown, or the one that has become of it.

    A plan with nothing to do takes no turn and writes nothing. `started` is handed the world before anything is done,
    so that a signal can stop it. Raises Busy when another one has the turn.
    """
    plan, observed = shown
    if plan.is_empty:
        return Outcome()
    began = time.monotonic()
    wanted = _reached(plan, observed)
    mine = turn.take(engine, plan.stack, observed.records, wanted, job.desired, time.time, job.seconds)
    before = observed.records.ended
    ended = Record(mine.revision, mine.nonce, updates=before.updates, resources=before.resources, result="failed")
    outcome = Outcome()
    try:
        outcome, reached = _carry_out(engine, plan, mine, job, began + job.seconds, started)
        ended = replace(reached, revision=mine.revision, nonce=mine.nonce) if reached else ended
    finally:
        try:
            turn.end(engine, plan.stack, ended, observed.records)
        except DeployerError as error:  # the next apply finds the turn without an end, and its holder gone
            if outcome.exit_code is not Exit.UNREACHABLE:
                outcome.errors.append(error)
    return outcome


def _carry_out(
    engine: Engine, shown: Plan, mine: Record, job: Job, deadline: float, started: Callable[[World], None]
) -> tuple[Outcome, Record | None]:
    """Look again, now that nobody else can act, and do what is to be done. Gives what was reached, too."""
    plan, observed = job.look(mine.revision)
    if plan.fingerprint != shown.fingerprint and not plan.is_empty and not job.agreed(plan):
        return Outcome(declined=True), None
    world = World(
        engine=engine,
        stack=plan.stack,
        waker=Waker(engine, {identity.PROJECT: plan.stack}),
        write_context=job.write_context,
        built=job.built,
        deadline=deadline,
        images={address: reference for address, reference in plan.images.items() if reference},
    )
    started(world)
    outcome = carry_out(plan, world, job.tell, job.parallel)
    result = "failed" if outcome.errors or outcome.interrupted else "succeeded"
    return outcome, replace(_reached(plan, observed, outcome), result=result)


def remove_records(engine: Engine, records: Records, *, keep_newest: bool) -> None:
    """After a destroy: the newest record stays while data of the stack does, for it says whose that is."""
    for record in records.all[:-1] if keep_newest else records.all:
        for name in record.volumes:
            engine.remove_volume(name)


def _reached(plan: Plan, observed: Observed, outcome: Outcome | None = None) -> Record:
    """What a plan leaves when it is carried out; with an outcome, what it has left.

    `updates` are what living containers were asked for since they were made, `resources` what is there.
    """
    done = {change.address for change in plan.changes} if outcome is None else {*outcome.done, *outcome.skipped}
    alive = {container.id for container in observed.containers}
    updates = {id: dict(rows) for id, rows in observed.records.ended.updates.items() if id in alive}
    resources = {*plan.unchanged, *(observed.records.ended.resources & {change.address for change in plan.changes})}
    for change in (change for change in plan.changes if change.steps and change.address in done):
        if change.updates:
            id, rows = change.updates
            updates[id] = {**updates.get(id, {}), **rows}
        resources = resources - {change.address} if change.action is Action.REMOVE else resources | {change.address}
    return Record(0, origin=plan.origin, updates=updates, resources=frozenset(resources))
