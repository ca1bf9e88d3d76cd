"""Reads a build context: what a build gets to see, and a digest of that.

Only the Dockerfile and the ignore file, which the user names, are followed where they are links.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.sources.confined import refuse_outside
from deployer.sources.context_files import read_files
from deployer.sources.dockerignore import IGNORE_FILE, Pattern, ignored, read_patterns
from deployer.sources.files import near_name, read_text, shown_path


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
class Dockerfile:
    """`name` is the user's for it, `inside` its path beneath the context, where it lies there; `ignore_file` the one
    that goes with it.
    """

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
    root, source = read_dockerfile(folder, dockerfile, inline, place)
    files = read_files(root, _patterns(root, source.ignore_file, place), place)
    name, additions = _additions(root, files, source)
    digest = _digest(files, source.text)
    return Context(root, files, name, source.name, source.text, additions, digest)


def read_dockerfile(
    folder: Path, dockerfile: str = "Dockerfile", inline: str | None = None, place: Place | None = None
) -> tuple[Path, Dockerfile]:
    """The folder of a context, links resolved, and its Dockerfile; of the context nothing else is read."""
    root = _root(folder, place)
    return root, _inline(inline) if inline is not None else _dockerfile(root, dockerfile, place)


def with_dockerfile(context: Context, text: str) -> Context:
    """The same context built from another Dockerfile, which no COPY sees; its own one stays as it is."""
    source = Dockerfile(context.dockerfile_name, text, inside=None, ignore_file=None)
    name, additions = _additions(context.folder, context.files, source)
    return replace(context, dockerfile=name, dockerfile_text=text, additions=additions)


def _root(folder: Path, place: Place | None) -> Path:
    shown = shown_path(folder)
    refuse_outside(folder, shown, place)
    if not os.path.exists(folder):
        message = f"the build context {shown} does not exist"
        raise InvalidStack(Diagnostic("context-missing", message, place=place, hint=near_name(folder)))
    if not os.path.isdir(folder):
        message = f"the build context {shown} is not a folder"
        raise InvalidStack(Diagnostic("context-missing", message, place=place, hint="name the folder that it lies in"))
    return folder.resolve()


def _inline(text: str) -> Dockerfile:
    return Dockerfile("inline Dockerfile", text, inside=None, ignore_file=None)


def _dockerfile(root: Path, name: str, place: Place | None) -> Dockerfile:
    path = root / name
    shown = shown_path(path)
    if not os.path.exists(path):
        message = f"the Dockerfile {shown} does not exist"
        raise InvalidStack(Diagnostic("dockerfile-missing", message, place=place, hint=near_name(path)))
    text = read_text(path, shown, place)
    real = path.resolve()
    inside = real.relative_to(root).as_posix() if real.is_relative_to(root) else None
    return Dockerfile(inside or name, text, inside, path.with_name(path.name + IGNORE_FILE))


def _patterns(root: Path, of_dockerfile: Path | None, place: Place | None) -> tuple[Pattern, ...]:
    """The patterns of `<Dockerfile>.dockerignore` beside the Dockerfile, else of `.dockerignore` in the context."""
    for path in (of_dockerfile, root / IGNORE_FILE):
        if path and os.path.exists(path):
            return read_patterns(read_text(path, shown_path(path), place), shown_path(path))
    return ()


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


def _additions(root: Path, files: Mapping[str, str], source: Dockerfile) -> tuple[str, dict[str, bytes]]:
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
