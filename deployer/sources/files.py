"""Finds and reads the text files that a stack is made of, and refuses at once what is none."""

from __future__ import annotations

import errno
import os
import stat
from difflib import get_close_matches
from pathlib import Path

from deployer.errors import Diagnostic, InvalidStack, Place, WrongUsage
from deployer.sources.confined import folder_in_bounds, open_in_bounds, refuse_outside
from deployer.sources.noted import note_file

STACK_FILES = (
    "stack.yaml",
    "stack.yml",
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
)
_STACK_OVERRIDES = ("stack.override.yaml", "stack.override.yml")
_COMPOSE_OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
OVERRIDES = (_STACK_OVERRIDES, _COMPOSE_OVERRIDES)
"""What goes over a `stack.yaml`, then what goes over a file of Compose's names: of each, the first that is there."""

LARGEST = 4 * 1024 * 1024


def override_files(path: Path) -> list[Path]:
    """The files beside a default one that go over it of themselves, by their names; the first of them is meant."""
    names = _STACK_OVERRIDES if path.name in ("stack.yaml", "stack.yml") else _COMPOSE_OVERRIDES
    return [path.parent / name for name in names if os.path.isfile(path.parent / name)]


def find_stack_file(folder: Path) -> Path:
    """The first of the default stack files in this folder, else in the nearest parent that has one."""
    here = Path(os.path.abspath(folder))
    for place in (here, *here.parents):
        for name in STACK_FILES:
            if os.path.isfile(place / name):
                return place / name
    others = sorted(name for name in _names(here) if name.endswith((".yaml", ".yml")))
    hint = (
        f"name the file: {', '.join(others[:5])}, or `deployer init` makes one"
        if others
        else "`deployer init` makes one"
    )
    message = f"no stack file: neither {', '.join(STACK_FILES[:-1])} nor {STACK_FILES[-1]} in {here} or a parent"
    raise WrongUsage(Diagnostic("no-stack-file", message, hint=hint))


def shown_path(path: Path) -> str:
    """How a file is named to the user: relative to the current folder when beneath it, else absolute. While the reading
    is kept within a folder, relative to that: nobody knows where a copy of a repository lies.
    """
    absolute, bounds = Path(os.path.abspath(path)), folder_in_bounds()
    if bounds and absolute.is_relative_to(bounds):
        return printable(str(absolute.relative_to(bounds)))
    try:
        here = Path.cwd()
    except FileNotFoundError:
        return printable(str(absolute))
    return printable(str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute))


def printable(name: str) -> str:
    """A file's name as it can be printed: what of it is no UTF-8 becomes escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


def is_missing(path: str) -> bool:
    """Whether there is nothing, surely; a link is followed, as the engine does."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def read_text(path: Path, shown: str, place: Place | None = None) -> str:
    """The text of a stack or env file, without its byte order mark.

    `shown` names it in diagnostics, `place` is where the stack names it. Never waits: a named pipe or a device is
    refused before it is opened. Messages hold nothing of the content, which may be secret.
    """
    return text_of(read_bytes(path, shown, place), shown, place)


def text_of(data: bytes, shown: str, place: Place | None = None) -> str:
    """The text that a file holds, refused where it is none."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refused("file-not-utf8", f"{shown} is UTF-16, not UTF-8", "save it as UTF-8", place)
    if b"\0" in data:
        raise _refused("file-binary", f"{shown} is binary, not text", "name a text file", place)
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise _not_utf8(data, error.start, shown) from None


def near_name(path: Path) -> str:
    """A hint with the name in the file's folder that is nearest to the one that is missing, or an empty text. To have
    the same ending is not enough: half of the files may have that.
    """
    alike = [name for name in _names(path.parent) if get_close_matches(path.stem, [Path(name).stem], cutoff=0.6)]
    near = get_close_matches(path.name, alike, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def read_bytes(path: Path, shown: str, place: Place | None) -> bytes:
    """What a file holds, of 4 MiB at most. Never waits, and no message holds anything of it."""
    real = refuse_outside(path, shown, place)
    try:
        _refuse_other_kinds(os.stat(path), shown, place)
        # Between the look and the opening the file may become a pipe, whose opening would wait for a writer.
        descriptor = open_in_bounds(path, real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with open(descriptor, "rb") as file:
            _refuse_other_kinds(os.fstat(descriptor), shown, place)
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, shown, place, error) from None
    if len(data) > LARGEST:
        raise _huge(shown, place)
    note_file(path, data)
    return data


def _refuse_other_kinds(status: os.stat_result, shown: str, place: Place | None) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise _refused("file-is-folder", f"{shown} is a folder, not a file", "name a file in it", place)
    if not stat.S_ISREG(status.st_mode):
        message = f"{shown} is not a regular file but a {special_kind(status.st_mode)}"
        raise _refused("file-special", message, "write it to a file and name that", place)
    if status.st_size > LARGEST:
        raise _huge(shown, place)


def special_kind(mode: int) -> str:
    """What a file that is neither regular nor a folder nor a link is, in words."""
    kinds = {stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
    return kinds.get(stat.S_IFMT(mode), "special file")


def _huge(shown: str, place: Place | None) -> InvalidStack:
    message = f"{shown} is huge: more than {LARGEST // 1024 // 1024} MiB"
    return _refused("file-huge", message, "is it the right file? Data belongs into volumes or configs", place)


def _unreadable(path: Path, shown: str, place: Place | None, error: OSError | ValueError) -> InvalidStack:
    if isinstance(error, OSError) and error.errno in (errno.ENOENT, errno.ENOTDIR):
        return _refused("file-missing", f"{shown} does not exist", near_name(path), place)
    if isinstance(error, PermissionError):
        hint = "make it readable for the user who runs this"
        return _refused("file-unreadable", f"{shown} may not be read: permission denied", hint, place)
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return _refused("file-unreadable", f"{shown} cannot be read: {reason}", "", place)


def _not_utf8(data: bytes, offset: int, shown: str) -> InvalidStack:
    before = data[:offset].removeprefix(b"\xef\xbb\xbf")
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
    message = f"not UTF-8: the byte 0x{data[offset]:02x} is no character"
    return _refused("file-not-utf8", message, "save it as UTF-8", Place(shown, line, column))


def _refused(code: str, message: str, hint: str, place: Place | None) -> InvalidStack:
    return InvalidStack(Diagnostic(code, message, place=place, hint=hint))
