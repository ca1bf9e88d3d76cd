"""Carry out a plan: its steps, in their order, several at once; what fails is put back, what does not depend on it goes
on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from deployer.errors import DeployerError, Diagnostic, Exit, Unreachable
from deployer.plan import events
from deployer.plan.model import Action, Call, Change, Plan, Step, StepId
from deployer.reconcile import turn, waits
from deployer.reconcile.again import insisting, surely
from deployer.reconcile.calls import World
from deployer.reconcile.lost import answers, is_about_the_engine
from deployer.reconcile.replicas import of_replica
from deployer.reconcile.scheduler import Schedule
from deployer.resources.revisions import BECAME, DONE
from deployer.resources.wire import EngineRefused

Tell = Callable[[events.Event], None]
T = TypeVar("T")


@dataclass(slots=True)
class Outcome:
    """What became of a plan, by address, and what went wrong.

    `done`: carried out. `skipped`: not needed after all. `put_back`: failed, or stopped by a failure, and as before.
    `half_done`: begun, and neither ended nor put back. `not_begun`: nothing was done that anybody could notice.
    `interrupted`: nothing new was started; `aborted`: what was in flight was left as it is. Once the `turn_lost` is,
    another one acts. `warnings` are no failures.
    """

    done: list[str] = field(default_factory=list[str])
    skipped: list[str] = field(default_factory=list[str])
    put_back: list[str] = field(default_factory=list[str])
    half_done: list[str] = field(default_factory=list[str])
    not_begun: list[str] = field(default_factory=list[str])
    errors: list[DeployerError] = field(default_factory=list[DeployerError])
    warnings: list[Diagnostic] = field(default_factory=list[Diagnostic])
    interrupted: bool = False
    aborted: bool = False
    declined: bool = False
    turn_lost: bool = False

    @property
    def became(self) -> dict[str, str]:
        """What became of each change, by its address; nothing where all are done."""
        told = zip(BECAME, (self.done, self.put_back, self.half_done, self.not_begun, self.skipped), strict=True)
        found = {address: became for became, addresses in told for address in addresses}
        return {} if set(found.values()) == {DONE} else found

    @property
    def exit_code(self) -> Exit:
        if self.declined:
            return Exit.FAILED
        if self.interrupted:
            return Exit.INTERRUPTED
        codes = {error.exit_code for error in self.errors}
        stronger = next((code for code in (Exit.BUSY, Exit.UNREACHABLE) if code in codes), Exit.FAILED)
        return stronger if codes else Exit.DONE


def carry_out(plan: Plan, world: World, tell: Tell, parallel: int = 8, *, put_back: bool = True) -> Outcome:
    """Do just what the plan says. What fails is in the outcome; only a bug is raised, after all was put back.
    Unless it is to be `put_back`, what fails is left as it is, to be looked at, and for the next run to recover.

    A KeyboardInterrupt aborts, as does an engine that is silent until nobody has the turn any more: what is in flight
    is left as it is, for the next run to recover.
    """
    run = _Run(plan, world, tell, Schedule(plan), Outcome(), parallel, put_back)
    try:
        with world.waker.listening():
            run.forward()
            run.back(at_the_end=True)
            run.last_look()
    except KeyboardInterrupt:
        run.outcome.aborted = run.outcome.interrupted = True
    except _Silent as error:
        run.outcome.aborted = True
        run.outcome.errors.append(error)
    run.settle()
    if run.bug:
        raise run.bug
    return run.outcome


class _Silent(Unreachable):
    """What was asked of the engine is in flight when all time is over."""


@dataclass(slots=True)
class _Run:
    plan: Plan
    world: World
    tell: Tell
    schedule: Schedule
    outcome: Outcome
    parallel: int
    puts_back: bool
    running: dict[Future[bool], StepId] = field(default_factory=dict["Future[bool]", StepId])
    lock: threading.Lock = field(default_factory=threading.Lock)
    looks: list[StepId] = field(default_factory=list[StepId])
    started: float = 0.0
    put_back: set[str] = field(default_factory=set[str])
    lost: bool = False
    bug: Exception | None = None

    def forward(self) -> None:
        """Start what is due until nothing is, and nothing runs."""
        while True:
            for step in self._may_start():
                self.schedule.started(step)
                self.running[_begun(partial(self._step, step))] = step
            if not self.running:
                return
            finished, _ = wait(self.running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in finished:
                self._settle_step(self.running.pop(future), future)
            self.back()
            self._in_time(self.world.deadline + turn.GRACE, list(self.running.values()))

    def _in_time(self, until: float, in_flight: Sequence[StepId]) -> None:
        """Raise _Silent where a request has no answer by then: another one may have the turn from now on."""
        if not in_flight or time.monotonic() < until:
            return
        asked = ", ".join(str(self._at(step)) for step in in_flight)
        hint = (
            "the engine may hang: `docker info` shows whether it answers; the next apply goes on from what it has done"
        )
        raise _Silent(Diagnostic("engine-timeout", f"the engine did not answer in time: {asked}", hint=hint))

    def _may_start(self) -> list[StepId]:
        if self.world.stop.is_set() or self.lost or self.bug:
            return []
        return self.schedule.due()[: self.parallel - len(self.running)]

    def _settle_step(self, step: StepId, future: Future[bool]) -> None:
        index = step[0]
        try:
            needed = future.result()
        except DeployerError as error:
            self.schedule.failed(step, unsure=_may_have_acted(error))
            self._failed(self._address(index), self._at(step), error)
            return
        except Exception as error:
            self.schedule.failed(step)
            self.bug = error
            return
        if needed:
            self.schedule.finished(step)
        else:
            self.schedule.skipped(index)
            self._say(events.ChangeSkipped(self._address(index), "the image is the same"))
            self.outcome.skipped.append(self._address(index))
        if needed and self.schedule.is_done(index):
            self._say(events.ChangeDone(self._address(index), self.plan.changes[index].action))

    def _step(self, step: StepId) -> bool:
        """Carry out a step; False where its change has turned out to be needless."""
        change, what = self.plan.changes[step[0]], self._at(step)
        if step[1] == 0 and self._is_needless(change):
            return False
        self._say(events.StepStarted(change.address, what))
        began = time.monotonic()
        if change.action is Action.RECOVER:  # as with what is put back: until it is done, a service may be away
            insisting(self.world, what)
        else:
            surely(self.world, what, lambda progress: self._say(events.Transfer(change.address, progress)))
        self._say(events.StepDone(change.address, what, time.monotonic() - began))
        if what.call is Call.START:
            self.started = time.monotonic()
        elif what.call is Call.AWAIT_READY and what.payload.fresh:
            self.looks.append(step)
        return True

    def _is_needless(self, change: Change) -> bool:
        """Whether a replacement that hung on a build or a pull would put the same image in the same container's
        place.
        """
        if not change.unless_image or not change.known_after:
            return False
        found = self.world.engine.image(self.world.images[change.known_after])
        return found is not None and found["Id"] == change.unless_image

    def back(self, *, at_the_end: bool = False) -> None:
        if not self.puts_back:
            return
        for group, way in self.schedule.to_undo(at_the_end=at_the_end):
            undone = [self._take_back(step, undo) for step in way for undo in self._at(step).undo]
            if way and all(undone):
                self.put_back.add(group)

    def _take_back(self, step: StepId, undo: Step) -> bool:
        """What may not have been done, or was taken back by somebody else, is as it should be."""
        if self.lost:
            return False
        # What was asked to stop, or has run out of time, starts nothing new, and still puts back what it began.
        late = max(self.world.deadline, time.monotonic() + turn.GRACE)
        world = replace(self.world, stop=threading.Event(), deadline=late)
        future = _begun(lambda: insisting(world, undo))
        while not wait([future], timeout=0.2).done:
            self._in_time(late + turn.GRACE, [step])
        try:
            future.result()
        except DeployerError as error:
            self._failed(self._address(step[0]), undo, error)
            return False
        self._say(events.Undone(self._address(step[0]), undo))
        return True

    def _failed(self, address: str, step: Step, error: DeployerError) -> None:
        """Without the engine, or without the turn, nothing more can be done: that is one failure, told once."""
        told = (self._harmless(of_replica(each, address, self.plan)) for each in error.diagnostics)
        named = error.with_diagnostics(_at(step, replace(each, address=each.address or address)) for each in told)
        turn_lost = any(each.code == "turn-lost" for each in error.diagnostics)
        lost = turn_lost or (is_about_the_engine(error) and not answers(self.world.engine, 0))
        if lost and self.lost:
            return
        if not self._is_told(named):
            self.outcome.errors.append(named)
        self.outcome.turn_lost = self.outcome.turn_lost or turn_lost
        self.lost = self.lost or lost
        self._say(events.StepFailed(address, step, named.diagnostics))

    def _is_told(self, error: DeployerError) -> bool:
        """Whether it is the very same that was told already, as where taking it back fails alike."""
        told = {(each.code, each.message) for earlier in self.outcome.errors for each in earlier.diagnostics}
        return all((each.code, each.message) in told for each in error.diagnostics)

    def _harmless(self, told: Diagnostic) -> Diagnostic:
        """What a container says goes with why it failed, and it may say what its secrets hold."""
        return waits.without(told, self.world.sources.secrets()) if told.notes else told

    def last_look(self) -> None:
        """What was started without a check must still run a moment later; what does not is taken back."""
        if not self.looks or self.lost or self.world.stop.is_set():
            return
        time.sleep(max(0.0, self.started + waits.SETTLED - time.monotonic()))
        with suppress(DeployerError):  # then each is looked at, and what is wrong is told there
            still = waits.running(self.world.engine, self.world.waker)
            self.looks = [step for step in self.looks if self._at(step).target not in still]
        for step in self.looks:
            what = self._at(step)
            try:
                waits.look(self.world.engine, what.target, what.payload)
            except DeployerError as error:
                self.schedule.failed(step)
                self._failed(self._address(step[0]), what, error)
        self.back()

    def settle(self) -> None:
        self.outcome.warnings += self.world.told.values()
        self.outcome.interrupted = self.outcome.interrupted or self.world.stop.is_set()
        in_flight = {step[0] for step in self.schedule.in_flight if not self._at(step).call.is_wait}
        became = [
            (change.address, self._became(index, change, in_flight))
            for index, change in enumerate(self.plan.changes)
            if change.action is not Action.KEPT and change.address not in self.outcome.skipped
        ]
        # What a dead run left is a change of its own at the address of another one: both are told as one.
        told: set[str] = set()
        for each in (self.outcome.half_done, self.outcome.put_back, self.outcome.not_begun, self.outcome.done):
            each += [address for address, which in became if which is each and address not in told]
            told |= set(each)

    def _became(self, index: int, change: Change, in_flight: Set[int]) -> list[str]:
        """Which of the outcome's lists the change belongs to."""
        is_back = change.group in self.put_back
        if is_back and self.schedule.is_touched(index):
            return self.outcome.put_back
        if self.schedule.is_done(index):
            return self.outcome.done
        is_begun = self.schedule.is_begun(index) or index in in_flight
        return self.outcome.half_done if is_begun and not is_back else self.outcome.not_begun

    def _at(self, step: StepId) -> Step:
        return self.plan.changes[step[0]].steps[step[1]]

    def _address(self, index: int) -> str:
        return self.plan.changes[index].address

    def _say(self, event: events.Event) -> None:
        with self.lock:
            if not self.outcome.aborted:
                self.tell(event)


def _at(step: Step, told: Diagnostic) -> Diagnostic:
    """With the name that a person knows, in the place of the id that the engine was asked by."""
    return replace(told, message=told.message.replace(step.target, step.name)) if step.name else told


def _begun(work: Callable[[], T]) -> Future[T]:
    """Work in a thread of its own; not one of a pool's, for whose end the interpreter would wait when aborted."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _may_have_acted(error: DeployerError) -> bool:
    """Whether the engine may have done what it was asked for: it gave no answer, or said that it broke down."""
    return is_about_the_engine(error) or (isinstance(error, EngineRefused) and error.status >= 500)
