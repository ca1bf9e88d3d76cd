"""Writes a build context as the tar that the engine's builder takes: the same bytes for the same content."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
from typing import IO, Any

from deployer.errors import Busy, Diagnostic
from deployer.sources.beneath import FILE_FLAGS, FOLDER_FLAGS, link_target, open_beneath
from deployer.sources.context import Context
from deployer.sources.context_files import FOLDER, file_kind, link_digest, parents
from deployer.sources.files import printable


def write_tar(context: Context, target: IO[bytes]) -> None:
    """Write a context to a file or pipe: modes 755 or 644, owner root, times 1970, names sorted.

    Each file is compared with its digest on its way: where it is no longer what was read, Busy is raised, and what was
    written by then is not to be used.
    """
    # An engine makes the folders that a tar lacks with modes of its own.
    paths = {*context.files, *context.additions, *parents(context.files)}
    root = _opened(context)
    try:
        with tarfile.open(fileobj=target, mode="w|", format=tarfile.GNU_FORMAT) as tar:
            for path in sorted(paths, key=os.fsencode):
                if path in context.additions:
                    content = context.additions[path]
                    tar.addfile(_entry(path, size=len(content)), io.BytesIO(content))
                else:
                    _add(tar, root, path, context.files.get(path, FOLDER))
    finally:
        os.close(root)


def _opened(context: Context) -> int:
    try:
        return os.open(context.folder, FOLDER_FLAGS)
    except OSError:
        raise _has_changed(str(context.folder)) from None


def _entry(path: str, size: int = 0, kind: bytes = tarfile.REGTYPE, mode: int = 0o644) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.type = kind
    entry.size = size
    entry.mode = mode
    return entry


def _add(tar: tarfile.TarFile, root: int, path: str, digest: str) -> None:
    if digest == FOLDER:
        tar.addfile(_entry(path, kind=tarfile.DIRTYPE, mode=0o755))
    elif digest.startswith("link:"):
        entry = _entry(path, kind=tarfile.SYMTYPE, mode=0o777)
        entry.linkname = _same_target(root, path, digest)
        tar.addfile(entry)
    else:
        _add_file(tar, root, path, digest)


def _same_target(root: int, path: str, digest: str) -> str:
    try:
        target = link_target(root, path)
    except OSError:
        raise _has_changed(path) from None
    if link_digest(target) != digest:
        raise _has_changed(path)
    return target


def _add_file(tar: tarfile.TarFile, root: int, path: str, digest: str) -> None:
    try:
        descriptor = open_beneath(root, path, FILE_FLAGS)
    except OSError:
        raise _has_changed(path) from None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _has_changed(path)
        kind = file_kind(status)
        reader = _Reader(file, path)
        entry = _entry(path, size=status.st_size, mode=0o755 if kind == "exec" else 0o644)
        tar.addfile(entry, reader)  # pyright: ignore[reportArgumentType]  only its read is used
        if f"{kind}:{reader.content.hexdigest()}" != digest:
            raise _has_changed(path)


class _Reader:
    """A file that is hashed while it is read, and that must not end early."""

    def __init__(self, file: IO[bytes], path: str) -> None:
        self.file = file
        self.path = path
        self.content: Any = hashlib.sha256()

    def read(self, size: int) -> bytes:
        try:
            chunk = self.file.read(size)
        except OSError:
            raise _has_changed(self.path) from None
        if len(chunk) < size:
            raise _has_changed(self.path)
        self.content.update(chunk)
        return chunk


def _has_changed(path: str) -> Busy:
    message = f"{printable(path)} changed while the build context was being sent"
    return Busy(Diagnostic("context-changed", message, hint="run it again when nothing writes there"))
