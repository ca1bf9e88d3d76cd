"""An agent with stacks in every condition, and its board."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from deployer.gitops.rules import Condition, Reason
from deployer.gitops.serve.board import Board
from deployer.gitops.status import AgentStatus, StackStatus
from deployer.history.entries import Entry
from deployer.render.graph import Edge, Graph
from tests.render.conftest import CHANGES, plan_of

COMMIT = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
REPOSITORY = "https://git.example/me/hosts.git"
GRAPH = Graph("flask-shop", ("service.db", "service.web"), (Edge("service.web", "service.db", "healthy"),))


def entry(revision: int, result: str = "succeeded", change: str = "~ web[1..2] replace: environment.DEBUG") -> Entry:
    at = time.time() - 3600 * (10 - revision)
    return Entry(revision, at, "deployer", "host1", "apply by sync", change, COMMIT, False, result, "")


def stack(
    path: str, condition: Condition, reason: Reason, message: str, *, name: str = "", planned: bool = False
) -> StackStatus:
    plan = plan_of(*CHANGES) if planned else plan_of()
    since, waits = time.time() - 200, len(plan.changes)
    return StackStatus(path, name, condition, reason, message, since, COMMIT, plan, GRAPH, pending=waits)


STACKS = (
    stack(
        "shop/stack.yaml",
        Condition.DRIFTED,
        Reason.HELD,
        "2 replacements wait: the rule is no-replace",
        name="flask-shop",
        planned=True,
    ),
    stack("blog/stack.yaml", Condition.READY, Reason.IN_STEP, "in step", name="blog"),
    stack(
        "db/stack.yaml",
        Condition.DEGRADED,
        Reason.COMMIT_FAILED,
        "0a1b2c3d4e5f failed, and was put back: web exited with 1",
        name="db",
    ),
    stack("new/stack.yaml", Condition.PROGRESSING, Reason.APPLYING, "1 creation"),
)


@dataclass
class Agent:
    """What an agent has that is shown, and whether it was asked for a round."""

    status: AgentStatus
    asked: bool = False

    def wake(self) -> None:
        self.asked = True

    def show(self, *stacks: StackStatus, trouble: str = "", change: str = "") -> None:
        """`change` is that of each revision."""
        failed = replace(entry(2, "failed", "~ web[1..2] replace: image"), failure="web exited with code 2")
        history = (entry(1), failed, entry(3))
        history = tuple(replace(each, change=change or each.change) for each in history)
        shown = tuple(replace(each, history=history) for each in stacks)
        self.status = AgentStatus(REPOSITORY, "main", COMMIT, time.time() - 12, trouble, shown)


def agent(*stacks: StackStatus, trouble: str = "") -> Agent:
    """One that shows these; all, where none is named."""
    made = Agent(AgentStatus(REPOSITORY, "main"))
    made.show(*(stacks or STACKS), trouble=trouble)
    return made


def board_of(agent: Agent) -> Board:
    made = Board()
    made.follow(lambda: agent.status)
    made.tell("flask-shop: Drifted at 0a1b2c3d4e5f: 2 replacements wait")
    return made
