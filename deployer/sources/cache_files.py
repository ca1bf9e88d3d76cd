"""Files in the user's cache folder: whole or not there, readable by their owner only, and never missed."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def cache_folder(*parts: str) -> Path:
    """A folder of ours in the user's cache. Raises RuntimeError where nobody knows a home."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return Path(Path(home) if os.path.isabs(home) else Path.home() / ".cache", "deployer", *parts)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, as mkstemp makes it; of two who write at once, the later wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def forget_oldest(folder: Path, kept: int) -> None:
    by_age = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in by_age[kept:]:
        path.unlink(missing_ok=True)
