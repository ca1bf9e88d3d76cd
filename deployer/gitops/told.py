"""Of what somebody is to be notified: a condition that is another one than was told last, one more commit that failed,
that what crashes is left so, and trouble with the repository or the engine that lasts.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployer.gitops.rules import Condition, Reason
from deployer.gitops.status import StackStatus

if TYPE_CHECKING:
    from deployer.gitops.clone import Clone
    from deployer.gitops.log import Tell
    from deployer.gitops.notify import Notify

LASTS = 180.0
"""Seconds after which trouble has lasted: before them a network or a host may have been started anew."""

_FILE = "told.json"
"""Of each stack, by its name, or by its file while that is not known, the condition that somebody was notified of last,
the commit that had failed by then, and whether the stack was left so.
"""

_TROUBLE = "trouble.json"
"""The trouble that goes on: why, since when, what was said of it, and whether somebody was notified."""


@dataclass(slots=True)
class Told:
    """What was told: in this process, or before. Whoever cannot be reached is told in a later round."""

    clone: Clone
    notify: Notify
    tell: Tell
    _tried: set[str] = field(default_factory=set[str])

    def begin(self) -> None:
        """A round begins, in which each stack is told of anew that nobody could be told of in the last one."""
        self._tried.clear()

    def of(self, status: StackStatus) -> None:
        """What is so of a stack now."""
        told, name = self.clone.noted(_FILE), status.stack or status.path
        before, failed, left = _read(told.get(status.path) or told.get(name))
        same = status.condition.value == before and status.failed in ("", failed) and status.left <= left
        if same or status.condition is Condition.PROGRESSING or name in self._tried:
            return
        if self._sent(status, before):
            told.pop(status.path, None)
            self.clone.note(_FILE, {**told, name: [status.condition.value, status.failed, status.left]})
        else:
            self._tried.add(name)

    def trouble(self, reason: Reason, message: str, commit: str) -> None:
        """Something was in the way of a whole round. It is told once, when it lasts."""
        noted = self.clone.noted(_TROUBLE)
        if noted.get("reason") != reason.value:
            noted |= {"reason": reason.value, "since": time.time()}
        noted["message"] = message
        lasts = time.time() - float(noted["since"]) >= LASTS
        if lasts and noted.get("told") != reason.value:
            before = Condition.DEGRADED.value if "told" in noted else ""
            status = self._of_all(Condition.DEGRADED, reason, message, noted["since"], commit)
            if self._sent(status, before):
                noted["told"] = reason.value
        self.clone.note(_TROUBLE, noted)

    def over(self, commit: str) -> None:
        """Nothing is in the way. Who was told of what was, is told of this."""
        noted = self.clone.noted(_TROUBLE)
        if not noted:
            return
        message = f"this is over: {noted.get('message', '')}"
        status = self._of_all(Condition.READY, Reason.IN_STEP, message, time.time(), commit)
        if "told" not in noted or self._sent(status, Condition.DEGRADED.value):
            self.clone.note(_TROUBLE, {})

    def _of_all(self, condition: Condition, reason: Reason, message: str, since: float, commit: str) -> StackStatus:
        return StackStatus("", self.clone.remote.url, condition, reason, message, since, commit)

    def _sent(self, status: StackStatus, before: str) -> bool:
        why = self.notify(status, before)
        if why:
            self.tell("notify", f"{status.label}: nobody could be notified: {why}", {"stack": status.stack})
        return not why


def _read(noted: object) -> tuple[str, str, bool]:
    match noted:
        case [str(condition), str(failed), bool(left)]:
            return condition, failed, left
        case [str(condition), str(failed)]:  # as it was noted before
            return condition, failed, False
        case str(condition):  # and before commits were
            return condition, "", False
        case _:
            return "", "", False
