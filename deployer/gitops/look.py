"""A look at one stack: as the branch has it, or, where that is none to try, as the last good commit had it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployer.errors import InvalidStack
from deployer.gitops.failed import failure_of, may_now
from deployer.gitops.names import named, refuse_another
from deployer.gitops.projects import Checkout, beneath_of, bound, mounting, project_of, within
from deployer.gitops.rules import Auto, Found, Reason
from deployer.gitops.shared import Surroundings, first_of
from deployer.gitops.standing import by_sync, changed_at, has_failed
from deployer.gitops.tree import StackFile, beneath, changed_paths, stacks_in
from deployer.resources.records import Record, Records
from deployer.resources.revisions import HALF_DONE
from deployer.sources.files import OVERRIDES, STACK_FILES

if TYPE_CHECKING:
    from pathlib import Path

    from deployer.plan.model import Plan
    from deployer.plan.planner import Options
    from deployer.project import Project
    from deployer.reconcile.apply import Planned
    from deployer.reconcile.protocol import Engine


@dataclass(frozen=True, slots=True)
class Branch:
    """What the branch is at, and what of it is not taken: then `trouble` says why, in words. `commit` is "" where none
    was taken that is known here: then each stack goes by what was applied last, as the engine's records have it.
    `head` is the one that the remote has, taken or not, "" where it is out of reach. `changed` are the paths that are
    others than in the commit of the round `before`.
    """

    commit: str
    trouble: str = ""
    reason: Reason = Reason.COMMIT_REFUSED
    head: str = ""
    before: str = ""
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Look:
    """A stack as a commit has it, and its plan, with the warnings of the file; `engine` has the stack's own logins."""

    engine: Engine
    project: Project
    checkout: Checkout
    planned: Planned

    @property
    def plan(self) -> Plan:
        return self.project.with_warnings(self.planned[0])

    @property
    def records(self) -> Records:
        return self.planned[1].records


def look(
    all: Surroundings, engine: Engine, file: StackFile, branch: Branch, known: Mapping[str, Records]
) -> tuple[Found, Look | None, str]:
    """What there is to decide on, the plan that it is about, and in words why that is not of the branch's own commit.
    None where there is no commit to go by. `known` are the records of the stacks that came from this file, by name.
    """
    records, head = newest_of(known), branch.commit
    waits = all.memory(file.path).waits
    if waits and (waits.commit, waits.revision) == (head, records.revision):
        return before(all, engine, file, branch, records, Reason.HELD, waits.why)
    if not head:
        return before(all, engine, file, branch, records, branch.reason, branch.trouble)
    again = may_now(all, file.path, head)
    if has_failed(records, head) and not again:
        return before(all, engine, file, branch, records, Reason.COMMIT_FAILED, _why_failed(all, file, records, head))
    try:
        if all.placed.get(file.path) != head and not _shows_nothing(all, file, branch):
            there = look_at(all, engine, file, head, aside=True)
            all.names = named(all.names, there.project.stack.name, file.path)
            withheld = _mounted_that_change(all, file, there) if all.rule.auto is Auto.OFF else []
            if withheld:
                return Found(head, head, withheld=tuple(withheld)), _as_if_in_place(all, there), branch.trouble
        found = look_at(all, engine, file, head)
        all.names = named(all.names, found.project.stack.name, file.path)
        all.memory(file.path).mounted = frozenset(_mounted(found, found.checkout.folder))
    except InvalidStack as error:
        return before(all, engine, file, branch, records, Reason.INVALID, f"{head[:12]}: {first_of(error)}")
    if has_failed(found.records, head) and not again:  # under a name that no record of this file has
        why = _why_failed(all, file, found.records, head)
        return before(all, engine, file, branch, found.records, Reason.COMMIT_FAILED, why)
    return Found(head, head, branch.reason if branch.trouble else None), found, branch.trouble


def _mounted_that_change(all: Surroundings, file: StackFile, there: Look) -> list[str]:
    """The files that containers have mounted, or would, and that are others in a commit than in the one before it."""
    good, place = all.good(there.records), all.clone.place_of(file.path)
    if not good or not all.clone.has(good):
        return []
    changed = changed_paths(all.clone.entries(good), all.clone.entries(there.checkout.commit))
    return beneath(changed, _mounted(there, place))


def _mounted(seen: Look, place: Path) -> set[str]:
    """What containers have mounted of the files in `place`, or would have, relative to it."""
    mounts = [each for one in seen.planned[1].containers for each in one.raw.get("Mounts") or ()]
    asked_for = beneath_of(seen.checkout.folder, bound(seen.project.stack))
    return asked_for | beneath_of(place, [each.get("Source", "") for each in mounts])


def _shows_nothing(all: Surroundings, file: StackFile, branch: Branch) -> bool:
    """Whether no container sees it when the commit is put in place of the one of the round before: then it need not be
    looked at aside.
    """
    mounted = all.memory(file.path).mounted
    is_before = branch.before != "" and all.placed.get(file.path) == branch.before
    return is_before and mounted is not None and not beneath(branch.changed, mounted)


def _as_if_in_place(all: Surroundings, there: Look) -> Look:
    """The plan as it were if the files, which lie aside, were in place: a container mounts them from there."""
    checkout = there.checkout
    project = mounting(there.project, checkout, all.clone.place_of(checkout.file.path))
    with within(checkout, all.choices):
        return replace(there, project=project, planned=_planned(all, there.engine, project))


def _why_failed(all: Surroundings, file: StackFile, records: Records, head: str) -> str:
    """In the words of the failure, where they were noted; else in those that its record has, and who applied it."""
    failed = failure_of(all, file.path, head)
    if failed:
        return f"{head[:12]}: {failed.why}"
    record = next((each for each in reversed(records.all) if each.about.commit == head), Record(0))
    by = f", as {record.holder.user} applied it" if record.holder and not by_sync(record) else ""
    it = "it" if HALF_DONE in record.about.became else "it was put back, and"
    why = record.about.failure or "it failed"
    return f"{head[:12]}{by}: {why}; {it} is not tried again until {all.clone.follow.moves}"


def newest_of(known: Mapping[str, Records]) -> Records:
    """The records of the stack among these that was changed last."""
    return max(known.values(), key=changed_at, default=Records())


def before(
    all: Surroundings, engine: Engine, file: StackFile, branch: Branch, records: Records, trouble: Reason, why: str
) -> tuple[Found, Look | None, str]:
    """The stack as the last good commit had it."""
    good, nothing = all.good(records), Found(branch.commit, "", trouble)
    if not good or good == branch.commit:
        return nothing, None, why
    if not all.clone.has(good):
        return nothing, None, f"{why}; and {good[:12]}, which was applied last, cannot be had from the repository"
    paths = [each.path for each in all.clone.entries(good)]
    then = [each for each in stacks_in(paths, [file.path], STACK_FILES, OVERRIDES) if each.path == file.path]
    if not then:
        return nothing, None, why
    try:
        if not branch.commit:  # nobody has looked at what is in it
            all.clone.refuse(good)
        return Found(branch.commit, good, trouble), look_at(all, engine, then[0], good), why
    except InvalidStack as error:
        return nothing, None, f"{why}; and of {good[:12]}, which was applied last: {first_of(error)}"


def look_at(all: Surroundings, engine: Engine, file: StackFile, commit: str, *, aside: bool = False) -> Look:
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
    refuse_another(all.names, project.stack, file.path)
    with within(checkout, all.choices):
        registries = project.sources.registries()
        engine = all.connect(registries) if registries else engine
        return Look(engine, project, checkout, _planned(all, engine, project))


def _planned(all: Surroundings, engine: Engine, project: Project) -> Planned:
    """Most stacks are in step, and that can be told from what the others were compared with."""
    options = options_of(project)
    with suppress(InvalidStack):
        planned = project.plan(all.once.of(engine), options)
        if planned[0].is_empty and not planned[1].records.at_work:
            return planned
    return project.plan(engine, options)


def options_of(project: Project) -> Options:
    from deployer.plan.planner import Options
    from deployer.sources.chosen import keeps_orphans

    return Options(keep_orphans=keeps_orphans(project.stack.environment))
