"""What the agent knows now, as plain values: for its log, for who is notified, and for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.gitops.rules import Condition, Reason
from deployer.render.change_line import change_line

if TYPE_CHECKING:
    from deployer.history.entries import Entry
    from deployer.plan.model import Plan
    from deployer.render.graph import Graph


@dataclass(frozen=True, slots=True)
class StackStatus:
    """A stack: the path of its file, which may be another stack's by now, its name ("" where that is not known), its
    condition, and why, in words too; `since` when it has that, in seconds since 1970. `commit` is the one that it is
    at, or on its way to; `plan` the last one that was made for it, `graph` what needs what in it, `history` its
    revisions, the oldest first. `lines` are the last of the log of what failed, masked; `pending` is how many changes
    the last look has found that are not carried out, None where it made no plan; `failed` is the commit that has
    brought this about, "" where none has; what came back too often is `left` so. `tag` is that of the commit, where
    tags are followed.
    """

    path: str
    stack: str
    condition: Condition
    reason: Reason
    message: str
    since: float
    commit: str
    plan: Plan | None = None
    graph: Graph | None = None
    history: tuple[Entry, ...] = ()
    lines: tuple[str, ...] = ()
    pending: int | None = None
    failed: str = ""
    left: bool = False
    tag: str = ""

    def is_same(self, other: StackStatus) -> bool:
        """Whether both are of one stack: of the same file, and by one name as far as that is known."""
        return self.path == other.path and (self.stack == other.stack or not (self.stack and other.stack))

    @property
    def outcome(self) -> Entry | None:
        """The revision that carried out the last plan, or tried to; None where none did, or it has none to make."""
        if self.plan is None or self.plan.is_empty:
            return None
        found = next((each for each in self.history if each.revision == self.plan.revision + 1), None)
        return found if found and found.change == change_line(self.plan) else None  # else it is of another plan

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be thought of in the last plan."""
        return tuple(map(str, self.plan.warnings)) if self.plan else ()

    @property
    def label(self) -> str:
        return self.stack or self.path

    @property
    def at(self) -> str:
        """The commit in brief, with its tag: `v1.2.0 (0a1b2c3d4e5f)`."""
        return f"{self.tag} ({self.commit[:12]})" if self.tag else self.commit[:12]


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """`commit` is the one that is followed, `tag` its tag where tags are, `synced` when the remote was last reached,
    `trouble` why it was not, or why what it has is not taken.
    """

    repository: str
    follow: str
    commit: str = ""
    synced: float = 0.0
    trouble: str = ""
    stacks: tuple[StackStatus, ...] = ()
    tag: str = ""
