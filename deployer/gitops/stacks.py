"""One stack in one round: looked at, decided on, and made so."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.errors import Busy, DeployerError, Exit, InvalidStack, Unreachable
from deployer.gitops import deputy, log
from deployer.gitops.carry import Work, applied, removed
from deployer.gitops.look import Branch, Look, look, options_of
from deployer.gitops.projects import within
from deployer.gitops.rules import MOST_TIMES, Condition, Found, Reason, Verdict, decide, pause
from deployer.gitops.shared import Memory, Surroundings, first_of
from deployer.gitops.standing import BY_SYNC, HEALING, Known, has_failed, is_drift, last_good, replaces, times_in_a_row
from deployer.gitops.status import StackStatus
from deployer.gitops.tree import StackFile
from deployer.history.entries import entries
from deployer.plan.model import Action
from deployer.reconcile.apply import desired_in
from deployer.reconcile.turn import AT_ONCE, await_free, records_now
from deployer.render.change_line import change_line
from deployer.resources.records import SUCCEEDED, Records
from deployer.wiring import named_stack

if TYPE_CHECKING:
    from deployer.plan.model import Plan
    from deployer.reconcile.protocol import Engine
    from deployer.reconcile.run import Outcome

_COMES_BACK_WITHIN = 600.0
"""Seconds, or five intervals where those are longer, within which the same change in a row is one that comes back."""


def sync(
    all: Surroundings, engine: Engine, file: StackFile, branch: Branch, known: Mapping[str, Records]
) -> StackStatus:
    """Bring one stack in step, as far as the rule lets. `known` are the records of the stacks on the engine that came
    from this file, by name.
    """
    return _Turn(all, engine, file, branch).go(known)


@dataclass(frozen=True, slots=True)
class _Turn:
    """A stack's turn in a round."""

    all: Surroundings
    engine: Engine
    file: StackFile
    branch: Branch

    @property
    def memory(self) -> Memory:
        return self.all.memory(self.file.path)

    def go(self, known: Mapping[str, Records], *, again: bool = True) -> StackStatus:
        """`again`: where the commit fails, the last good one has its turn, too."""
        name = max(known, key=lambda each: _made(known[each]), default="")
        try:
            for each in known:
                if known[each].at_work:
                    await_free(self.engine, each, AT_ONCE)
            found, seen, why = look(self.all, self.engine, self.file, self.branch, known)
            if seen is None:
                verdict = decide(self.all.rule, found)
                return self._say(verdict.condition, verdict.reason, why, self.branch.commit, name=name)
            return self._decided(found, seen, why, again=again)
        except DeployerError as error:
            condition = Condition.PROGRESSING if isinstance(error, Busy) else Condition.DEGRADED
            return self._say(condition, _reason_of(error), first_of(error), self.branch.commit, name=name)

    def _decided(self, found: Found, seen: Look, why: str, *, again: bool) -> StackStatus:
        if seen.records.at_work:  # another one's: what it has begun is no drift, and nothing to recover
            await_free(seen.engine, seen.project.stack.name, AT_ONCE)
        self._remember(seen)
        change = change_line(seen.plan)
        found = self._with_plan(found, seen, change)
        verdict = decide(self.all.rule, found)
        self.memory.held = (found.target, change) if verdict.reason is Reason.COMES_BACK else None
        if not verdict.act and verdict.reason is Reason.APPLY_FAILED and self.memory.status:
            return self.memory.status  # which says what failed, and when it is tried again
        if found.empty:
            self._forget_failures()
        status = self._say(*_told(verdict), why or _words(verdict, change, seen), found.target, seen)
        if not verdict.act:
            return status

        if deputy.is_needed(seen.engine, seen.plan):
            return self._by_deputy(seen, change)

        def agreed(new: Plan) -> bool:
            return decide(self.all.rule, replace(found, **_of_plan(new, seen))).act

        tell = log.progress(self.all.tell, seen.project.stack.name)
        work = Work(HEALING if found.drift else BY_SYNC, agreed, tell, self.all.started)
        with within(seen.checkout, self.all.choices):
            outcome = applied(seen.engine, seen.project, seen.planned, options_of(seen.project), work)
        self.all.carried_out(seen.plan)
        self.memory.history = tuple(entries(records_now(seen.engine, seen.project.stack.name)))
        if outcome.interrupted:
            self.all.interrupted = True
            message = "what was in flight has ended or was put back; it goes on from there"
            return self._say(Condition.PROGRESSING, Reason.INTERRUPTED, message, found.target, seen)
        if outcome.exit_code is not Exit.DONE:
            return self._failed(seen, outcome, again=again)
        self._forget_failures()
        done = decide(self.all.rule, replace(found, empty=True, unhealthy=False, starting=False))
        return self._say(*_told(done), why or f"done: {change}", found.target, seen)

    def _with_plan(self, found: Found, seen: Look, change: str) -> Found:
        memory, containers = self.memory, seen.planned[1].containers
        seconds = max(_COMES_BACK_WITHIN, 5 * self.all.interval)
        times = times_in_a_row(seen.records, found.target, change, seconds, seen.engine.now())
        return replace(
            found,
            **_of_plan(seen.plan, seen),
            times=MOST_TIMES if memory.held == (found.target, change) else times,
            resting=memory.rests_at == found.target and time.monotonic() < memory.rests_until,
            unhealthy=any(each.health == "unhealthy" for each in containers),
            starting=any(each.health == "starting" for each in containers),
        )

    def _failed(self, seen: Look, outcome: Outcome, *, again: bool) -> StackStatus:
        """A commit that failed is not tried again: what ran before goes on. What else failed is, later."""
        commit = seen.checkout.commit
        told = "; ".join(first_of(error) for error in outcome.errors[:3]) or "the plan became another one meanwhile"
        records = records_now(seen.engine, seen.project.stack.name)
        if has_failed(records, commit):
            message = f"{told}; it was put back, and is not tried again until the branch moves"
            status = self._say(Condition.DEGRADED, Reason.COMMIT_FAILED, message, commit, seen)
            name = seen.project.stack.name
            return self.go({name: records}, again=False) if again and last_good(records) else status
        rest = self._rest(commit)
        reason = Reason.UNREACHABLE if outcome.exit_code is Exit.UNREACHABLE else Reason.APPLY_FAILED
        return self._say(Condition.DEGRADED, reason, f"{told}; it is tried again in {rest:.0f}s", commit, seen)

    def _remember(self, seen: Look) -> None:
        """What is shown of a stack besides its condition."""
        from deployer.render.graph import graph_of

        memory, commit = self.memory, seen.checkout.commit
        memory.history = tuple(entries(seen.records))
        if memory.drawn != commit:
            memory.drawn, memory.graph = commit, graph_of(seen.project.stack, seen.project.sources.build_needs())

    def _by_deputy(self, seen: Look, change: str) -> StackStatus:
        """Where that does not come about, it is tried again, as what fails is."""
        self.all.deputed = self.file.path, seen.plan
        self._rest(seen.checkout.commit)
        message = f"a deputy carries it out, for it replaces this very container: {change}"
        return self._say(Condition.PROGRESSING, Reason.APPLYING, message, seen.checkout.commit, seen)

    def _rest(self, commit: str) -> float:
        """For how many seconds the same is not tried again."""
        memory = self.memory
        memory.failures = memory.failures + 1 if memory.rests_at == commit else 1
        rest = pause(memory.failures - 1, self.all.interval, self.all.chance())
        memory.rests_at, memory.rests_until = commit, time.monotonic() + rest
        return rest

    def _forget_failures(self) -> None:
        self.memory.failures, self.memory.rests_until = 0, 0.0

    def _say(
        self,
        condition: Condition,
        reason: Reason,
        message: str,
        commit: str,
        seen: Look | None = None,
        name: str = "",
    ) -> StackStatus:
        """`name` is what the stack was called last, where it was not looked at."""
        name, plan = (seen.project.stack.name, seen.plan) if seen else (name, None)
        return self.all.say(self.file.path, condition, reason, message, commit, name, plan)


def prune(
    all: Surroundings, engine: Engine, known: Known, records: Records, now_called: str = "", *, is_ready: bool = True
) -> StackStatus:
    """What becomes of a stack whose file is gone from the branch, or is that of another stack now: it stays, or goes
    where the rule says so and the other one `is_ready`; its data stays always.
    """
    from deployer.plan.planner import Options
    from deployer.project import Project

    commit = last_good(records)
    path = f"{known.path} as {known.name}" if now_called else known.path
    gone = f"{known.path} is called {now_called} now" if now_called else f"{known.path} is gone from the branch"

    def say(condition: Condition, reason: Reason, message: str) -> StackStatus:
        return all.say(path, condition, reason, message, commit, known.name)

    if now_called and not is_ready:
        return say(Condition.DRIFTED, Reason.FILE_GONE, f"{gone}; {known.name} stays until that is ready")
    if not all.rule.prune:
        hint = f"to remove the stack: deployer -p {known.name} destroy, or --prune"
        return say(Condition.DRIFTED, Reason.FILE_GONE, f"{gone}; {hint}")
    project = Project(named_stack(known.name), Path(), by_name=True, named=True)
    try:
        shown = project.plan_destroy(engine, Options())
        if shown[1].records.at_work:
            await_free(engine, known.name, AT_ONCE)
        if shown[0].is_empty:
            return say(Condition.READY, Reason.REMOVED, f"{gone}; what is left of the stack is data")
        work = Work("destroy by sync", lambda _: True, log.progress(all.tell, known.name), all.started)
        outcome = removed(engine, project, shown, Options(), work)
    except DeployerError as error:
        condition = Condition.PROGRESSING if isinstance(error, Busy) else Condition.DEGRADED
        return say(condition, _reason_of(error), first_of(error))
    if outcome.exit_code is Exit.DONE:
        return say(Condition.READY, Reason.REMOVED, f"{gone}, and the stack was removed; its data stays")
    all.interrupted = all.interrupted or outcome.interrupted
    told = "; ".join(first_of(error) for error in outcome.errors[:3]) or "it was interrupted"
    return say(Condition.DEGRADED, Reason.APPLY_FAILED, told)


def _made(records: Records) -> float:
    """When the newest record was."""
    return records.newest.made if records.newest else 0.0


def _reason_of(error: DeployerError) -> Reason:
    match error:
        case Busy():
            return Reason.BUSY
        case Unreachable():
            return Reason.UNREACHABLE
        case InvalidStack():
            return Reason.INVALID
        case _:
            return Reason.APPLY_FAILED


def _told(verdict: Verdict) -> tuple[Condition, Reason]:
    return verdict.condition, verdict.reason


def _of_plan(plan: Plan, seen: Look) -> dict[str, bool]:
    records = seen.records
    drift = last_good(records) != "" and is_drift(plan, records.ended.resources) and _asks_the_same(plan, seen)
    return {"empty": plan.is_empty, "drift": drift, "replaces": replaces(plan)}


def _asks_the_same(plan: Plan, seen: Look) -> bool:
    """What is gone shows no fields: there the commit that is made of it must ask for what the last good one did."""
    if not any(change.action is Action.CREATE for change in plan.changes):
        return True
    good = (each for each in reversed(seen.records.all) if each.result == SUCCEEDED and each.has_stack)
    name = seen.project.stack.name
    before = next((desired_in(seen.engine, name, each.revision) for each in good), "")
    return before == seen.project.asked_for()


def _words(verdict: Verdict, change: str, seen: Look) -> str:
    match verdict.reason:
        case Reason.IN_STEP:
            return "as the branch says"
        case Reason.COMES_BACK:
            return f"the same comes back after each apply, so it is left: {change}"
        case Reason.HELD:
            return f"waits for a person, as --auto says: {change}"
        case Reason.DRIFT:
            return f"changed by hand, and left so, as the rule says: {change}"
        case Reason.UNHEALTHY | Reason.STARTING:
            word = "unhealthy" if verdict.reason is Reason.UNHEALTHY else "starting"
            names = sorted({each.service for each in seen.planned[1].containers if each.health == word})
            return f"{word}: {', '.join(names)}"
        case _:
            return change
