"""What every room raises when something the user can mend is wrong: plain data, no printing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import IntEnum
from typing import ClassVar, Self


class Exit(IntEnum):
    """The exit codes of the command line; scripts rely on them."""

    DONE = 0
    FAILED = 1
    CHANGES = 2
    USAGE = 64
    INVALID = 65
    UNREACHABLE = 69
    BUG = 70
    BUSY = 75
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A point in a file: `line` and `column` count from 1; `excerpt` is the text of that line, for the caret.

    Of what has no lines, an option of the command line, they are 0. `behind` is where the variables in what is written
    there are set: lines of env files, and `$NAME of the shell`, which has none; `secret` are those of sensitive ones.
    """

    file: str
    line: int = 1
    column: int = 1
    excerpt: str = field(default="", compare=False, repr=False)
    behind: tuple[Place, ...] = field(default=(), compare=False, repr=False)
    secret: bool = field(default=False, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    @property
    def line_reference(self) -> str:
        """`file:line`, as the plan names the cause of a change."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something the user can mend. Only data: text, JSON and SARIF are made in `render`.

    `code` is stable: scripts and the manual refer to it. `address` names a resource where no file does.
    """

    code: str
    message: str
    place: Place | None = None
    hint: str = ""
    address: str = ""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.message}"


NOTHING_TOUCHED = "nothing was touched"
"""The note of what is refused before anything is done; of a command that only looks, it goes without saying."""


class DeployerError(Exception):
    """An expected failure: one or more diagnostics and the exit code that they mean.

    InvalidStack      65  the stack cannot be carried out as it is written
    WrongUsage        64  the command line is wrong
    Unreachable       69  the engine or a registry cannot be reached, or refuses
    OperationFailed    1  the engine refused an operation, or what was started did not work
    Busy              75  somebody else has the turn, or a plan no longer fits
    """

    exit_code: ClassVar[Exit] = Exit.FAILED
    warnings: tuple[Diagnostic, ...] = ()
    """What is to be said beside it: it may well be why."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        self.diagnostics = diagnostics
        super().__init__("\n".join(str(diagnostic) for diagnostic in diagnostics))

    def with_diagnostics(self, diagnostics: Iterable[Diagnostic]) -> Self:
        """The same failure, with whatever else is known of it, told otherwise; this one is its cause."""
        kind = type(self)
        told = kind.__new__(kind)
        told.__dict__.update(self.__dict__)
        DeployerError.__init__(told, *diagnostics)
        told.__cause__ = self
        return told


class InvalidStack(DeployerError):
    exit_code = Exit.INVALID


class WrongUsage(DeployerError):
    exit_code = Exit.USAGE


class Unreachable(DeployerError):
    exit_code = Exit.UNREACHABLE


class OperationFailed(DeployerError):
    exit_code = Exit.FAILED


class Busy(DeployerError):
    exit_code = Exit.BUSY


def did_you_mean(name: str, known: Collection[str], otherwise: str) -> str:
    """The hint for a name that nothing bears: the nearest known one, else all of them after `otherwise`."""
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"{otherwise}: {', '.join(sorted(known))}" if known else ""


def of_a_look(error: DeployerError) -> DeployerError:
    """The same, less the note that nothing was touched."""
    return error.with_diagnostics(
        replace(each, notes=tuple(note for note in each.notes if note != NOTHING_TOUCHED)) for each in error.diagnostics
    )


def raise_if_any(
    diagnostics: Iterable[Diagnostic], error: type[DeployerError] = InvalidStack, warnings: Iterable[Diagnostic] = ()
) -> None:
    """Raise `error` with all the diagnostics, in the order of their places, and the warnings, when there are any."""
    found = sorted(diagnostics, key=lambda diagnostic: (diagnostic.place is None, diagnostic.place or Place("")))
    if found:
        raised = error(*found)
        raised.warnings = tuple(warnings)
        raise raised
