"""Reads the files of a build context: which of them a build gets to see, and a digest of each.

A file that was read once is not read again while its status stays the same (stat_cache).
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deployer.errors import Diagnostic, InvalidStack, Place, raise_if_any
from deployer.sources import stat_cache
from deployer.sources.beneath import FILE_FLAGS, FOLDER_FLAGS, open_beneath
from deployer.sources.confined import open_in_bounds, refuse_outside
from deployer.sources.dockerignore import IGNORE_FILE, Ignored, Pattern, ignored
from deployer.sources.files import shown_path, special_kind

FOLDER = "folder"
_CHUNK = 64 * 1024


def read_files(root: Path, patterns: tuple[Pattern, ...], place: Place | None) -> dict[str, str]:
    """Each file, link and empty folder by its path, sorted, with a digest of its kind, exec bit and content or target.

    Raises InvalidStack for all that cannot be read, or sent.
    """
    key = stat_cache.key_of(root, [pattern.text for pattern in patterns])
    known = stat_cache.recall(key)
    walk = _Walk(root, place, ignored(patterns), known)
    descriptor = _opened(root, place)
    try:
        found = dict(walk.paths(descriptor))
    finally:
        os.close(descriptor)
    if walk.kept != known:
        stat_cache.keep(key, walk.kept)
    raise_if_any(walk.wrong, InvalidStack)
    implied = parents(found)
    return {path: found[path] for path in sorted(found) if path not in implied}


def _opened(root: Path, place: Place | None) -> int:
    shown = shown_path(root)
    try:
        return open_in_bounds(root, refuse_outside(root, shown, place), FOLDER_FLAGS)
    except OSError as error:
        message = f"the build context {shown} cannot be read: {error.strerror}"
        raise InvalidStack(Diagnostic("context-unreadable", message, place)) from None


def file_kind(status: os.stat_result) -> str:
    """What is kept of a file's mode: all else depends on who checked it out."""
    return "exec" if status.st_mode & stat.S_IXUSR else "file"


def link_digest(target: str) -> str:
    return "link:" + hashlib.sha256(os.fsencode(target)).hexdigest()


def parents(paths: Mapping[str, object]) -> set[str]:
    """The folders that paths imply."""
    found: set[str] = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition("/")[0]
    return found


@dataclass(slots=True)
class _Walk:
    """One walk through a context: `known` is what an earlier one read, `kept` what a later one need not read."""

    root: Path
    place: Place | None
    verdict: Ignored
    known: Mapping[str, bytes]
    kept: dict[str, bytes] = field(default_factory=dict[str, bytes])
    wrong: list[Diagnostic] = field(default_factory=list[Diagnostic])

    def paths(self, root: int) -> Iterator[tuple[str, str]]:
        """Every path that is not left out, with its digest; a folder that is left out may hold some that are not."""
        waiting = [("", False)]
        while waiting:
            folder, left_out = waiting.pop()
            try:
                descriptor = open_beneath(root, folder, FOLDER_FLAGS)
            except OSError as error:
                if not left_out:
                    self._unreadable(folder or ".", error)
                continue
            try:
                yield from self._inside(descriptor, folder, waiting)
            finally:
                os.close(descriptor)

    def _inside(self, descriptor: int, folder: str, waiting: list[tuple[str, bool]]) -> Iterator[tuple[str, str]]:
        prefix = f"{folder}/" if folder else ""
        with os.scandir(descriptor) as found:
            for entry in found:
                path = prefix + entry.name
                out = self.verdict.ignored(path)
                if entry.is_dir(follow_symlinks=False):
                    if not (out and self.verdict.prunable(path)):
                        waiting.append((path, out))
                    if not out:
                        yield path, FOLDER
                elif not out and (digest := self._digest(descriptor, entry, path)):
                    yield path, digest

    def _digest(self, folder: int, entry: os.DirEntry[str], path: str) -> str:
        """Empty for what cannot be read, or sent."""
        try:
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(status.st_mode):
                known = self.known.get(path)
                if known and (digest := stat_cache.digest_in(known, status)):
                    self.kept[path] = known
                    return f"{file_kind(status)}:{digest}"
                return self._read(folder, entry.name, path)
            if stat.S_ISLNK(status.st_mode):
                return link_digest(os.readlink(entry.name, dir_fd=folder))
            self._special(path, status.st_mode)
        except OSError as error:
            self._unreadable(path, error)
        return ""

    def _read(self, folder: int, name: str, path: str) -> str:
        began = time.time_ns()
        descriptor = os.open(name, FILE_FLAGS, dir_fd=folder)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):  # it took the file's place a moment ago
                self._special(path, status.st_mode)
                return ""
            content = hashlib.sha256()
            while chunk := os.read(descriptor, _CHUNK):
                content.update(chunk)
            record = stat_cache.record(status, os.fstat(descriptor), content.digest(), began)
        finally:
            os.close(descriptor)
        if record:
            self.kept[path] = record
        return f"{file_kind(status)}:{content.hexdigest()}"

    def _special(self, path: str, mode: int) -> None:
        self._report(path, "context-special-file", f"is a {special_kind(mode)}, which no build context can hold")

    def _unreadable(self, path: str, error: OSError) -> None:
        self._report(path, "context-unreadable", f"cannot be read: {error.strerror}")

    def _report(self, path: str, code: str, reason: str) -> None:
        hint = f"move it, or leave it out in {IGNORE_FILE}"
        message = f"{shown_path(self.root / path)} {reason}"
        self.wrong.append(Diagnostic(code, message, place=self.place, hint=hint))
