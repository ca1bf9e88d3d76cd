"""Reads what a mounted file or folder holds: a digest of each file and link, and when any of it last changed.

A file that was read once is not read again while its status stays the same (stat_cache).
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.sources import stat_cache
from deployer.sources.beneath import FILE_FLAGS, FOLDER_FLAGS
from deployer.sources.confined import open_in_bounds, refuse_outside
from deployer.sources.context_files import file_kind, link_digest
from deployer.sources.files import shown_path, special_kind

MOST_FILES = 10_000
MOST_BYTES = 512 * 1024 * 1024
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Bound:
    """`files` are digests of kind, exec bit and content, by path beneath the source; that of a file alone is its name.

    `digest` is over all of it; what is not there holds nothing. `changed` is when the status of any of it last changed,
    in seconds since 1970.
    """

    digest: str
    changed: float
    files: Mapping[str, str]
    is_file: bool = False


def read_bound(source: Path, place: Place) -> Bound:
    """What is there now; a link in the place of the source is followed, as the engine does.

    Raises InvalidStack where some of it cannot be read, or is far too much.
    """
    path = Path(os.path.realpath(source))
    real = refuse_outside(path, shown_path(source), place)
    key = stat_cache.key_of(path, ["mounted"])
    reading = _Reading(path, real, place, stat_cache.recall(key))
    is_file = False
    try:
        status = os.stat(path)
        is_file = not stat.S_ISDIR(status.st_mode)
        reading.changed = status.st_ctime
        if stat.S_ISREG(status.st_mode):
            reading.entry(path.name, path.name, status, None)
        elif is_file:
            raise reading.unusable(path, f"is a {special_kind(status.st_mode)}", "bad-reload")
        else:
            reading.folder()
    except FileNotFoundError:  # the engine makes a folder there, or refuses: either way it holds nothing
        pass
    except OSError as error:
        raise reading.unreadable(error) from None
    if reading.kept != reading.known:
        stat_cache.keep(key, reading.kept)
    text = json.dumps([is_file, sorted(reading.found.items())])
    return Bound(hashlib.sha256(text.encode()).hexdigest(), reading.changed, reading.found, is_file)


@dataclass(slots=True)
class _Reading:
    path: Path
    real: Path | None
    place: Place
    known: Mapping[str, bytes]
    kept: dict[str, bytes] = field(default_factory=dict[str, bytes])
    found: dict[str, str] = field(default_factory=dict[str, str])
    changed: float = 0.0
    size: int = 0

    def folder(self) -> None:
        def fail(error: OSError) -> None:
            raise error

        root = open_in_bounds(self.path, self.real, FOLDER_FLAGS)
        try:
            for beneath, folders, files, descriptor in os.fwalk(".", onerror=fail, follow_symlinks=False, dir_fd=root):
                for name in (*files, *folders):
                    status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                    self.changed = max(self.changed, status.st_ctime)
                    self.entry(name, os.path.normpath(os.path.join(beneath, name)), status, descriptor)
        finally:
            os.close(root)

    def entry(self, name: str, path: str, status: os.stat_result, folder: int | None) -> None:
        """What lies at a path, by its name in the open folder; in none lies what is mounted as a file of its own."""
        if len(self.found) >= MOST_FILES:
            raise self.unusable(self.path, f"holds more than {MOST_FILES} files", "reload-too-much")
        mode = status.st_mode
        if stat.S_ISREG(mode):
            self.size += status.st_size
            if self.size > MOST_BYTES:
                most = f"{MOST_BYTES // 1024 // 1024} MiB"
                raise self.unusable(self.path, f"holds more than {most}", "reload-too-much")
            record = self.known.get(path, b"")
            digest = stat_cache.digest_in(record, status)
            if digest:
                self.kept[path] = record
            self.found[path] = f"{file_kind(status)}:{digest or self._read(name, path, folder)}"
        elif stat.S_ISLNK(mode):
            self.found[path] = link_digest(os.readlink(name, dir_fd=folder))
        else:  # a socket in a folder is no content, but that it is there is
            self.found[path] = "folder" if stat.S_ISDIR(mode) else special_kind(mode)

    def _read(self, name: str, path: str, folder: int | None) -> str:
        began = time.time_ns()
        if folder is None:
            descriptor = open_in_bounds(self.path, self.real, FILE_FLAGS)
        else:
            descriptor = os.open(name, FILE_FLAGS, dir_fd=folder)
        try:
            status = os.fstat(descriptor)
            content = hashlib.sha256()
            while chunk := os.read(descriptor, _CHUNK):
                content.update(chunk)
            record = stat_cache.record(status, os.fstat(descriptor), content.digest(), began)
        finally:
            os.close(descriptor)
        if record:
            self.kept[path] = record
        return content.hexdigest()

    def unreadable(self, error: OSError) -> InvalidStack:
        path = Path(os.fsdecode(error.filename)) if error.filename else self.path
        where = path if path.is_absolute() else self.path / path
        return self.unusable(where, f"cannot be read: {error.strerror}", "reload-unreadable")

    def unusable(self, path: Path, reason: str, code: str) -> InvalidStack:
        hint = "name a folder of settings under reload, not one of data"
        if code == "reload-unreadable":
            hint = "make it readable for who runs deployer, or take it out of reload"
        return InvalidStack(Diagnostic(code, f"{shown_path(path)} {reason}", self.place, hint))
