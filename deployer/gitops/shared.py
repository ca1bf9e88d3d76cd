"""What the stacks of an agent share, and what it remembers of each from round to round."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployer.errors import Busy, DeployerError, InvalidStack, Unreachable
from deployer.gitops import log
from deployer.gitops.once import Once
from deployer.gitops.rules import Condition, Reason, Rule, pause
from deployer.gitops.since import since
from deployer.gitops.standing import good_now, is_of, nonce_of_good
from deployer.gitops.status import StackStatus
from deployer.wiring import Choices

if TYPE_CHECKING:
    from deployer.gitops.clone import Clone
    from deployer.history.entries import Entry
    from deployer.plan.model import Plan
    from deployer.reconcile.calls import World
    from deployer.reconcile.protocol import Engine
    from deployer.render.graph import Graph
    from deployer.resources.records import Records
    from deployer.resources.registries import Registry


_HELD = "held.json"
"""The plans that came back too often: whoever is started anew does not begin with them again."""

_GOOD = "good.json"
"""By the name of each stack, the commit that it was in step with last, for which no revision need be made, with the
revision before it.
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A commit that waits for a person, the revision that was the newest then, and why, in words. It is not looked at
    again before there is another one: its files would take the place of those that are mounted.
    """

    commit: str
    revision: int
    why: str


@dataclass(slots=True)
class Memory:
    """What is worth knowing from round to round, and no harm to forget: a new process begins with none of it.

    `rests_at` is the commit that failed, and is to wait; `held` is a plan that came back too often: its commit, and
    what it changes; `crash` says in words what ended by itself. `waits` is a commit that was held. `graph` is that of
    the stack at the commit that is `drawn`, `history` its revisions. `mounted` is what containers see of the commit
    that is in place, None where that is not known; `planned` is the last commit that waited or failed, and its plan;
    `warned` the warnings of the last one that was looked at.
    """

    status: StackStatus | None = None
    failures: int = 0
    rests_until: float = 0.0
    rests_at: str = ""
    held: tuple[str, str] | None = None
    crash: str = ""
    waits: Waiting | None = None
    drawn: str = ""
    graph: Graph | None = None
    history: tuple[Entry, ...] = ()
    mounted: frozenset[str] | None = None
    planned: tuple[str, Plan] | None = None
    warned: set[str] = field(default_factory=set[str])


@dataclass(slots=True)
class Surroundings:
    """What all stacks of an agent share.

    `connect` reaches the engine with a stack's own registries; `started` is handed the world of what is carried out, so
    that it can be stopped, `carried_out` the plan when that is over; `chance` gives numbers from 0 to 1. `at` are the
    stacks of the repository that are on the engine, with the commit that came about last. `once` is what the stacks of
    a round are compared with; `failed` whether something did in it, and not only before; `left` says in words what
    became of what was in flight when the agent was stopped, "" where nothing was; `deputed` what a deputy is to carry
    out: the path of the stack's file, and the plan. `said` is what is so of each stack, by its name, or by its file
    while that is not known: a file may be another stack's by now. `names` are the paths of the commit's stack files by
    the name that each has, where that is known.
    """

    clone: Clone
    choices: Choices
    rule: Rule
    interval: float
    tell: log.Tell
    connect: Callable[[Sequence[Registry]], Engine]
    changed: Callable[[StackStatus], None]
    started: Callable[[World], None]
    carried_out: Callable[[Plan], None]
    chance: Callable[[], float]
    memories: dict[str, Memory] = field(default_factory=dict[str, Memory])
    placed: dict[str, str] = field(default_factory=dict[str, str])
    at: dict[str, str] = field(default_factory=dict[str, str])
    once: Once = field(default_factory=Once)
    left: str = ""
    failed: bool = False
    deputed: tuple[str, Plan] | None = None
    said: dict[str, StackStatus] = field(default_factory=dict[str, StackStatus])
    names: dict[str, str] = field(default_factory=dict[str, str])

    def memory(self, path: str) -> Memory:
        if path not in self.memories:
            self.memories[path] = Memory(held=self._held(path))
        return self.memories[path]

    def memory_of_gone(self, path: str, name: str) -> Memory:
        """Of a stack whose file is gone, or is another one's now, which has a memory of its own."""
        return self.memory(f"{path} as {name}")

    def rest(self, memory: Memory, commit: str) -> float:
        """For how many seconds the same is not tried again."""
        memory.failures = memory.failures + 1 if memory.rests_at == commit else 1
        rest = pause(memory.failures - 1, self.interval, self.chance())
        memory.rests_at, memory.rests_until = commit, time.monotonic() + rest
        return rest

    def _held(self, path: str) -> tuple[str, str] | None:
        match self.clone.noted(_HELD).get(path):
            case [str(commit), str(change)]:
                return commit, change
            case _:
                return None

    def hold(self, path: str, held: tuple[str, str] | None) -> None:
        """A plan of a stack came back too often: its commit, and what it changes; or None does."""
        memory = self.memory(path)
        if memory.held != held:
            memory.held = held
            others = {other: each for other, each in self.clone.noted(_HELD).items() if other != path}
            self.clone.note(_HELD, {**others, path: held} if held else others)

    def good(self, records: Records) -> str:
        """The commit that a stack is at: the one that came about last. "" where none did."""
        return good_now(records, self._noted_good(records))

    def came_about(self, name: str, records: Records, commit: str) -> None:
        """A stack is as a commit has it. Where no revision was ever made for one, none is to be gone back to."""
        nonce = nonce_of_good(records)
        if nonce is not None and self._noted_good(records) != [commit, nonce]:
            others = {other: each for other, each in self.clone.noted(_GOOD).items() if not is_of(records, each)}
            self.clone.note(_GOOD, {**others, name: [commit, nonce]})

    def was_in_step(self, records: Records) -> bool:
        """Whether a stack came from a commit of the branch as it is now, whoever has applied that."""
        return self._noted_good(records) is not None

    def _noted_good(self, records: Records) -> object:
        """Whatever the stack is called in the notes: an earlier deployer took the path of its file for that."""
        return next((each for each in self.clone.noted(_GOOD).values() if is_of(records, each)), None)

    def say(
        self,
        path: str,
        condition: Condition,
        reason: Reason,
        message: str,
        commit: str,
        stack: str = "",
        plan: Plan | None = None,
        lines: tuple[str, ...] = (),
        pending: int | None = None,
        failed: str = "",
        memory: Memory | None = None,
    ) -> StackStatus:
        """What is so of a stack now; the log has it where that is news. `memory` is that of its file unless given."""
        memory = memory or self.memory(path)
        last = memory.status
        name = stack or (last.stack if last else "")
        before = self.said.get(name or path) or (last if last and not last.stack else None)
        new = StackStatus(
            path,
            name,
            condition,
            reason,
            self.as_in_the_repository(message),
            before.since
            if before and before.condition is condition
            else since(self.clone, name or path, condition, time.time()),
            commit,
            plan or (before.plan if before else None),
            memory.graph or (before.graph if before else None),
            memory.history,
            tuple(map(self.as_in_the_repository, lines)),
            pending,
            failed,
            memory.held is not None,
            self.clone.tag_of(commit),
        )
        memory.status = self.said[name or path] = new
        if _is_news(new, before):
            self.failed = self.failed or condition is Condition.DEGRADED
            log.condition(self.tell, new)
        self.changed(new)
        return new

    def as_in_the_repository(self, message: str) -> str:
        """Paths of files as their repository has them."""
        folder, name = re.escape(str(self.clone.folder)), re.escape(self.clone.remote.name)
        return re.sub(rf"(?:{folder}|\S*)/stacks/[\w.-]+/{name}/", "", message)


def _is_news(new: StackStatus, before: StackStatus | None) -> bool:
    """Of a stack that is well, and was, only another commit is; of any other, other words are, too."""
    if before is None or (new.condition, new.reason, new.commit) != (before.condition, before.reason, before.commit):
        return True
    return new.condition is not Condition.READY and new.message != before.message


def first_of(error: DeployerError) -> str:
    """The first line of what an error says, with its place."""
    said = str(error.diagnostics[0]) if error.diagnostics else str(error)
    return next(iter(said.splitlines()), "")


def reason_of(error: DeployerError) -> Reason:
    """What an error means for a stack."""
    match error:
        case Busy():
            return Reason.BUSY
        case Unreachable():
            return Reason.UNREACHABLE
        case InvalidStack():
            return Reason.INVALID
        case _:
            return Reason.APPLY_FAILED
