"""The home folder of who runs this: there may be none, as for a user of a container that nobody has named."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """`/`, as the engine has it in a container, where there is neither HOME nor an entry for the user."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")


def state_folder() -> Path:
    """Where deployer keeps what outlives a run (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_STATE_HOME") or home() / ".local/state", "deployer")


def from_home(written: str) -> Path:
    """A path that may begin with `~` or `~NAME`; of a user whom nobody knows it stays as it is written."""
    return Path(os.path.expanduser(written))
