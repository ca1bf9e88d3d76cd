"""A bug of deployer itself, in words. Its trace may hold anything, so it goes into a file of its user's alone."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from deployer import __version__
from deployer.home import state_folder


def told(error: Exception) -> tuple[str, bool]:
    """What it is, in one line with no value in it, which says where the trace was written; and whether it was."""
    where = _written("".join(traceback.format_exception(error)))
    trace = f"the trace is in {where}" if where else "the trace could not be written"
    return f"a bug in deployer: {type(error).__name__}; {trace}", where is not None


def _written(trace: str) -> Path | None:
    try:
        folder = state_folder()
        folder.mkdir(parents=True, exist_ok=True)
        where = folder / "bug.txt"
        where.unlink(missing_ok=True)
        descriptor = os.open(where, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # before anything is in it
        with open(descriptor, "w", errors="backslashreplace") as file:
            file.write(f"deployer {__version__}, Python {sys.version}\n{trace}")
    except OSError:
        return None
    return where
