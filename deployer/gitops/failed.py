"""What is noted of the last commit of a stack that failed, for whoever is there next: why, and what its log had.

It may have failed for what another stack of the repository had, such as a port. Then it is tried again once that one
has gone, or is at another commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployer.errors import DeployerError
    from deployer.gitops.shared import Surroundings

TAKEN = frozenset(("port-taken", "address-taken", "name-taken", "no-address-left", "no-subnet-left"))
"""The codes of failures for want of what somebody else has."""

_FILE = "failed.json"


@dataclass(frozen=True, slots=True)
class Failure:
    """A commit that failed, in words, and the last lines of what did, masked."""

    commit: str
    why: str
    lines: tuple[str, ...]


def note(all: Surroundings, path: str, stack: str, failure: Failure, errors: Iterable[DeployerError]) -> None:
    """A commit has failed, with the other stacks being as they are."""
    about = {"stack": stack, "commit": failure.commit, "why": failure.why, "lines": failure.lines}
    if any(each.code in TAKEN for error in errors for each in error.diagnostics):
        about["beside"] = _beside(all, stack)
    all.clone.note(_FILE, {**all.clone.noted(_FILE), path: about})


def failure_of(all: Surroundings, path: str, commit: str) -> Failure | None:
    """What is known of a commit that failed, in this process, or before."""
    match all.clone.noted(_FILE).get(path):
        case {"commit": str(failed), "why": str(why), "lines": [*lines]} if failed == commit:
            return Failure(commit, why, tuple(map(str, lines)))
        case _:
            return None


def may_now(all: Surroundings, path: str, commit: str) -> bool:
    """Whether another stack has changed since a commit of this one failed for want of something."""
    match all.clone.noted(_FILE).get(path):
        case {"commit": str(failed), "stack": str(stack), "beside": beside} if failed == commit:
            return beside != _beside(all, stack)
        case _:
            return False


def _beside(all: Surroundings, stack: str) -> dict[str, str]:
    return {name: commit for name, commit in all.at.items() if name != stack}
