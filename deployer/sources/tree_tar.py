"""Files and folders of this machine as a tar, and back: whoever made it, a tar writes only where it is unpacked."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from deployer.errors import Diagnostic, OperationFailed


def pack(source: Path, name: str, into: IO[bytes]) -> None:
    """The file or folder under another name; with "", what is in the folder. All of it is root's. Raises
    OperationFailed.
    """
    try:
        with tarfile.open(fileobj=into, mode="w") as tar:
            for path in [source] if name else sorted(source.iterdir()):
                tar.add(path, arcname=name or path.name, filter=_as_root)
    except OSError as error:
        raise OperationFailed(
            Diagnostic("copy-failed", f"cannot read {error.filename or source}: {error.strerror}")
        ) from error


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


@dataclass(slots=True)
class Unpacked:
    """How many files there were, and what was left out, with why."""

    files: int = 0
    left_out: list[str] = field(default_factory=list[str])


def unpack(chunks: Iterable[bytes], folder: Path, name: str) -> Unpacked:
    """The tar of one file or folder, unpacked in a folder under another name; with "", what is in it.

    Links that lead out of the folder, absolute ones and devices are left out; owners, and what only root may grant, are
    not kept. Raises OperationFailed.
    """
    if not hasattr(tarfile, "data_filter"):
        hint = "update Python: 3.11.4, 3.12 and newer have it; or give - for DEST and unpack the tar yourself"
        raise OperationFailed(Diagnostic("copy-failed", "this Python cannot unpack a tar safely", hint=hint))
    done = Unpacked()
    try:
        with tarfile.open(fileobj=_Reading(iter(chunks)), mode="r|") as tar:  # type: ignore[arg-type]
            for member in tar:
                _extract(tar, member, folder, name, done)
    except (OSError, tarfile.TarError) as error:
        raise OperationFailed(Diagnostic("copy-failed", f"cannot write to {folder}: {error}")) from error
    return done


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, name: str, done: Unpacked) -> None:
    renamed = _renamer(name)
    was, member.name = member.name, renamed(member.name)
    if not member.name:
        return
    if member.islnk():
        member.linkname = renamed(member.linkname)
    try:
        tar.extract(member, folder, filter="data")
        done.files += 1
    except tarfile.FilterError as error:
        done.left_out.append(f"{was}: {error}")


def _renamer(name: str) -> Callable[[str], str]:
    """The tar's own name for what it holds is the first part of each path in it."""

    def renamed(path: str) -> str:
        rest = PurePosixPath(path).parts[1:]
        return str(PurePosixPath(name, *rest)) if name or rest else ""

    return renamed


class _Reading(io.RawIOBase):
    """A file to be read, of bytes that come bit by bit."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._rest += chunk
        size = len(self._rest) if size < 0 else size
        found, self._rest = self._rest[:size], self._rest[size:]
        return found
