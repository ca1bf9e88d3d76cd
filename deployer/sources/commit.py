"""Which commit of a git checkout a folder is at, and whether something there is not committed."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

_SECONDS = 10
"""A checkout that takes longer to look through is not told of: an apply does not wait for its history."""

_QUIETLY = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def commit_of(folder: Path) -> tuple[str, bool]:
    """The commit, and whether the checkout is dirty: changed, or with files that git neither has nor ignores.

    "" where there is no checkout, no commit yet, or no git.
    """
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD").strip()
    if not _COMMIT.fullmatch(commit):
        return "", False
    return commit, bool(_git(folder, "status", "--porcelain", "--untracked-files=normal").strip())


def _git(folder: Path, *words: str) -> str:
    """What git prints; nothing where it fails. A hook's GIT_DIR and the like are about another checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            [*_QUIETLY, *words],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace")
