"""The loop: fetch, look, decide, carry out; and the same again.

What it knows is on the engine and in the clone. So it may be killed at any time, and whoever starts it anew has lost
nothing.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

from deployer import bug
from deployer.errors import Busy, DeployerError, Diagnostic, Exit, InvalidStack, OperationFailed, Unreachable
from deployer.gitops import deputy, log
from deployer.gitops.bugs import guarded
from deployer.gitops.git import Stopped
from deployer.gitops.gone import prune, removed_by_hand
from deployer.gitops.handover import Handover
from deployer.gitops.look import Branch
from deployer.gitops.names import names_in
from deployer.gitops.rules import Condition, Reason, Rule, pause, times_away
from deployer.gitops.shared import Surroundings, reason_of
from deployer.gitops.stacks import sync
from deployer.gitops.standing import Known, by_sync, changed_at, last_good, of_repository
from deployer.gitops.status import AgentStatus, StackStatus
from deployer.gitops.told import Told
from deployer.gitops.tree import Entry, StackFile, changed_first, changed_paths, stacks_in
from deployer.resources.record_labels import records_by_stack
from deployer.resources.records import Records
from deployer.sources.files import OVERRIDES, STACK_FILES
from deployer.sources.origin import origin_in
from deployer.wiring import Choices

if TYPE_CHECKING:
    from deployer.gitops.clone import Clone
    from deployer.gitops.notify import Notify
    from deployer.plan.model import Plan
    from deployer.reconcile.calls import World
    from deployer.reconcile.protocol import Engine
    from deployer.resources.registries import Registry

    class OpenEngine(Engine, Protocol):
        """An engine whose connections end."""

        def close(self) -> None: ...


class Counts(Protocol):
    """Who counts what happens."""

    def round_done(self, seconds: float, *, failed: bool) -> None: ...

    def carried_out(self, plan: Plan) -> None: ...


LONGEST_AWAY = 600.0
"""Seconds between two rounds at most, or the interval where that is longer, while a remote or an engine is away."""

_REASONS = {"refused": Reason.COMMIT_REFUSED, "bug": Reason.BUG}
"""What the kind of a trouble tells, where its error does not."""


@dataclass
class Agent:
    """`status` is what is known now: a plain value, put anew whenever something changes, for any thread to read.

    `wake` begins the next round at once. `stop` starts nothing new, and ends what is in flight. One that
    `is_deputy` is done when a round was.
    """

    clone: Clone
    choices: Choices
    rule: Rule
    paths: tuple[str, ...]
    interval: float
    tell: log.Tell
    connect: Callable[[Sequence[Registry]], OpenEngine]
    notify: Notify | None = None
    counts: Counts | None = None
    chance: Callable[[], float] = random.random
    is_deputy: bool = False
    stopping: bool = False
    status: AgentStatus = field(init=False)
    _wakes: SimpleQueue[None] = field(default_factory=SimpleQueue["None"])
    _world: World | None = None
    _why_stopped: str = ""
    _told: str = ""
    _wrong: Reason | None = None
    _seen: Sequence[Entry] = ()
    _seen_at: str = ""
    _open: list[OpenEngine] = field(default_factory=list["OpenEngine"])

    def __post_init__(self) -> None:
        self.status = AgentStatus(self.clone.remote.url, str(self.clone.follow))
        self._all = Surroundings(
            self.clone,
            self.choices,
            self.rule,
            self.interval,
            self.tell,
            self._connected,
            self._changed,
            self._started,
            self._carried_out,
            self.chance,
        )
        self._all.tell = log.cleaned(self.tell, self._all.as_in_the_repository)
        self._clone = Handover(self._all)
        self._somebody = Told(self.clone, self.notify, self.tell) if self.notify else None

    def wake(self) -> None:
        self._wakes.put(None)

    def stop(self, why: str) -> None:
        """`why`, such as the name of a signal. May be called once in its handler: there is no lock that what it has
        interrupted could hold (a SimpleQueue is made for that).
        """
        self._why_stopped = why
        self.stopping = True
        if self._world:
            self._world.stop.set()
            self._world.waker.wake()
        self.wake()

    def run(self, *, once: bool) -> Exit:
        """One round: DONE where all is in step, FAILED where not, BUG where one was in the way. Without `once`, round
        after round until it is stopped: DONE. INTERRUPTED where something was in flight then, or the one round was not
        over. Raises Busy where another agent has the clone, and KeyboardInterrupt where it is aborted.
        """
        with closing(self._clone):
            try:
                code = self._run(once=once)
            except KeyboardInterrupt:
                log.ended(self.tell, self.status, f"aborted after {self._why_stopped}", log.ABORTED)
                raise
            if self.stopping:
                log.ended(self.tell, self.status, f"stopped by {self._why_stopped}", self._all.left)
            return code

    def _run(self, *, once: bool) -> Exit:
        failures = 0
        while True:
            fine = self.round()
            if self._all.left or (once and self.stopping and not fine):
                return Exit.INTERRUPTED
            if once and Reason.BUG in (self._wrong, *(each.reason for each in self.status.stacks)):
                return Exit.BUG
            if once:
                is_over = self.is_deputy and not self._wrong and deputy.is_over(self.status.stacks)
                return Exit.DONE if fine or is_over else Exit.FAILED
            failures = times_away(failures, self._wrong)
            # A remote or an engine that is away is asked less and less often, though at least every ten minutes.
            seconds = min(pause(failures, self.interval, self.chance()), max(self.interval, LONGEST_AWAY) * 1.1)
            seconds = deputy.LOOKS_EVERY if self._clone.waits else seconds
            if not self.stopping:
                self._await_wake(seconds)
            if self.stopping:
                return Exit.DONE

    def _await_wake(self, seconds: float) -> None:
        """For so long at most. Of several wakes before it one round is enough."""
        with suppress(Empty):
            self._wakes.get(timeout=seconds)
            while True:
                self._wakes.get_nowait()

    def round(self) -> bool:
        """Whether all is in step. Raises Busy where another agent has the clone."""
        self._wrong, self._all.failed, began = None, False, time.monotonic()
        if self._somebody:
            self._somebody.begin()
        try:
            return self._tried(self._look_and_act)
        finally:
            self._tried(lambda: self._end(time.monotonic() - began))

    def _tried(self, do: Callable[[], bool]) -> bool:
        """What this says; False where it fails, which is told. A bug ends what it is in, and not the agent."""
        try:
            return do()
        except Stopped:
            return False
        except DeployerError as error:
            if isinstance(error, Busy) and self._clone.is_held is None:
                raise
            self._trouble("failed", error)
        except Exception as error:
            self._trouble("bug", OperationFailed(Diagnostic("bug", bug.told(error)[0])))
        return False

    def _look_and_act(self) -> bool:
        self._clone.look()
        if self._clone.waits:
            self._reach()
            return False
        self._clone.hold()
        fine = self._round()
        if not self._wrong:
            self._fine()
        if self._all.deputed:
            self._clone.to_deputy(self._connected())
        return fine

    def _end(self, seconds: float) -> bool:
        for engine in self._open:
            engine.close()
        self._open.clear()
        self._notify()
        if self.counts and not self._clone.waits:
            self.counts.round_done(seconds, failed=self._wrong is not None or self._all.failed)
        return True

    def _notify(self) -> None:
        """Of what goes on, and of what nobody could be notified of when it happened."""
        if self._somebody:
            for each in self.status.stacks:
                self._somebody.of(each)
            if self._wrong:
                self._somebody.trouble(self._wrong, self.status.trouble, self.status.commit)

    def _round(self) -> bool:
        branch = self._branch()
        entries = self.clone.entries(branch.commit) if branch.commit else []
        files = self._files(branch, entries) if branch.commit else []
        engine = self._connected()
        self._all.once.forget()
        records = records_by_stack(engine.volumes(name=".deployer.r"))  # one request, however many there are
        known = list(of_repository(records, origin_in(self.clone.remote.url, "").removesuffix("//")))
        self._all.at = {each.name: last_good(records[each.name]) for each in known}
        if not branch.commit:
            files = sorted({StackFile(each.path) for each in known if self._brought(each, records[each.name])}, key=str)
        found: list[StackStatus] = []
        branch = replace(branch, before=self._seen_at, changed=frozenset(changed_paths(self._seen, entries)))
        applied = {each.path: each.name for each in sorted(known, key=lambda each: changed_at(records[each.name]))}
        self._all.names = names_in(self._all.names, applied, files, branch.changed)
        for file in changed_first(files, branch.changed):
            if self.stopping:
                return False
            ours = {each.name: records[each.name] for each in known if each.path == file.path}
            found.append(self._synced(engine, file, branch, ours))
        self._seen, self._seen_at = entries, branch.commit
        found.sort(key=lambda each: each.path)
        gone = self._gone(engine, found, known, records)
        found += gone
        if not self.stopping:
            found += removed_by_hand(self._all, found, gone, records)
        self.status = replace(self.status, stacks=tuple(found))
        self._keep(branch, {self._all.good(records[each.name]) for each in known})
        return not self._wrong and all(each.condition is Condition.READY for each in found)

    def _files(self, branch: Branch, entries: Sequence[Entry]) -> list[StackFile]:
        files = stacks_in([each.path for each in entries], self.paths, STACK_FILES, OVERRIDES)
        if not files and not self._wrong:
            where = ", ".join(self.paths) or "the top folder"
            hint = "name it: --path apps/shop, or --path 'apps/*'"
            error = InvalidStack(
                Diagnostic("no-stack-file", f"{branch.commit[:12]} has no stack file in {where}", hint=hint)
            )
            self._trouble("invalid", error)
        return files

    def _brought(self, known: Known, records: Records) -> bool:
        """Whether an agent brought a stack here, or a person did as the branch had it, from a file that is of ours."""
        newest = next((each for each in reversed(records.all) if each.about.asks), None)
        brought = (newest is not None and by_sync(newest)) or self._all.was_in_step(records)
        return brought and bool(stacks_in([known.path], self.paths, STACK_FILES, OVERRIDES))

    def _reach(self) -> None:
        """A deputy that has replaced an agent waits until the new one has shown that it can do its work."""
        if self.status.synced:
            return
        try:
            self.clone.reach()
        except Unreachable as error:
            self._trouble("unreachable", error)
        else:
            self.status = replace(self.status, synced=time.time())
            self._fine()

    def _branch(self) -> Branch:
        """The commit to be at: what the remote has, or, where that is out of reach or refused, what was taken last."""
        head, trouble, unreachable = "", "", ""
        try:
            head = self.clone.fetch()
            self.status = replace(self.status, synced=time.time())
            before = self.clone.accepted()
            if head != before:
                self.clone.refuse(head)
                self.clone.accept(head)
                tag = self.clone.tag_of(head)
                self.tell(
                    "commit",
                    f"{tag or self.clone.follow} is at {head[:12]}",
                    {"commit": head, "before": before, "tag": tag},
                )
        except Unreachable as error:
            unreachable = str(error.diagnostics[0])
            self._trouble("unreachable", error)
        except InvalidStack as error:
            trouble = str(error.diagnostics[0])
            self._trouble("refused", error)
        accepted = self.clone.accepted()
        self.status = replace(self.status, commit=accepted, tag=self.clone.tag_of(accepted))
        if accepted or trouble:
            return Branch(accepted, trouble, head=head)
        return Branch("", unreachable, Reason.UNREACHABLE)

    def _synced(self, engine: Engine, file: StackFile, branch: Branch, known: dict[str, Records]) -> StackStatus:
        self._world = None
        memory, name = self._all.memory(file.path), next(iter(known)) if len(known) == 1 else ""
        go = partial(sync, self._all, engine, file, branch, known)
        return guarded(self._all, memory, file.path, name, branch.commit, go)

    def _gone(
        self, engine: Engine, found: list[StackStatus], known: list[Known], records: dict[str, Records]
    ) -> list[StackStatus]:
        """The stacks that an agent brought here for a file which is no longer there, or has another name by now."""
        names = {each.path: each.stack for each in found}
        ready = {each.stack for each in found if each.condition is Condition.READY}
        gone: list[StackStatus] = []
        for each in known:
            now_called = names.get(each.path)
            if now_called in ("", each.name) or self.stopping:
                continue
            if self._brought(each, records[each.name]):
                memory, is_ready = self._all.memory_of_gone(each.path, each.name), now_called in ready
                go = partial(prune, self._all, engine, each, records[each.name], now_called or "", is_ready=is_ready)
                gone.append(guarded(self._all, memory, each.path, each.name, self.status.commit, go))
        return gone

    def _keep(self, branch: Branch, good: set[str]) -> None:
        """The commits that are or may be needed stay in the clone."""
        wanted = {branch.commit, *good} - {""}
        self.clone.keep([each for each in sorted(wanted) if self.clone.git.succeeds("cat-file", "-e", each)])

    def _connected(self, registries: Sequence[Registry] = ()) -> Engine:
        """An engine for this round."""
        self._open.append(self.connect(registries))
        return self._open[-1]

    def _started(self, world: World) -> None:
        self._world = world
        self._all.once.forget()
        if self.stopping:
            world.stop.set()

    def _carried_out(self, plan: Plan) -> None:
        if self.counts:
            self.counts.carried_out(plan)

    def _changed(self, new: StackStatus) -> None:
        others = (each for each in self.status.stacks if not each.is_same(new))
        self.status = replace(self.status, stacks=tuple(sorted((*others, new), key=lambda each: each.path)))
        if self._somebody:
            self._somebody.of(new)

    def _trouble(self, kind: str, error: DeployerError) -> None:
        self._wrong = _REASONS.get(kind) or reason_of(error)
        said = "; ".join(map(str, error.diagnostics))
        if said != self._told:
            self.tell(kind, said, {"codes": [each.code for each in error.diagnostics]})
        self._told = said
        self.status = replace(self.status, trouble=said)

    def _fine(self) -> None:
        if self._told:
            self.tell("recovered", f"this is over: {self._told}", {})
        self._told = ""
        self.status = replace(self.status, trouble="")
        if self._somebody:
            self._somebody.over(self.status.commit)
