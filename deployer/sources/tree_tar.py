"""Files and folders of this machine as a tar, and back: whoever made it, a tar writes only where it is unpacked."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

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
    done = Unpacked()
    try:
        # A stream is only read, and _Reading has all that this takes.
        with tarfile.open(fileobj=cast("IO[bytes]", _Reading(iter(chunks))), mode="r|") as tar:
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
    if why := _why_not(member, folder):
        done.left_out.append(f"{was}: {why}")
        return
    member.mode = member.mode & 0o755 | (0o700 if member.isdir() else 0o600)
    member.uid, member.gid, member.uname, member.gname = os.geteuid(), os.getegid(), "", ""
    tar.extract(member, folder, **_TRUSTED)
    done.files += 1


_TRUSTED: dict[str, Any] = {"filter": "fully_trusted"} if hasattr(tarfile, "data_filter") else {}
"""The judgement is made here, by the rules of PEP 706 for data: Python 3.11.2, which Debian 12 has, lacks it."""


def _why_not(member: tarfile.TarInfo, folder: Path) -> str:
    """Why a member is left out. What was unpacked before it counts: a path may lead through a link."""
    root = os.path.realpath(folder)
    at = os.path.join(root, member.name)
    real = os.path.realpath(at)
    if not _is_beneath(real, root):
        return "it would be written outside of the folder"
    if len(os.fsencode(real)) > _LONGEST:
        return "its path is too long"
    if member.issym() and os.path.isabs(member.linkname):
        return f"a link to {member.linkname}, which is absolute"
    if member.issym() or member.islnk():
        start = os.path.dirname(at) if member.issym() else root
        if not _is_beneath(os.path.realpath(os.path.join(start, member.linkname)), root):
            return f"a link to {member.linkname}, which leads outside of the folder"
    elif not (member.isreg() or member.isdir()):
        return "neither a file, a folder nor a link"
    return ""


_LONGEST = 3840
"""Of a path that is longer than the system takes (4096 bytes), `realpath` follows no links any more, while by a way of
short links one comes there: a link that lay there could lead anywhere, unseen. So nothing is put that far down.
"""


def _is_beneath(path: str, root: str) -> bool:
    return os.path.commonpath([path, root]) == root


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
