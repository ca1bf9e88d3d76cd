"""Remembers what went into each build, so that a plan can say which files changed since; losing it loses only that."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from deployer.sources.cache_files import cache_folder, forget_oldest, write_whole
from deployer.sources.files import printable

KEPT = 20
_FORMAT = 1
_LARGEST = 64 * 1024 * 1024


def remember(stack: str, build: str, digest: str, inputs: Mapping[str, str]) -> None:
    """Keep the inputs of a build under its hash; where nothing can be written, nothing is kept and nothing is said."""
    with suppress(OSError, RuntimeError):
        path = _folder(stack, build) / _name(digest)
        try:
            os.utime(path)  # what went into an image never changes; only its age does
        except OSError:
            text = json.dumps({"format": _FORMAT, "hash": digest, "inputs": dict(inputs)})
            write_whole(path, text.encode())
            forget_oldest(path.parent, KEPT)


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
    return cache_folder("builds", key)


def _name(digest: str) -> str:
    return hashlib.sha256(digest.encode()).hexdigest()[:32] + ".json"
