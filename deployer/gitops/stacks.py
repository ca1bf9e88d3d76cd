"""One stack in one round: looked at as the branch has it, or as the last good commit had, and made so by the rule."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.errors import Busy, DeployerError, Diagnostic, Exit, InvalidStack, Unreachable
from deployer.gitops import log
from deployer.gitops.carry import Work, applied, removed
from deployer.gitops.projects import Checkout, project_of, within
from deployer.gitops.rules import MOST_TIMES, Condition, Found, Reason, Rule, decide, pause
from deployer.gitops.standing import (
    BY_SYNC,
    HEALING,
    Known,
    has_failed,
    is_drift,
    last_good,
    replaces,
    times_in_a_row,
)
from deployer.gitops.status import StackStatus
from deployer.gitops.tree import StackFile, stacks_in
from deployer.reconcile.turn import records_now
from deployer.render.change_line import change_line
from deployer.resources.records import Records
from deployer.sources.files import OVERRIDES, STACK_FILES
from deployer.wiring import Choices, named_stack

if TYPE_CHECKING:
    from deployer.gitops.clone import Clone
    from deployer.plan.model import Plan
    from deployer.plan.planner import Options
    from deployer.project import Project
    from deployer.reconcile.apply import Planned
    from deployer.reconcile.calls import World
    from deployer.reconcile.protocol import Engine
    from deployer.reconcile.run import Outcome
    from deployer.resources.registries import Registry

_COMES_BACK_WITHIN = 600.0
"""Seconds, or five intervals where those are longer, within which the same change in a row is one that comes back."""


@dataclass(slots=True)
class Memory:
    """What is worth knowing from round to round, and no harm to forget: a new process begins with none of it.

    `rests_at` is the commit that failed, and is to wait; `held` is a plan that came back too often: its commit, and
    what it changes.
    """

    status: StackStatus | None = None
    failures: int = 0
    rests_until: float = 0.0
    rests_at: str = ""
    held: tuple[str, str] | None = None


@dataclass(slots=True)
class Surroundings:
    """What all stacks of an agent share.

    `connect` reaches the engine with a stack's own registries; `started` is handed the world of what is carried out, so
    that it can be stopped; `chance` gives numbers from 0 to 1.
    """

    clone: Clone
    choices: Choices
    rule: Rule
    interval: float
    tell: log.Tell
    connect: Callable[[Sequence[Registry]], Engine]
    changed: Callable[[StackStatus], None]
    started: Callable[[World], None]
    chance: Callable[[], float]
    memories: dict[str, Memory] = field(default_factory=dict[str, Memory])
    placed: dict[str, str] = field(default_factory=dict[str, str])
    interrupted: bool = False

    def memory(self, path: str) -> Memory:
        return self.memories.setdefault(path, Memory())


@dataclass(frozen=True, slots=True)
class Branch:
    """What the branch is at, and what of it is not taken: then `trouble` says why, in words."""

    commit: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class _Look:
    engine: Engine
    project: Project
    checkout: Checkout
    planned: Planned

    @property
    def plan(self) -> Plan:
        return self.planned[0]

    @property
    def records(self) -> Records:
        return self.planned[1].records


def sync(
    all: Surroundings, engine: Engine, file: StackFile, branch: Branch, known: Mapping[str, Records], again: bool = True
) -> StackStatus:
    """Bring one stack in step, as far as the rule lets. `known` are the records of the stacks on the engine that came
    from this file, by name.
    """
    memory = all.memory(file.path)
    try:
        return _synced(all, engine, file, branch, known, again, memory)
    except Busy as error:
        return _say(all, file.path, Condition.PROGRESSING, Reason.BUSY, _first(error), branch.commit)
    except Unreachable as error:
        return _say(all, file.path, Condition.DEGRADED, Reason.UNREACHABLE, _first(error), branch.commit)
    except InvalidStack as error:
        return _say(all, file.path, Condition.DEGRADED, Reason.INVALID, _first(error), branch.commit)
    except DeployerError as error:
        return _say(all, file.path, Condition.DEGRADED, Reason.APPLY_FAILED, _first(error), branch.commit)


def _synced(
    all: Surroundings,
    engine: Engine,
    file: StackFile,
    branch: Branch,
    known: Mapping[str, Records],
    again: bool,
    memory: Memory,
) -> StackStatus:
    found, look, why = _look(all, engine, file, branch, known)
    if look is None:
        verdict = decide(all.rule, found)
        return _say(all, file.path, verdict.condition, verdict.reason, why, branch.commit)
    name, plan, change = look.project.stack.name, look.plan, change_line(look.plan)
    within_seconds = max(_COMES_BACK_WITHIN, 5 * all.interval)
    times = times_in_a_row(look.records, found.target, change, within_seconds, engine.now())
    found = replace(
        found,
        **_of_plan(plan, look.records),
        times=MOST_TIMES if memory.held == (found.target, change) else times,
        resting=memory.rests_at == found.target and time.monotonic() < memory.rests_until,
        unhealthy=any(each.health == "unhealthy" for each in look.planned[1].containers),
        starting=any(each.health == "starting" for each in look.planned[1].containers),
    )
    verdict = decide(all.rule, found)
    memory.held = (found.target, change) if verdict.reason is Reason.COMES_BACK else None
    words = why or _words(verdict.reason, change, look)
    if not verdict.act:
        if verdict.reason is Reason.APPLY_FAILED and memory.status:  # what failed is known already
            return memory.status
        if found.empty:
            memory.failures, memory.rests_until = 0, 0.0
        return _say(all, file.path, verdict.condition, verdict.reason, words, found.target, name, plan)
    _say(all, file.path, verdict.condition, verdict.reason, words, found.target, name, plan)

    def agreed(new: Plan) -> bool:
        return decide(all.rule, replace(found, **_of_plan(new, look.records))).act

    work = Work(HEALING if found.drift else BY_SYNC, agreed, log.progress(all.tell, name), all.started)
    with within(look.checkout, all.choices):
        outcome = applied(look.engine, look.project, look.planned, _options(look.project), work)
    if outcome.interrupted:
        all.interrupted = True
        message = "what was in flight has ended or was put back; it goes on from there"
        return _say(all, file.path, Condition.PROGRESSING, Reason.INTERRUPTED, message, found.target, name, plan)
    if outcome.exit_code is Exit.DONE:
        memory.failures, memory.rests_until = 0, 0.0
        if why:
            return _say(
                all, file.path, Condition.DEGRADED, found.trouble or Reason.INVALID, why, found.target, name, plan
            )
        return _say(all, file.path, Condition.READY, Reason.IN_STEP, f"done: {change}", found.target, name, plan)
    return _failed(all, engine, file, branch, again, memory, look, outcome)


def _failed(
    all: Surroundings,
    engine: Engine,
    file: StackFile,
    branch: Branch,
    again: bool,
    memory: Memory,
    look: _Look,
    outcome: Outcome,
) -> StackStatus:
    """A commit that failed is not tried again: what ran before goes on. What failed for another reason is, later."""
    name, commit = look.project.stack.name, look.checkout.commit
    told = "; ".join(_first(error) for error in outcome.errors[:3]) or "it was declined"
    records = records_now(engine, name)
    if has_failed(records, commit):
        message = f"{told}; it was put back, and is not tried again until the branch moves"
        status = _say(all, file.path, Condition.DEGRADED, Reason.COMMIT_FAILED, message, commit, name, look.plan)
        if again and last_good(records):
            return sync(all, engine, file, branch, {name: records}, again=False)
        return status
    memory.failures = memory.failures + 1 if memory.rests_at == commit else 1
    memory.rests_at = commit
    rest = pause(memory.failures - 1, all.interval, all.chance())
    memory.rests_until = time.monotonic() + rest
    reason = Reason.UNREACHABLE if outcome.exit_code is Exit.UNREACHABLE else Reason.APPLY_FAILED
    message = f"{told}; it is tried again in {rest:.0f}s"
    return _say(all, file.path, Condition.DEGRADED, reason, message, commit, name, look.plan)


def _look(
    all: Surroundings, engine: Engine, file: StackFile, branch: Branch, known: Mapping[str, Records]
) -> tuple[Found, _Look | None, str]:
    """The stack as the branch has it; where that is none to try, as the last good commit had it, and why so. None
    where there is none either.
    """
    records = max(known.values(), key=lambda each: each.newest.made if each.newest else 0.0, default=Records())
    head, trouble, why = branch.commit, Reason.COMMIT_REFUSED if branch.trouble else None, branch.trouble
    if has_failed(records, head):
        last = all.memory(file.path).status
        told = last.message if last and last.reason is Reason.COMMIT_FAILED else "it failed, and was put back"
        trouble, why = Reason.COMMIT_FAILED, f"{head[:12]}: {told}" if head[:12] not in told else told
    else:
        try:
            if all.placed.get(file.path) != head:
                _looked(all, engine, file, head, aside=True)
            look = _looked(all, engine, file, head)
            failed = has_failed(look.records, head)  # under a name that nobody knew before
            if not failed:
                return Found(head, head, trouble), look, why
            records, trouble, why = look.records, Reason.COMMIT_FAILED, f"{head[:12]}: it failed, and was put back"
        except InvalidStack as error:
            trouble, why = Reason.INVALID, f"{head[:12]}: {_first(error)}"
    good = last_good(records)
    if not good or good == head or not all.clone.has(good):
        return Found(head, "", trouble), None, why
    paths = [each.path for each in all.clone.entries(good)]
    before = next(
        (each for each in stacks_in(paths, [file.path], STACK_FILES, OVERRIDES) if each.path == file.path), None
    )
    if before is None:
        return Found(head, "", trouble), None, why
    try:
        return Found(head, good, trouble), _looked(all, engine, before, good), why
    except InvalidStack as error:
        return Found(head, "", trouble), None, f"{why}; and of {good[:12]}, which went before: {_first(error)}"


def _looked(all: Surroundings, engine: Engine, file: StackFile, commit: str, *, aside: bool = False) -> _Look:
    """The plan of a stack as a commit has it, its files put in place first; or `aside`, where no container sees them,
    for a commit that nobody has planned yet. Raises DeployerError.
    """
    where = f"aside:{file.path}" if aside else file.path
    folder = all.clone.place_of(where)
    if all.placed.get(where) != commit or not folder.is_dir():
        all.placed.pop(where, None)
        folder = all.clone.put_in_place(commit, where)
        all.placed[where] = commit
    checkout = Checkout(folder, commit, file, all.clone.remote.url)
    project = project_of(checkout, all.choices)
    with within(checkout, all.choices):
        registries = project.sources.registries()
        engine = all.connect(registries) if registries else engine
        return _Look(engine, project, checkout, project.plan(engine, _options(project)))


def prune(all: Surroundings, engine: Engine, known: Known, records: Records) -> StackStatus:
    """What becomes of a stack whose file is gone from the branch: it stays, or goes where the rule says so; its data
    stays always.
    """
    from deployer.plan.planner import Options
    from deployer.project import Project

    path, commit = known.path, last_good(records)
    if not all.rule.prune:
        message = f"{path} is gone from the branch; to remove the stack: deployer -p {known.name} destroy, or --prune"
        return _say(all, path, Condition.DRIFTED, Reason.FILE_GONE, message, commit, known.name)
    project = Project(named_stack(known.name), Path(), by_name=True, named=True)
    options = Options()
    shown = project.plan_destroy(engine, options)
    if shown[0].is_empty:
        message = f"{path} is gone from the branch; what is left of the stack is data"
        return _say(all, path, Condition.READY, Reason.REMOVED, message, commit, known.name, shown[0])
    work = Work("destroy by sync", lambda _: True, log.progress(all.tell, known.name), all.started)
    try:
        outcome = removed(engine, project, shown, options, work)
    except DeployerError as error:
        return _say(all, path, Condition.DEGRADED, Reason.APPLY_FAILED, _first(error), commit, known.name)
    if outcome.exit_code is Exit.DONE:
        message = f"{path} is gone from the branch, and the stack was removed; its data stays"
        return _say(all, path, Condition.READY, Reason.REMOVED, message, commit, known.name)
    all.interrupted = all.interrupted or outcome.interrupted
    told = "; ".join(_first(error) for error in outcome.errors[:3]) or "it was interrupted"
    return _say(all, path, Condition.DEGRADED, Reason.APPLY_FAILED, told, commit, known.name)


def _of_plan(plan: Plan, records: Records) -> dict[str, bool]:
    drift = last_good(records) != "" and is_drift(plan, records.ended.resources)
    return {"empty": plan.is_empty, "drift": drift, "replaces": replaces(plan)}


def _options(project: Project) -> Options:
    from deployer.plan.planner import Options
    from deployer.sources.chosen import keeps_orphans

    return Options(keep_orphans=keeps_orphans(project.stack.environment))


def _words(reason: Reason, change: str, look: _Look) -> str:
    match reason:
        case Reason.IN_STEP:
            return "as the branch says"
        case Reason.COMES_BACK:
            return f"the same comes back after each apply, so it is left: {change}"
        case Reason.HELD:
            return f"waits for a person, as --auto says: {change}"
        case Reason.DRIFT:
            return f"changed by hand, and left so, as the rule says: {change}"
        case Reason.UNHEALTHY | Reason.STARTING:
            word = "unhealthy" if reason is Reason.UNHEALTHY else "starting"
            names = sorted({each.service for each in look.planned[1].containers if each.health == word})
            return f"{word}: {', '.join(names)}"
        case _:
            return change


def _say(
    all: Surroundings,
    path: str,
    condition: Condition,
    reason: Reason,
    message: str,
    commit: str,
    stack: str = "",
    plan: Plan | None = None,
) -> StackStatus:
    """The status, told where it is another one than before."""
    memory = all.memory(path)
    before = memory.status
    stack = stack or (before.stack if before else "")
    message = re.sub(
        rf"\S*/stacks/[\w.-]+/{re.escape(all.clone.remote.name)}/", "", message
    )  # as the repository has it
    new = StackStatus(
        path, stack, condition, reason, message, time.time(), commit, plan or (before.plan if before else None)
    )
    if before and before.condition is condition:
        new = replace(new, since=before.since)
    memory.status = new
    said = (before.condition, before.reason, before.commit, before.message) if before else None
    in_step = condition is Condition.READY and before is not None and before.condition is condition
    if said != (condition, reason, commit, message) and not (in_step and before and before.commit == commit):
        log.condition(all.tell, new)
    all.changed(new)
    return new


def _first(error: DeployerError) -> str:
    found: Diagnostic | None = error.diagnostics[0] if error.diagnostics else None
    return str(found) if found else str(error)
