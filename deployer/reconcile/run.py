"""Carry out a plan: its steps, in their order, several at once; what fails is put back, what does not depend on it goes
on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace

from deployer.errors import DeployerError, Diagnostic, Exit, Unreachable
from deployer.plan import events
from deployer.plan.model import Action, Call, Change, Plan, Step, StepId
from deployer.reconcile import turn, waits
from deployer.reconcile.calls import World, perform
from deployer.reconcile.scheduler import Schedule

Tell = Callable[[events.Event], None]


@dataclass(slots=True)
class Outcome:
    """What became of a plan, by address, and what went wrong.

    `done`: carried out. `skipped`: not needed after all. `put_back`: failed, or stopped by a failure, and as before.
    `half_done`: begun, and neither ended nor put back. `not_begun`: nothing was done. `interrupted`: nothing new was
    started; `aborted`: what was in flight was left, too. Once the `turn_lost` is, another one acts.
    """

    done: list[str] = field(default_factory=list[str])
    skipped: list[str] = field(default_factory=list[str])
    put_back: list[str] = field(default_factory=list[str])
    half_done: list[str] = field(default_factory=list[str])
    not_begun: list[str] = field(default_factory=list[str])
    errors: list[DeployerError] = field(default_factory=list[DeployerError])
    interrupted: bool = False
    aborted: bool = False
    declined: bool = False
    turn_lost: bool = False

    @property
    def exit_code(self) -> Exit:
        if self.declined:
            return Exit.FAILED
        if self.interrupted:
            return Exit.INTERRUPTED
        codes = {error.exit_code for error in self.errors}
        stronger = next((code for code in (Exit.BUSY, Exit.UNREACHABLE) if code in codes), Exit.FAILED)
        return stronger if codes else Exit.DONE


def carry_out(plan: Plan, world: World, tell: Tell, parallel: int = 8) -> Outcome:
    """Do just what the plan says. What fails is in the outcome; only a bug is raised, after all was put back.

    A KeyboardInterrupt aborts: what is in flight is left as it is, for the next run to recover.
    """
    run = _Run(plan, world, tell, Schedule(plan), Outcome(), parallel)
    try:
        with world.waker.listening():
            run.forward()
            run.back(at_the_end=True)
        run.last_look()
    except KeyboardInterrupt:
        run.outcome.aborted = True
    run.settle()
    if run.bug:
        raise run.bug
    return run.outcome


@dataclass(slots=True)
class _Run:
    plan: Plan
    world: World
    tell: Tell
    schedule: Schedule
    outcome: Outcome
    parallel: int
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
                self.running[self._begun(step)] = step
            if not self.running:
                return
            finished, _ = wait(self.running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in finished:
                self._settle_step(self.running.pop(future), future)
            self.back()

    def _may_start(self) -> list[StepId]:
        if self.world.stop.is_set() or self.lost or self.bug:
            return []
        return self.schedule.due()[: self.parallel - len(self.running)]

    def _begun(self, step: StepId) -> Future[bool]:
        """A step in a thread of its own; not one of a pool's, for whose end the interpreter would wait when aborted."""
        future = Future[bool]()

        def work() -> None:
            try:
                future.set_result(self._step(step))
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=work, daemon=True).start()
        return future

    def _settle_step(self, step: StepId, future: Future[bool]) -> None:
        index = step[0]
        try:
            needed = future.result()
        except DeployerError as error:
            self.schedule.failed(step)
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
        perform(self.world, what, lambda progress: self._say(events.Transfer(change.address, progress)))
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
        for group, way in self.schedule.to_undo(at_the_end=at_the_end):
            undone = [self._take_back(self._address(step[0]), undo) for step in way for undo in self._at(step).undo]
            if way and all(undone):
                self.put_back.add(group)

    def _take_back(self, address: str, undo: Step) -> bool:
        if self.lost:
            return False
        try:
            # What was asked to stop, or has run out of time, starts nothing new, and still puts back what it began.
            late = max(self.world.deadline, time.monotonic() + turn.GRACE)
            perform(replace(self.world, stop=threading.Event(), deadline=late), undo, lambda _: None)
        except DeployerError as error:
            self._failed(address, undo, error)
            return False
        self._say(events.Undone(address, undo))
        return True

    def _failed(self, address: str, step: Step, error: DeployerError) -> None:
        """Without the engine, or without the turn, nothing more can be done: that is one failure, told once."""
        named = type(error)(*(replace(each, address=each.address or address) for each in error.diagnostics))
        named.__cause__ = error
        turn_lost = any(each.code == "turn-lost" for each in error.diagnostics)
        lost = turn_lost or any(each.code.startswith("engine-") for each in _unreachable(error))
        if lost and self.lost:
            return
        self.outcome.errors.append(named)
        self.outcome.turn_lost = self.outcome.turn_lost or turn_lost
        self.lost = self.lost or lost
        self._say(events.StepFailed(address, step, named.diagnostics))

    def last_look(self) -> None:
        """What was started without a check must still run a moment later; what does not is taken back."""
        if not self.looks or self.lost or self.world.stop.is_set():
            return
        time.sleep(max(0.0, self.started + waits.SETTLED - time.monotonic()))
        for step in self.looks:
            what = self._at(step)
            try:
                waits.look(self.world.engine, what.target, what.payload)
            except DeployerError as error:
                self.schedule.failed(step)
                self._failed(self._address(step[0]), what, error)
        self.back()

    def settle(self) -> None:
        self.outcome.interrupted = self.world.stop.is_set() or self.outcome.aborted
        in_flight = {step[0] for step in self.running.values() if not self._at(step).call.is_wait}
        for index, change in enumerate(self.plan.changes):
            if change.action is Action.KEPT or change.address in self.outcome.skipped:
                continue
            if change.group in self.put_back and self.schedule.is_begun(index):
                self.outcome.put_back.append(change.address)
            elif self.schedule.is_done(index):
                self.outcome.done.append(change.address)
            elif not self.schedule.is_begun(index) and index not in in_flight:
                self.outcome.not_begun.append(change.address)
            else:
                self.outcome.half_done.append(change.address)

    def _at(self, step: StepId) -> Step:
        return self.plan.changes[step[0]].steps[step[1]]

    def _address(self, index: int) -> str:
        return self.plan.changes[index].address

    def _say(self, event: events.Event) -> None:
        with self.lock:
            if not self.outcome.aborted:
                self.tell(event)


def _unreachable(error: DeployerError) -> tuple[Diagnostic, ...]:
    return error.diagnostics if isinstance(error, Unreachable) else ()
