"""A stack whose file is gone from the branch, or is another stack's by now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.errors import Busy, DeployerError, Exit
from deployer.fields.field import section
from deployer.gitops import log
from deployer.gitops.carry import Work, removed
from deployer.gitops.crashes import lines_of
from deployer.gitops.rules import Auto, Condition, Reason
from deployer.gitops.shared import Surroundings, first_of, reason_of
from deployer.gitops.standing import Known
from deployer.gitops.status import StackStatus
from deployer.history.entries import entries
from deployer.reconcile.holder import own_container
from deployer.reconcile.turn import AT_ONCE, await_free
from deployer.resources import identity
from deployer.resources.records import Records
from deployer.wiring import named_stack

if TYPE_CHECKING:
    from deployer.reconcile.protocol import Engine

_FILE = "gone.json"
"""The stacks whose file was gone when they were looked at last, by name, with the path of that."""


def prune(
    all: Surroundings, engine: Engine, known: Known, records: Records, now_called: str = "", *, is_ready: bool = True
) -> StackStatus:
    """What becomes of a stack whose file is gone from the branch, or is that of another stack now: it stays, or goes
    where the rule says so, no commit waits for a person, and the other one `is_ready`; its data stays always.
    """
    from deployer.plan.planner import Options
    from deployer.project import Project

    commit = all.good(records)
    gone = (
        f"{known.path} is called {now_called} now" if now_called else f"{known.path} is gone from {all.clone.follow.it}"
    )

    memory = all.memory_of_gone(known.path, known.name)
    memory.history = tuple(entries(records))

    def say(condition: Condition, reason: Reason, message: str, lines: tuple[str, ...] = ()) -> StackStatus:
        return all.say(known.path, condition, reason, message, commit, known.name, lines=lines, memory=memory)

    if records.at_work:
        try:
            await_free(engine, known.name, AT_ONCE)
        except Busy as error:
            return say(Condition.PROGRESSING, Reason.BUSY, first_of(error))
    if now_called and not is_ready:
        return say(
            Condition.DRIFTED,
            Reason.FILE_GONE,
            f"{gone}; {known.name} stays until that is ready; where it is in the way: deployer -p {known.name} destroy",
        )
    if not (all.rule.prune and all.rule.auto is Auto.ALWAYS):
        ours = section(own_container(engine) or {}, "Config.Labels").get(identity.PROJECT) == known.name
        way = how_to_remove(known.name, ours=ours, waits=all.rule.prune)
        return say(Condition.DRIFTED, Reason.FILE_GONE, f"{gone}; {way}")
    project = Project(named_stack(known.name), Path(), by_name=True, named=True)
    try:
        shown = project.plan_destroy(engine, Options())
        if shown[1].records.at_work:
            await_free(engine, known.name, AT_ONCE)
        if shown[0].is_empty:
            return say(Condition.READY, Reason.REMOVED, f"{gone}; what is left of the stack is data")
        say(Condition.PROGRESSING, Reason.APPLYING, f"{gone}, and the stack is removed")
        work = Work("destroy by sync", lambda _: True, log.progress(all.tell, known.name), all.started)
        outcome = removed(engine, project, shown, Options(), work)
    except DeployerError as error:
        condition = Condition.PROGRESSING if isinstance(error, Busy) else Condition.DEGRADED
        return say(condition, reason_of(error), first_of(error))
    if outcome.exit_code is Exit.DONE:
        all.at.pop(known.name, None)
        return say(Condition.READY, Reason.REMOVED, f"{gone}, and the stack was removed; its data stays")
    if outcome.interrupted:
        all.left = log.ABORTED if outcome.aborted else log.PUT_BACK
        return say(Condition.PROGRESSING, Reason.INTERRUPTED, all.left)
    told = "; ".join(first_of(error) for error in outcome.errors[:3]) or "the plan became another one meanwhile"
    return say(Condition.DEGRADED, Reason.APPLY_FAILED, told, lines_of(outcome.errors[:3]))


def removed_by_hand(
    all: Surroundings, shown: Iterable[StackStatus], gone: Iterable[StackStatus], records: Mapping[str, Records]
) -> list[StackStatus]:
    """The stacks whose file was gone in a round before, and that somebody has removed since. Each is told of once, for
    after that nothing knows of it any more. `gone` are those of the ones that are `shown` whose file is gone now.
    """
    noted, names = all.clone.noted(_FILE), {each.stack for each in shown}
    was = {name: str(path).removesuffix(f" as {name}") for name, path in noted.items()}  # which it was noted with once
    before = {name: path for name, path in was.items() if name not in names}
    removed = [name for name in before if not any(each.about.asks for each in _of(records, name).all)]
    still = {each.stack: each.path for each in gone if each.reason is not Reason.REMOVED}
    ours = {name: path for name, path in before.items() if name in all.at and name not in removed}
    told = [_told_removed(all, before[name], name, _of(records, name)) for name in removed]
    if {**ours, **still} != noted:
        all.clone.note(_FILE, {**ours, **still})
    return told


def _told_removed(all: Surroundings, path: str, name: str, records: Records) -> StackStatus:
    memory = all.memory_of_gone(path, name)
    memory.history = tuple(entries(records))
    message = f"somebody has removed the stack{'; its data stays' if records.ended.resources else ''}"
    return all.say(path, Condition.READY, Reason.REMOVED, message, "", name, memory=memory)


def _of(records: Mapping[str, Records], name: str) -> Records:
    return records.get(name, Records())


def how_to_remove(name: str, *, ours: bool, waits: bool = False) -> str:
    """`ours` is the stack in which the agent runs: it does not end itself, with --prune neither. With that, it `waits`
    where commits do.
    """
    hint = f"to remove the stack: deployer -p {name} destroy"
    if ours:
        return f"the agent runs in it; {hint}, on the host"
    return f"that it goes waits for a person, as --auto says; {hint}" if waits else f"{hint}, or --prune"
