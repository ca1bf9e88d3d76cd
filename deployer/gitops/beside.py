"""A commit of a stack may have failed for what another stack of the repository had, such as a port. Then it is tried
again once that one has gone, or is at another commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployer.errors import DeployerError
    from deployer.gitops.shared import Surroundings

TAKEN = frozenset(("port-taken", "address-taken", "name-taken", "no-address-left", "no-subnet-left"))
"""The codes of failures for want of what somebody else has."""

_FILE = "failed.json"


def note(all: Surroundings, path: str, stack: str, commit: str, errors: Iterable[DeployerError]) -> None:
    """A commit has failed, with the other stacks being as they are."""
    noted = all.clone.noted(_FILE)
    noted.pop(path, None)
    if any(each.code in TAKEN for error in errors for each in error.diagnostics):
        noted[path] = {"stack": stack, "commit": commit, "beside": _beside(all, stack)}
    all.clone.note(_FILE, noted)


def may_now(all: Surroundings, path: str, commit: str) -> bool:
    """Whether another stack has changed since a commit of this one failed for want of something."""
    noted = all.clone.noted(_FILE).get(path)
    if not isinstance(noted, dict) or noted.get("commit") != commit:
        return False
    return noted.get("beside") != _beside(all, str(noted.get("stack")))


def _beside(all: Surroundings, stack: str) -> dict[str, str]:
    return {name: commit for name, commit in all.at.items() if name != stack}
