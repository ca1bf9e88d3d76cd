"""Of what somebody is to be notified: a condition that is another one than was told last, or one more commit that
failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deployer.gitops.rules import Condition

if TYPE_CHECKING:
    from deployer.gitops.clone import Clone
    from deployer.gitops.log import Tell
    from deployer.gitops.notify import Notify
    from deployer.gitops.status import StackStatus

_FILE = "told.json"
"""Of each stack, the condition that somebody was notified of last, and the commit that had failed by then."""


def send(clone: Clone, notify: Notify, stacks: Iterable[StackStatus], tell: Tell) -> None:
    """Notify of what was not told yet: in this process, or before. Whoever cannot be reached is told later."""
    told = clone.noted(_FILE)
    for status in stacks:
        before, failed = _read(told.get(status.path))
        same = status.condition.value == before and status.failed in ("", failed)
        if same or status.condition is Condition.PROGRESSING:
            continue
        why = notify(status, before)
        if why:
            tell("notify", f"{status.label}: nobody could be notified: {why}", {"stack": status.stack})
        else:
            told[status.path] = [status.condition.value, status.failed]
            clone.note(_FILE, told)


def _read(noted: object) -> tuple[str, str]:
    match noted:
        case [str(condition), str(failed)]:
            return condition, failed
        case str(condition):  # as it was noted before commits were
            return condition, ""
        case _:
            return "", ""
