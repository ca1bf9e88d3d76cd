"""What is read from outside, noted where it is read: whoever asks what a plan was made from cannot miss a source.

    with noting() as seen:
        stack, _ = load_stack(choices)
    seen.files, seen.variables ...

Only digests are kept, and they are not salted: what is to go anywhere is salted first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

UNSET = "unset"
"""What stands for a variable that is not set."""

WHOLE = "all of it"
"""The name of a build's digest over all that goes into it, how its files may be used included."""


@dataclass(slots=True)
class Seen:
    """Digests by absolute path, by the name of a variable, and by what goes into a build: `build.web: context/a.py`."""

    files: dict[str, str] = field(default_factory=dict[str, str])
    variables: dict[str, str] = field(default_factory=dict[str, str])
    inputs: dict[str, str] = field(default_factory=dict[str, str])


_seen: ContextVar[Seen | None] = ContextVar("seen", default=None)


@contextmanager
def noting(seen: Seen | None = None) -> Iterator[Seen]:
    """What is read while the context is open, in this thread, is noted, beside what was `seen` before."""
    seen = Seen() if seen is None else Seen(dict(seen.files), dict(seen.variables), dict(seen.inputs))
    token = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(token)


def note_file(path: Path, data: bytes) -> None:
    if seen := _seen.get():
        seen.files[str(path.absolute())] = hashlib.sha256(data).hexdigest()


def note_inputs(build: str, inputs: Mapping[str, str]) -> None:
    """What goes into a build, by what a user calls it, as the build's sources have digested it."""
    if seen := _seen.get():
        seen.inputs |= {f"{build}: {name}": digest for name, digest in inputs.items()}


class NotedEnvironment(Mapping[str, str]):
    """Variables, each noted when it is asked for."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> str:
        value = self._variables.get(name)
        if seen := _seen.get():
            data = None if value is None else value.encode("utf-8", "surrogateescape")
            seen.variables[name] = UNSET if data is None else hashlib.sha256(data).hexdigest()
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __repr__(self) -> str:
        return f"NotedEnvironment({len(self._variables)} variables, not shown)"
