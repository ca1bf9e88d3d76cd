"""`deployer cp` and `deployer export`: files into containers, and out of them."""

from __future__ import annotations

import os
import posixpath
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.exec import Index, Service
from deployer.cli.output import Output
from deployer.cli.services import one_of, replicas_of
from deployer.cli.state import State, state_of
from deployer.cli.whole_file import written_whole
from deployer.errors import Diagnostic, OperationFailed, WrongUsage

if TYPE_CHECKING:
    from deployer.reconcile.protocol import Engine

_CHUNK = 1 << 20
_IS_FOLDER, _IS_LINK = 1 << 31, 1 << 27
"""Of the mode that the engine tells: Go's os.ModeDir and os.ModeSymlink."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a path, here or in a container: nothing, a file or a folder."""

    path: str
    exists: bool
    is_folder: bool = False


def cp(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SRC", help="SERVICE:PATH, a path here, or - for a tar on stdin.")],
    dest: Annotated[str, typer.Argument(metavar="DEST", help="A path here, SERVICE:PATH, or - for a tar on stdout.")],
    index: Index = None,
    follow_link: Annotated[
        bool, typer.Option("--follow-link", "-L", help="Copy what SRC leads to, where it is a link.")
    ] = False,
) -> None:
    """Copy files or folders into a service's container, or out of it; it need not run.

    As docker cp has it: into a folder that is there; else under the name of DEST, whose folder must be there. SRC/. is
    what is in a folder, not the folder itself. Files in the container are root's. Copied out, they are yours; links
    that lead out of what is copied, and devices, are left out and named.

    \b
    Example: deployer cp web:/var/log/app.log .
    Example: deployer cp ./conf/. web:/etc/app
    """
    state = state_of(context)
    if _service_of(source) and not _service_of(dest):
        engine, container, path = _remote(state, source, index)
        if dest == "-":
            _write_binary(engine.get_archive(container, path), "give a file or a folder as DEST")
        else:
            _copy_out(state.output, engine, container, path, dest, follow_link=follow_link)
    elif _service_of(dest) and not _service_of(source):
        engine, container, path = _remote(state, dest, index)
        if source == "-":
            _unpack_there(engine, container, path)
        else:
            _copy_in(engine, container, source, path, follow_link=follow_link)
    else:
        hint = "SERVICE:PATH is in a container; a path here with a colon in it begins with ./"
        raise WrongUsage(Diagnostic("usage", "one of SRC and DEST is in a container, and one is not", hint=hint))


def _service_of(argument: str) -> str:
    """The service of `SERVICE:PATH`; "" of a path here."""
    name, colon, _ = argument.partition(":")
    return name if colon and "/" not in name and not name.startswith(".") else ""


def _remote(state: State, argument: str, index: int | None) -> tuple[Engine, str, str]:
    service, _, path = argument.partition(":")
    stack, engine = state.project().stack, state.engine()
    replica = one_of(replicas_of(engine, stack.name), stack.services, service, index, running=False)
    return engine, replica.id, f"/{path.lstrip('/')}"


def _copy_out(output: Output, engine: Engine, container: str, path: str, dest: str, *, follow_link: bool) -> None:
    from deployer.sources.tree_tar import unpack

    source = _there(engine, container, path, follow=follow_link)
    if source.path == "/":
        hint = "deployer export makes a tar of all files"
        raise WrongUsage(Diagnostic("usage", "cp does not copy a whole file system", hint=hint))
    name = posixpath.basename(posixpath.normpath(path))
    folder, name = placed(source, name, _is_contents(path), _here(dest), dest)
    done = unpack(engine.get_archive(container, source.path), Path(folder), name)
    for each in done.left_out:
        output.say(f"left out: {each}")


def _copy_in(engine: Engine, container: str, given: str, path: str, *, follow_link: bool) -> None:
    from tempfile import TemporaryFile

    from deployer.sources.tree_tar import pack

    source = _here(given)
    if not (source.exists or Path(given).is_symlink()):
        raise OperationFailed(Diagnostic("copy-failed", f"there is no file or folder {given}"))
    dest = _there(engine, container, path, follow=True, must=False)
    folder, name = placed(source, Path(given).absolute().name, _is_contents(given), dest, path)
    parent = _there(engine, container, folder, follow=True)
    with TemporaryFile() as tar:
        pack(Path(given).resolve() if follow_link else Path(os.path.normpath(given)), name, tar)
        tar.seek(0)
        engine.put_archive(container, parent.path, tar)


def placed(source: Found, name: str, contents: bool, dest: Found, written: str) -> tuple[str, str]:
    """The folder that a copy goes to, and its name there; "" for what is in the source, without the folder itself.
    `name` is the source's own. Raises OperationFailed.
    """
    if dest.is_folder:
        return dest.path, "" if contents and source.is_folder else name
    if dest.exists and source.is_folder:
        raise OperationFailed(Diagnostic("copy-failed", f"{written} is a file, and a folder cannot take its place"))
    if not source.is_folder and written.endswith(("/", "/.")):
        raise OperationFailed(Diagnostic("copy-failed", f"there is no folder {written}", hint="make it first"))
    path = posixpath.normpath(dest.path)
    return posixpath.dirname(path) or ".", posixpath.basename(path)


def _is_contents(path: str) -> bool:
    """Whether what is in the folder is meant, and not the folder itself."""
    return posixpath.basename(path) == "."


def _here(path: str) -> Found:
    """Of this machine; a link counts as what it leads to."""
    found = Path(path)
    real = str(found.resolve()) if found.exists() else path
    if not found.exists() and not found.absolute().parent.is_dir():
        hint = f"make its folder first: mkdir -p {found.parent}"
        raise OperationFailed(Diagnostic("copy-failed", f"there is no folder for {path}", hint=hint))
    return Found(real, found.exists(), found.is_dir())


def _there(engine: Engine, container: str, path: str, *, follow: bool, must: bool = True) -> Found:
    """Of a container; what `must` be there and is not raises OperationFailed."""
    clean = posixpath.normpath(path)
    stat = engine.path_stat(container, clean)
    if stat and stat["mode"] & _IS_LINK and follow:
        clean = posixpath.normpath(posixpath.join(posixpath.dirname(clean), stat["linkTarget"]))
        stat = engine.path_stat(container, clean)
    if stat is None and must:
        raise OperationFailed(Diagnostic("copy-failed", f"there is nothing at {path} in the container"))
    return Found(clean, stat is not None, bool(stat and stat["mode"] & _IS_FOLDER))


def _unpack_there(engine: Engine, container: str, path: str) -> None:
    """The tar as it is, in a folder that must be there."""
    if sys.stdin.isatty():
        raise WrongUsage(Diagnostic("usage", "a tar is read from stdin, which is a terminal", hint="pipe one into it"))
    found = _there(engine, container, path, follow=True)
    if not found.is_folder:
        raise OperationFailed(Diagnostic("copy-failed", f"{path} is no folder, and a tar is unpacked in one"))
    engine.put_archive(container, found.path, _chunks())


def _chunks() -> Iterator[bytes]:
    while chunk := os.read(0, _CHUNK):
        yield chunk


def export(
    context: typer.Context,
    service: Service,
    index: Index = None,
    to: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The tar; compressed where it ends in .gz.")
    ] = "",
) -> None:
    """Write all files of a service's container as a tar; it need not run. What is in volumes is not among them.

    \b
    Example: deployer export web --output web.tar
    Example: deployer export web | tar -t
    """
    state = state_of(context)
    stack, engine = state.project().stack, state.engine()
    replica = one_of(replicas_of(engine, stack.name), stack.services, service, index, running=False)
    if to:
        with written_whole(Path(to)) as write:
            for chunk in engine.export(replica.id):
                write(chunk)
    else:
        _write_binary(engine.export(replica.id), "name a file: --output FILE")


def _write_binary(chunks: Iterable[bytes], hint: str) -> None:
    """Past Python's buffers; never to a terminal."""
    if sys.stdout.isatty():
        raise WrongUsage(Diagnostic("usage", "a tar is not for a terminal", hint=hint))
    for chunk in chunks:
        while chunk:
            chunk = chunk[os.write(1, chunk) :]
