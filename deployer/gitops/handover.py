"""The clone changes hands: an agent holds it, and lets go of it while a deputy is at work, who needs it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployer.gitops import deputy
from deployer.gitops.rules import Condition, Reason
from deployer.reconcile.holder import in_a_container

if TYPE_CHECKING:
    from deployer.gitops.shared import Surroundings
    from deployer.reconcile.protocol import Engine


@dataclass(slots=True)
class Handover:
    """`waits` while a deputy is at work; `is_held` is None until the clone was this agent's for the first time."""

    all: Surroundings
    waits: bool = False
    is_held: bool | None = None
    _held: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        """Let go of the clone."""
        self._held.close()

    def hold(self) -> None:
        """The clone is this agent's until a deputy needs it; what was put in place may be another commit by then.
        Raises Busy where another agent has it.
        """
        if not self.is_held:
            self._held.enter_context(self.all.clone.held())
            self.all.placed.clear()
            self.is_held = True

    def to_deputy(self, engine: Engine) -> None:
        """Start the deputy that what is `deputed` needs. Raises DeployerError."""
        assert self.all.deputed
        self.close()
        self.is_held = False
        self.waits = True
        deputy.begin(engine, self.all.deputed[1])

    def look(self) -> None:
        """One that has ended goes. Where that is for the same agent to see, it was not replaced."""
        if not in_a_container():
            return
        self.waits, code, lines = deputy.at_work(self.all.connect(()))
        if code is not None:
            self.all.tell("deputy", f"the deputy has ended with {code}", {"code": code, "lines": list(lines)})
        if not self.waits and self.all.deputed:
            status = self.all.memory(self.all.deputed[0]).status
            self.all.deputed = None
            if status:
                message = f"the deputy has ended, and this container is as it was; it is tried again: {status.message}"
                self.all.say(status.path, Condition.DEGRADED, Reason.APPLY_FAILED, message, status.commit)
