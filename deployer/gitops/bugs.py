"""A bug in what the agent does about one stack is told as its condition, and the others have their turns."""

from __future__ import annotations

import time
from collections.abc import Callable

from deployer.bug import told
from deployer.errors import DeployerError
from deployer.gitops.git import Stopped
from deployer.gitops.rules import Condition, Reason
from deployer.gitops.shared import Memory, Surroundings
from deployer.gitops.status import StackStatus


def guarded(
    all: Surroundings, memory: Memory, path: str, name: str, commit: str, go: Callable[[], StackStatus]
) -> StackStatus:
    """What `go` says of a stack. Where a bug is in its way, it has its next turn after a pause, as what fails has, or
    with another `commit`. Raises DeployerError, and Stopped.
    """
    was = memory.status
    if was and was.reason is Reason.BUG and memory.rests_at == commit and time.monotonic() < memory.rests_until:
        return was
    try:
        return go()
    except (DeployerError, Stopped):
        raise
    except Exception as error:
        message = f"{told(error)[0]}; it is tried again in {all.rest(memory, commit):.0f}s"
        at = was.commit if was else ""
        return all.say(path, Condition.DEGRADED, Reason.BUG, message, at, name, memory=memory)
