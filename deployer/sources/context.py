"""Reads a build context: what a build gets to see, and a digest of that.

Only the Dockerfile and the ignore file, which the user names, are followed where they are links.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deployer.errors import Diagnostic, InvalidStack, Place, raise_if_any
from deployer.sources.beneath import FILE_FLAGS, FOLDER_FLAGS, entries, link_target, open_beneath
from deployer.sources.dockerignore import Pattern, ignored, read_patterns
from deployer.sources.files import near_name, read_text, shown_path, special_kind

IGNORE_FILE = ".dockerignore"
FOLDER = "folder"
_CHUNK = 1024 * 1024
_Report = Callable[[str, str, str], None]


@dataclass(frozen=True, slots=True)
class Context:
    """A build context as it was read.

    `files` has each file, link and empty folder by its path, with a digest of its kind, exec bit and content or target.
    `dockerfile` is the Dockerfile's name in the tar, `dockerfile_name` the user's name for it. `additions` are what the
    tar has beside or instead of the files: a Dockerfile that is none of them, and what hides it from `COPY . .`.
    """

    folder: Path
    files: Mapping[str, str]
    dockerfile: str
    dockerfile_name: str
    dockerfile_text: str
    additions: Mapping[str, bytes]
    digest: str

    @property
    def inputs(self) -> dict[str, str]:
        """All that the digest covers, by the names that a user knows."""
        if self.dockerfile_name in self.files:
            return dict(self.files)
        return {**self.files, self.dockerfile_name: _text_digest(self.dockerfile_text)}


@dataclass(frozen=True, slots=True)
class _Dockerfile:
    """`inside` is its path beneath the context, where it lies there; `ignore_file` the one that goes with it."""

    name: str
    text: str
    inside: str | None
    ignore_file: Path | None


def read_context(
    folder: Path, dockerfile: str = "Dockerfile", inline: str | None = None, place: Place | None = None
) -> Context:
    """The context in a folder, without what its ignore file leaves out.

    `dockerfile` is relative to the folder and may lie outside of it; `inline` is its text instead. `place` is where the
    stack names this build. A folder that is itself a link is resolved first.
    """
    root = _root(folder, place)
    source = _inline(inline) if inline is not None else _dockerfile(root, dockerfile, place)
    files = _read_files(root, _patterns(root, source.ignore_file, place), place)
    name, additions = _additions(root, files, source)
    digest = _digest(files, source.text)
    return Context(root, files, name, source.name, source.text, additions, digest)


def file_digest(file: IO[bytes]) -> tuple[str, str]:
    """The kind (with its exec bit) and the digest of an open file's content."""
    content = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        content.update(chunk)
    return file_kind(os.fstat(file.fileno())), content.hexdigest()


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


def _root(folder: Path, place: Place | None) -> Path:
    shown = shown_path(folder)
    if not os.path.exists(folder):
        message = f"the build context {shown} does not exist"
        raise InvalidStack(Diagnostic("context-missing", message, place=place, hint=near_name(folder)))
    if not os.path.isdir(folder):
        message = f"the build context {shown} is not a folder"
        raise InvalidStack(Diagnostic("context-missing", message, place=place, hint="name the folder that it lies in"))
    return folder.resolve()


def _inline(text: str) -> _Dockerfile:
    return _Dockerfile("inline Dockerfile", text, inside=None, ignore_file=None)


def _dockerfile(root: Path, name: str, place: Place | None) -> _Dockerfile:
    path = root / name
    shown = shown_path(path)
    if not os.path.exists(path):
        message = f"the Dockerfile {shown} does not exist"
        raise InvalidStack(Diagnostic("dockerfile-missing", message, place=place, hint=near_name(path)))
    text = read_text(path, shown, place)
    real = path.resolve()
    inside = real.relative_to(root).as_posix() if real.is_relative_to(root) else None
    return _Dockerfile(inside or name, text, inside, path.with_name(path.name + IGNORE_FILE))


def _patterns(root: Path, of_dockerfile: Path | None, place: Place | None) -> tuple[Pattern, ...]:
    """The patterns of `<Dockerfile>.dockerignore` beside the Dockerfile, else of `.dockerignore` in the context."""
    for path in (of_dockerfile, root / IGNORE_FILE):
        if path and os.path.exists(path):
            return read_patterns(read_text(path, shown_path(path), place), shown_path(path))
    return ()


def _read_files(root: Path, patterns: tuple[Pattern, ...], place: Place | None) -> dict[str, str]:
    wrong: list[Diagnostic] = []

    def report(path: str, code: str, reason: str) -> None:
        hint = f"move it, or leave it out in {IGNORE_FILE}"
        wrong.append(Diagnostic(code, f"{shown_path(root / path)} {reason}", place=place, hint=hint))

    descriptor = os.open(root, FOLDER_FLAGS)
    try:
        found = dict(_walk(descriptor, patterns, report))
    finally:
        os.close(descriptor)
    raise_if_any(wrong, InvalidStack)
    implied = parents(found)
    return {path: found[path] for path in sorted(found) if path not in implied}


def _walk(root: int, patterns: tuple[Pattern, ...], report: _Report) -> Iterator[tuple[str, str]]:
    """Every path that is not left out, with its digest; a folder that is left out may hold some that are not."""
    verdict = ignored(patterns)
    waiting = [("", False)]
    while waiting:
        folder, left_out = waiting.pop()
        try:
            inside = entries(root, folder)
        except OSError as error:
            if not left_out:
                report(folder or ".", "context-unreadable", f"cannot be read: {error.strerror}")
            continue
        for path, status in inside:
            out = verdict.ignored(path)
            if stat.S_ISDIR(status.st_mode):
                if not (out and verdict.prunable(path)):
                    waiting.append((path, out))
                if not out:
                    yield path, FOLDER
            elif not out:
                yield from _judged(root, path, status, report)


def _judged(root: int, path: str, status: os.stat_result, report: _Report) -> Iterator[tuple[str, str]]:
    try:
        if stat.S_ISLNK(status.st_mode):
            yield path, link_digest(link_target(root, path))
        elif stat.S_ISREG(status.st_mode):
            with open(open_beneath(root, path, FILE_FLAGS), "rb") as file:
                yield path, ":".join(file_digest(file))
        else:
            kind = special_kind(status.st_mode)
            report(path, "context-special-file", f"is a {kind}, which no build context can hold")
    except OSError as error:
        report(path, "context-unreadable", f"cannot be read: {error.strerror}")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _text_digest(text: str) -> str:
    return "file:" + hashlib.sha256(_encoded(text)).hexdigest()


def _digest(files: Mapping[str, str], dockerfile: str) -> str:
    """One digest over all, the same in whatever order the files were found."""
    whole = hashlib.sha256(_text_digest(dockerfile).encode())
    for path in sorted(files, key=os.fsencode):
        whole.update(b"\0" + os.fsencode(path) + b"\0" + files[path].encode())
    return whole.hexdigest()


def _additions(root: Path, files: Mapping[str, str], source: _Dockerfile) -> tuple[str, dict[str, bytes]]:
    """The Dockerfile's name in the tar, and what the tar needs beyond the files for the build to see just these.

    The classic builder reads the Dockerfile and then takes it and `.dockerignore` out of the context, where the
    `.dockerignore` in the tar says so. One that hides itself is sent where none of the user's is in the way.
    """
    hidden = source.inside not in files
    name = source.inside if source.inside and not hidden else _free_name(files)
    additions = {name: _encoded(source.text)} if hidden else {}
    if IGNORE_FILE in files:
        path = root / IGNORE_FILE
        own = read_text(path, shown_path(path)) if os.path.exists(path) else ""
        corrections = _corrections(own, name, hidden)
        if corrections:
            additions[IGNORE_FILE] = "\n".join([own.rstrip("\n"), *corrections, ""]).encode()
    elif hidden:
        additions[IGNORE_FILE] = f"{IGNORE_FILE}\n{name}\n".encode()
    return name, additions


def _corrections(own: str, name: str, hidden: bool) -> list[str]:
    """What a `.dockerignore` that the build gets to see lacks, for it to stay and the Dockerfile to go or stay."""
    verdict = ignored(read_patterns(own, IGNORE_FILE))
    corrections: list[str] = []
    if verdict.ignored(name) != hidden:
        corrections.append(("" if hidden else "!") + re.sub(r"([*?\[\]\\])", r"\\\1", name))
    if verdict.ignored(IGNORE_FILE):
        corrections.append("!" + IGNORE_FILE)
    return corrections


def _free_name(files: Mapping[str, str]) -> str:
    taken = {path.partition("/")[0] for path in files}
    name, number = ".deployer.Dockerfile", 0
    while name in taken:
        number += 1
        name = f".deployer.{number}.Dockerfile"
    return name
