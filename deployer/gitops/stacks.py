"""One stack in one round: looked at, decided on, and made so."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployer.errors import Busy, DeployerError, Exit
from deployer.gitops import deputy, log
from deployer.gitops.carry import Work, applied
from deployer.gitops.crashes import failures, lines_of
from deployer.gitops.failed import Failure, failure_of, note
from deployer.gitops.look import Branch, Look, before, look, newest_of, options_of
from deployer.gitops.projects import within
from deployer.gitops.recovering import Crash, crashes_in, not_made_anew
from deployer.gitops.recovering import note as note_crashes
from deployer.gitops.rules import MOST_TIMES, OF_A_COMMIT, Condition, Found, Reason, Verdict, decide
from deployer.gitops.shared import Memory, Surroundings, Waiting, first_of, reason_of
from deployer.gitops.standing import (
    BY_SYNC,
    HEALING,
    changed_at,
    has_failed,
    is_drift,
    last_good,
    replaces,
    times_in_a_row,
)
from deployer.gitops.status import StackStatus
from deployer.gitops.tree import StackFile
from deployer.gitops.words import change_of, words_of
from deployer.history.entries import entries
from deployer.plan.model import Action
from deployer.reconcile.apply import desired_in
from deployer.reconcile.turn import AT_ONCE, await_free, records_now
from deployer.resources.records import SUCCEEDED, Records

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
        name = max(known, key=lambda each: changed_at(known[each]), default="")
        good = self.all.good(newest_of(known))
        self.memory.history = tuple(entries(newest_of(known))) or self.memory.history
        try:
            if len(known) == 1 and known[name].at_work:  # of several, only a look says which one the file is
                await_free(self.engine, name, AT_ONCE)
            found, seen, why = look(self.all, self.engine, self.file, self.branch, known)
            name = seen.project.stack.name if seen else name
            if seen is None:
                verdict = decide(self.all.rule, found)
                lines = self._lines_of_failed(verdict)
                return self._say(*_told(verdict), why, good, name=name, lines=lines)
            return self._decided(found, seen, why, known, again=again)
        except DeployerError as error:
            is_busy = isinstance(error, Busy)
            condition, at = (Condition.PROGRESSING, self.branch.commit) if is_busy else (Condition.DEGRADED, good)
            return self._say(condition, reason_of(error), first_of(error), at, name=name, lines=lines_of([error]))

    def _decided(self, found: Found, seen: Look, why: str, known: Mapping[str, Records], *, again: bool) -> StackStatus:
        if seen.records.at_work:  # another one's: what it has begun is no drift, and nothing to recover
            await_free(seen.engine, seen.project.stack.name, AT_ONCE)
        self._remember(seen)
        if found.target == found.head:
            self._warn(seen)
        change = change_of(seen.plan, found.withheld)
        now = seen.engine.now()
        crashes = crashes_in(self.all.clone, seen, now)
        found = self._with_plan(found, seen, change, crashes, now)
        verdict = decide(self.all.rule, found)
        crashes = note_crashes(self.all.clone, seen.project.stack.name, crashes, found.times + verdict.act)
        if verdict.reason is Reason.HELD and found.target == found.head:
            return self._held(seen, words_of(verdict, change, seen, self.all.clone.follow.it), known)
        left = not verdict.act and not found.empty and found.times >= MOST_TIMES
        self.all.hold(self.file.path, (found.target, change) if left else None)
        if not verdict.act and verdict.reason is Reason.APPLY_FAILED and self.memory.status:
            return self.memory.status  # which says what failed, and when it is tried again
        if found.empty and not found.withheld:
            self._forget_failures()
            self.all.came_about(seen.project.stack.name, seen.records, found.target)
        message, lines = self._message(verdict, found, change, seen, why, crashes)
        mends = verdict.act and verdict.condition is not Condition.PROGRESSING
        if not (mends and self.memory.failures):  # what is mended stays as it is until that is done
            status = self._say(*_told(verdict), message, found.target, seen, lines=lines)
            if not verdict.act:
                return status
        if mends:
            self._tell("healing", f"heals, as {found.target[:12]} has it: {change}", seen)

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
            self.all.left = log.ABORTED if outcome.aborted else log.PUT_BACK
            return self._say(Condition.PROGRESSING, Reason.INTERRUPTED, self.all.left, found.target, seen)
        if outcome.exit_code is not Exit.DONE:
            return self._failed(seen, outcome, again=again)
        self._forget_failures()
        self.all.at[seen.project.stack.name] = found.target
        if mends:
            self._tell("healed", f"healed: {change}", seen)
            waits = verdict.reason is Reason.HELD
            return self._say(*_told(verdict), message, found.target, seen, lines=lines, done=not waits)
        left = not_made_anew(crashes, seen.plan)
        done = decide(self.all.rule, replace(found, empty=True, crashed=bool(left), unhealthy=False, starting=False))
        message = "; ".join((f"done: {change}", *(each.said for each in left)))
        lines = tuple(line for each in left for line in each.lines)
        return self._say(*_told(done), message, found.target, seen, lines=lines, done=True)

    def _held(self, seen: Look, why: str, known: Mapping[str, Records]) -> StackStatus:
        """The commit waits for a person. What the one before it has left is kept in order meanwhile."""
        self.memory.planned = self.branch.commit, seen.plan
        records = seen.records if last_good(seen.records) else newest_of(known)
        found, then, _ = before(self.all, self.engine, self.file, self.branch, records, Reason.HELD, why)
        if then is None:
            return self._say(Condition.DRIFTED, Reason.HELD, why, self.all.good(records), seen)
        self.memory.waits = Waiting(self.branch.commit, records.revision, why)
        return self._decided(found, then, why, known, again=False)

    def _with_plan(self, found: Found, seen: Look, change: str, crashes: Sequence[Crash], now: float) -> Found:
        memory, containers = self.memory, seen.planned[1].containers
        seconds = max(_COMES_BACK_WITHIN, 5 * self.all.interval)
        times = times_in_a_row(seen.records, found.target, change, seconds, now)
        return replace(
            found,
            **_of_plan(seen.plan, seen),
            times=MOST_TIMES if memory.held == (found.target, change) else times,
            resting=memory.rests_at == found.target and time.monotonic() < memory.rests_until,
            crashed=any(seen.plan.is_empty or not each.runs for each in crashes),
            unhealthy=any(each.health == "unhealthy" for each in containers),
            starting=any(each.health == "starting" for each in containers),
        )

    def _failed(self, seen: Look, outcome: Outcome, *, again: bool) -> StackStatus:
        """A commit that failed is not tried again: what ran before goes on. What else failed is, later."""
        commit = seen.checkout.commit
        told = "; ".join(first_of(error) for error in outcome.errors[:3]) or "the plan became another one meanwhile"
        lines = lines_of(outcome.errors[:3])
        records = records_now(seen.engine, seen.project.stack.name)
        if has_failed(records, commit):
            message = f"{told}; it was put back, and is not tried again until {self.all.clone.follow.moves}"
            name = seen.project.stack.name
            self.memory.planned = commit, seen.plan
            note(self.all, self.file.path, name, Failure(commit, message, lines), outcome.errors)
            if again and last_good(records):
                return self.go({name: records}, again=False)
            return self._say(
                Condition.DEGRADED, Reason.COMMIT_FAILED, f"{commit[:12]}: {message}", "", seen, lines=lines
            )
        rest = self.all.rest(self.memory, commit)
        reason = Reason.UNREACHABLE if outcome.exit_code is Exit.UNREACHABLE else Reason.APPLY_FAILED
        good = last_good(records)
        message = f"{'' if good == commit else f'{commit[:12]}: '}{told}; it is tried again in {rest:.0f}s"
        return self._say(Condition.DEGRADED, reason, message, good, seen, lines=lines)

    def _message(
        self, verdict: Verdict, found: Found, change: str, seen: Look, why: str, crashes: Sequence[Crash]
    ) -> tuple[str, tuple[str, ...]]:
        """What is so: `why` it is not at the branch's own commit, and what else; and the last lines of what failed."""
        words, lines = words_of(verdict, change, seen, self.all.clone.follow.it), self._lines_of_failed(verdict)
        containers = seen.planned[1].containers
        if verdict.reason is Reason.CRASHES:
            words = self._as_last("; ".join(each.said for each in crashes))
            lines = tuple(line for each in crashes for line in each.lines)
            times = max(each.times for each in crashes)
            if not found.empty and not verdict.act:
                again = " was started again each time, and" if found.times >= MOST_TIMES else ""
                words += f"; it{again} is left so"
            elif times:
                words += f"; started again ({times} of {MOST_TIMES})"
        elif verdict.reason is Reason.UNHEALTHY:
            sick = [each for each in containers if each.health == "unhealthy"]
            lines = lines_of(failures(seen.engine, sick, seen.project.sources.secrets()))
        if verdict.reason is not found.trouble:
            return f"{words}; {why}" if why else words, lines
        left = decide(self.all.rule, replace(found, trouble=None))
        besides = not (found.trouble is Reason.HELD or found.empty or found.resting or left.act)
        return f"{why}; {words_of(left, change, seen, self.all.clone.follow.it)}" if besides else why or words, lines

    def _as_last(self, words: str) -> str:
        """The exit code is only known until it runs again: said once, it stays."""
        memory = self.memory
        goes_on = memory.status and memory.status.reason is Reason.CRASHES and memory.crash.startswith(words)
        memory.crash = memory.crash if goes_on else words
        return memory.crash

    def _lines_of_failed(self, verdict: Verdict) -> tuple[str, ...]:
        is_so = verdict.reason is Reason.COMMIT_FAILED
        failed = failure_of(self.all, self.file.path, self.branch.commit) if is_so else None
        return failed.lines if failed else ()

    def _tell(self, kind: str, line: str, seen: Look) -> None:
        name = seen.project.stack.name
        details = {"stack": name, "path": self.file.path, "commit": seen.checkout.commit}
        self.all.tell(kind, f"{name}: {line}", details)

    def _warn(self, seen: Look) -> None:
        """Of what is to be thought of in a commit, once."""
        told = {str(each) for each in seen.plan.warnings}
        for each in sorted(told - self.memory.warned):
            self._tell("warning", f"warning: {each}", seen)
        self.memory.warned = told

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
        self.all.rest(self.memory, seen.checkout.commit)
        message = f"a deputy carries it out, for it replaces this very container: {change}"
        return self._say(Condition.PROGRESSING, Reason.APPLYING, message, seen.checkout.commit, seen)

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
        lines: tuple[str, ...] = (),
        done: bool = False,
    ) -> StackStatus:
        """`name` is what the stack was called last, where it was not looked at."""
        name, plan = (seen.project.stack.name, seen.plan) if seen else (name, None)
        if reason in (Reason.HELD, Reason.COMMIT_FAILED):
            plan = self._of_branch or plan
        pending = self._pending(reason, plan, done=done)
        of_commit = condition is Condition.DEGRADED and reason in OF_A_COMMIT
        failed = (self.branch.head or self.branch.commit) if of_commit else ""
        return self.all.say(self.file.path, condition, reason, message, commit, name, plan, lines, pending, failed)

    @property
    def _of_branch(self) -> Plan | None:
        """The plan of the branch's own commit, where that waits or failed and this agent has made it."""
        planned = self.memory.planned
        return planned[1] if planned and planned[0] == self.branch.commit else None

    def _pending(self, reason: Reason, plan: Plan | None, *, done: bool) -> int | None:
        """How many changes are not carried out: of a commit that failed, those that were tried. Nobody knows that where
        no plan was made.
        """
        if reason is Reason.COMMIT_FAILED:
            plan, done = self._of_branch, False
        if plan is None or reason in (Reason.INVALID, Reason.COMMIT_REFUSED):
            return None
        return 0 if done else sum(each.action is not Action.KEPT for each in plan.changes)


def _told(verdict: Verdict) -> tuple[Condition, Reason]:
    return verdict.condition, verdict.reason


def _of_plan(plan: Plan, seen: Look) -> dict[str, bool]:
    records = seen.records
    drift = last_good(records) != "" and is_drift(plan, records.ended.resources) and _asks_the_same(plan, seen)
    anew = () if drift else records.ended.resources  # it takes the place of one that is gone: that, too, is to wait
    return {"empty": plan.is_empty, "drift": drift, "replaces": replaces(plan, anew)}


def _asks_the_same(plan: Plan, seen: Look) -> bool:
    """What is gone shows no fields: there the commit that is made of it must ask for what the last good one did."""
    if not any(change.action is Action.CREATE for change in plan.changes):
        return True
    good = (each for each in reversed(seen.records.all) if each.result == SUCCEEDED and each.has_stack)
    name = seen.project.stack.name
    before = next((desired_in(seen.engine, name, each.revision) for each in good), "")
    return before == seen.project.asked_for()
