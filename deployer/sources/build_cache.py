"""Remembers what went into each build, so that a plan can say which files changed since; losing it loses only that."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from deployer.sources.files import printable

KEPT = 20
_FORMAT = 1
_LARGEST = 64 * 1024 * 1024


def remember(stack: str, build: str, digest: str, inputs: Mapping[str, str]) -> None:
    """Keep the inputs of a build under its hash; where nothing can be written, nothing is kept and nothing is said."""
    with suppress(OSError, RuntimeError):
        folder = _folder(stack, build)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / _name(digest), json.dumps({"format": _FORMAT, "hash": digest, "inputs": dict(inputs)}))
        _forget_oldest(folder)


def recall(stack: str, build: str, digest: str) -> dict[str, str] | None:
    """The inputs of a build that was made or planned from here, or None where they are not known (any more)."""
    try:
        path = _folder(stack, build) / _name(digest)
        with open(path, "rb") as file:
            kept: Any = json.loads(file.read(_LARGEST))
    except (OSError, RuntimeError, ValueError, RecursionError):
        return None
    if not isinstance(kept, dict) or kept.get("format") != _FORMAT or kept.get("hash") != digest:
        return None
    inputs = kept.get("inputs")
    if not isinstance(inputs, dict) or not all(isinstance(value, str) for value in inputs.values()):
        return None
    return inputs


def changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """The names that were added, removed or have another digest, sorted, as they can be printed."""
    return sorted(printable(name) for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _folder(stack: str, build: str) -> Path:
    # A build's name may hold anything; its hash is a safe name for a folder.
    key = hashlib.sha256(json.dumps([stack, build]).encode()).hexdigest()[:32]
    return _cache_home() / "deployer" / "builds" / key


def _cache_home() -> Path:
    home = os.environ.get("XDG_CACHE_HOME", "")
    return Path(home) if os.path.isabs(home) else Path.home() / ".cache"


def _name(digest: str) -> str:
    return hashlib.sha256(digest.encode()).hexdigest()[:32] + ".json"


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner only, as mkstemp makes it."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _forget_oldest(folder: Path) -> None:
    by_age = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in by_age[KEPT:]:
        path.unlink(missing_ok=True)
