"""An apply from end to end: take the turn, look again, carry out, end the turn."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from deployer.errors import DeployerError, Diagnostic, Exit, InvalidStack
from deployer.fields.sensitive import mask_line
from deployer.plan.model import Action, Call, Plan
from deployer.reconcile import turn
from deployer.reconcile.calls import Sources, World
from deployer.reconcile.holder import own_container
from deployer.reconcile.images_kept import images_reached
from deployer.reconcile.protocol import Engine, Json, Reader
from deployer.reconcile.run import Outcome, Tell, carry_out
from deployer.reconcile.waits import Waker
from deployer.resources import identity
from deployer.resources.observed import Observed
from deployer.resources.record_labels import desired_of, images_of
from deployer.resources.records import FAILED, INTERRUPTED, SUCCEEDED, Record, Records
from deployer.resources.revisions import About, KeptImage, images_in, images_text

Planned = tuple[Plan, Observed]

_LONGEST = 300
"""Characters of a failure that a record keeps."""

RECENT = 2.0
"""Seconds for which a look at the engine is as good as another one, where nobody else had the turn."""

SENDS = (Call.COPY, Call.BUILD, Call.LOAD)
"""Steps that send what files hold."""


@dataclass(frozen=True, slots=True)
class Job:
    """What an apply needs besides the engine.

    `look` observes and plans anew, while the turn of that revision is held; the plan that is shown was `looked` for at
    that time, by the monotonic clock. `agreed` is asked where the new plan is not the one that was shown; `desired` is
    the stack as resolved, compressed, for the record. `seconds` bounds the whole, `longest_wait` each wait for a
    container. Unless it is to be `put_back`, what fails is left as it is. One that is to `forget` leaves no records
    where it leaves nothing else. `about` says of a plan, the salt of the stack's digests, and what became of changes by
    their addresses, how the revision came about; `images` are those that a revision which asks for a stack has besides
    its own, None where it asks for none.
    """

    look: Callable[[int], Planned]
    agreed: Callable[[Plan], bool]
    tell: Tell
    sources: Sources
    looked: float = -math.inf
    desired: str = ""
    parallel: int = 8
    seconds: float = 1800.0
    longest_wait: float = math.inf
    put_back: bool = True
    patience: turn.Patience = turn.AT_ONCE
    forget: bool = False
    about: Callable[[Plan, str, Mapping[str, str]], About] = lambda *_: About()
    images: Mapping[str, KeptImage] | None = None


def apply(engine: Engine, shown: Planned, job: Job, started: Callable[[World], None] = lambda _: None) -> Outcome:
    """Carry out the plan that was shown, or the one that has become of it.

    A plan with nothing to do takes no turn and writes nothing. `started` is handed the world before anything is done,
    so that a signal can stop it. Raises Busy when another one has the turn.
    """
    plan, observed = shown
    if plan.is_empty:
        if job.forget and not plan.changes:
            turn.forget(engine, observed.records)
        return Outcome()
    if _ends_us(engine, plan):
        raise InvalidStack(_own_container(plan))
    wanted = replace(_reached(plan, observed), about=job.about(plan, observed.records.salt, {}))
    mine = turn.take(engine, plan.stack, observed.records, wanted, job.desired, job.seconds, job.patience)
    deadline = time.monotonic() + job.seconds
    before = replace(wanted, updates=observed.records.updates, protected=frozenset(observed.records.protected))
    outcome, reached, images = Outcome(), replace(before, result=FAILED), ""
    try:
        outcome, reached, observed, images = _carry_out(engine, shown, mine, job, deadline, started)
    finally:
        # Aborted, something may still be in flight: the next apply finds the turn without an end, and its holder gone.
        if not outcome.turn_lost and not outcome.aborted:
            ended = replace(reached, revision=mine.revision, nonce=mine.nonce)
            try:
                turn.look(engine, plan.stack, mine, job.desired)
                forget = job.forget and ended.result == SUCCEEDED
                _end(engine, plan, ended, observed.records, images, forget=forget)
            except DeployerError as error:  # the next apply finds the turn without an end, and its holder gone
                if outcome.exit_code is not Exit.UNREACHABLE:
                    outcome.errors.append(error)
    return outcome


def _ends_us(reader: Reader, plan: Plan) -> bool:
    """Whether it would stop the container that carries it out, half way."""
    ours = own_container(reader)
    return ours is not None and plan.ends(ours["Id"])


def _own_container(plan: Plan) -> Diagnostic:
    message = f"{plan.stack}: this would stop the container that deployer itself runs in, half way"
    return Diagnostic("own-container", message, hint="run it elsewhere: on the host, or in another container")


def _end(engine: Engine, plan: Plan, ended: Record, records: Records, images: str, *, forget: bool) -> None:
    """End the turn. After a destroy the last record stays only while data of the stack does, for it says whose that
    is.
    """
    if not forget:
        turn.end(engine, plan.stack, ended, records, images)
        return
    if any(change.action is Action.KEPT for change in plan.changes):
        turn.forget(engine, records)
        turn.end(engine, plan.stack, ended, Records())
    else:
        turn.leave(engine, plan.stack)


def _carry_out(
    engine: Engine, shown: Planned, mine: Record, job: Job, deadline: float, started: Callable[[World], None]
) -> tuple[Outcome, Record, Observed, str]:
    """Look again, now that nobody else can act, unless nobody has since, and do what is to be done. Gives what was
    reached, too, and the images that run, compressed.
    """
    plan, observed = shown if _is_new(engine, shown, mine, job) else job.look(mine.revision)
    is_another = plan.fingerprint != shown[0].fingerprint and not plan.is_empty
    if is_another and (_ends_us(engine, plan) or not job.agreed(plan)):
        declined = replace(_reached(plan, observed, Outcome()), about=mine.about, result=INTERRUPTED)
        return Outcome(declined=True), declined, observed, ""
    world = World(
        engine=engine,
        stack=plan.stack,
        waker=Waker(engine, {identity.PROJECT: plan.stack}),
        sources=job.sources,
        deadline=deadline,
        longest_wait=job.longest_wait,
        look=turn.looking(engine, plan.stack, mine, job.desired),
        images={address: reference for address, reference in plan.images.items() if reference},
    )
    started(world)
    outcome = carry_out(plan, world, job.tell, job.parallel, put_back=job.put_back)
    result = _result(outcome)
    became = job.about(plan, observed.records.salt, outcome.became)
    about = replace(became, failure=_failure(outcome), again=_may_be_asked_again(outcome))
    reached = replace(_reached(plan, observed, outcome), about=about, result=result)
    images = ""
    if job.images is not None and result == SUCCEEDED:
        with suppress(DeployerError):  # the engine is lost: then the turn cannot be ended, either, and that is told
            found = images_reached(engine, plan, observed, world.images, job.sources.bases_of, job.images)
            images = images_text(found)
    return outcome, reached, observed, images


def _failure(outcome: Outcome) -> str:
    """What made it fail, in a line that can be kept: it may quote what a builder or a program has said."""
    if not outcome.errors:
        return "interrupted" if outcome.interrupted else ""
    first, *_ = outcome.errors[0].diagnostics[0].message.splitlines() or [""]
    more = sum(len(error.diagnostics) for error in outcome.errors) - 1
    return f"{mask_line(first)[:_LONGEST]}{f' (and {more} more)' if more else ''}"


def _result(outcome: Outcome) -> str:
    return INTERRUPTED if outcome.interrupted else FAILED if outcome.errors else SUCCEEDED


def _may_be_asked_again(outcome: Outcome) -> bool:
    """Who could not reach the engine or a registry has not shown that what was asked for is wrong."""
    return outcome.exit_code in (Exit.UNREACHABLE, Exit.BUSY)


def _is_new(reader: Reader, shown: Planned, mine: Record, job: Job) -> bool:
    """Whether the plan is as good as one that is made now: it was made a moment ago, and no other apply has had the
    turn since. What is read of files that are sent is read when the turn is held.
    """
    plan, observed = shown
    records = observed.records
    if time.monotonic() - job.looked > RECENT or records.abandoned:
        return False
    if any(step.call in SENDS for change in plan.changes for step in change.steps):
        return False
    if not records.all and (plan.unchanged or observed.containers):  # a whole apply and destroy would leave no trace
        return False
    return turn.follows(reader, plan.stack, mine, records)


def asked_last(reader: Reader, stack: str, records: Records) -> str:
    """The stack of the newest record that has one: who starts or stops asks for nothing new, whatever the file says."""
    with_stack = (record.revision for record in reversed(records.all) if record.has_stack)
    return next((found for revision in with_stack if (found := desired_in(reader, stack, revision))), "")


def images_last(reader: Reader, stack: str, records: Records) -> dict[str, KeptImage]:
    """The images of the newest revision that asked for some, and got them."""
    asking = (record for record in reversed(records.all) if record.about.asks and record.result == SUCCEEDED)
    return next((images_kept(reader, stack, record.revision) for record in asking), {})


def desired_in(reader: Reader, stack: str, revision: int) -> str:
    """The stack that a revision asked for, compressed; "" where its record has none."""
    return desired_of(_volumes_of(reader, stack, revision), stack, revision)


def images_kept(reader: Reader, stack: str, revision: int) -> dict[str, KeptImage]:
    """The images that a revision ran, by address; none where its record does not say."""
    return images_in(images_of(_volumes_of(reader, stack, revision), stack, revision))


def _volumes_of(reader: Reader, stack: str, revision: int) -> Sequence[Json]:
    return reader.volumes(name=identity.record_name(stack, revision))


def _reached(plan: Plan, observed: Observed, outcome: Outcome | None = None) -> Record:
    """What a plan leaves when it is carried out; with an outcome, what it has left.

    `updates` are what living containers were asked for since they were made, `resources` what is there, `protected` the
    volumes that no command removes.
    """
    done = {change.address for change in plan.changes} if outcome is None else {*outcome.done, *outcome.skipped}
    updates = {id: dict(rows) for id, rows in observed.records.updates.items()}
    before = {*plan.left_alone, *(change.address for change in plan.changes)}
    resources = {*plan.unchanged, *(observed.records.ended.resources & before)}
    protected = set(observed.records.protected) & observed.volumes.keys()
    changes = (change for change in plan.changes if change.action is not Action.RECOVER)
    changes = (change for change in changes if change.steps or change.protects)
    for change in (change for change in changes if change.address in done or change.action is Action.KEPT):
        if change.protects:
            name, protect = change.protects
            (protected.add if protect else protected.discard)(name)
        if change.updates:
            id, rows = change.updates
            updates[id] = {**updates.get(id, {}), **rows}
        resources = resources - {change.address} if change.action is Action.REMOVE else resources | {change.address}
    return Record(
        0,
        origin=plan.origin,
        salt=observed.records.salt,
        updates=updates,
        resources=frozenset(resources),
        protected=frozenset(protected),
    )
