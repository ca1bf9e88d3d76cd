"""Keeps the reading of a stack's files within one folder: for a stack that somebody else has written.

    with confined(checkout):
        stack, _ = load_stack(choices)

What leads out of it is refused before it is opened, links followed.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.sources.beneath import FOLDER_FLAGS, open_beneath


@dataclass(frozen=True, slots=True)
class _Bounds:
    root: Path
    named: Path
    besides: frozenset[Path]


_bounds: ContextVar[_Bounds | None] = ContextVar("bounds", default=None)


@contextmanager
def confined(root: Path, besides: Collection[Path] = ()) -> Iterator[None]:
    """While the context is open, in this thread, nothing is read that lies outside of a folder, but for these files."""
    files = frozenset(map(Path, map(os.path.realpath, besides)))
    token = _bounds.set(_Bounds(Path(os.path.realpath(root)), Path(os.path.abspath(root)), files))
    try:
        yield
    finally:
        _bounds.reset(token)


def folder_in_bounds() -> Path | None:
    """The folder that the reading is kept within, as it was named; None where it is not."""
    bounds = _bounds.get()
    return bounds.named if bounds else None


def refuse_outside(path: Path | str, shown: str, place: Place | None) -> Path | None:
    """Raises InvalidStack for a file or folder that must not be read; `shown` is what it is called.

    Gives where it really is beneath the folder; None for one besides, and where the reading is not kept within any.
    """
    bounds = _bounds.get()
    if bounds is None:
        return None
    real = Path(os.path.realpath(path))
    if real.is_relative_to(bounds.root):
        return real
    if real in bounds.besides:
        return None
    hint = "put it into the repository; what is secret, into a variable of who runs this: environment: NAME"
    message = f"{shown} lies outside of the repository, and nothing there is read"
    raise InvalidStack(Diagnostic("outside-repository", message, place, hint))


def open_in_bounds(path: Path | str, real: Path | None, flags: int) -> int:
    """Open a file that was not refused. A container may write to a mounted folder of the repository: a link that took
    the place of something on the way since then is not followed.
    """
    bounds = _bounds.get()
    if bounds is None or real is None:
        return os.open(path, flags)
    root = os.open(bounds.root, FOLDER_FLAGS)
    try:
        return open_beneath(root, real.relative_to(bounds.root).as_posix(), flags | os.O_NOFOLLOW)
    except OSError as error:  # it names but a part of the path
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    finally:
        os.close(root)
