"""Where output goes: results to stdout, progress and diagnostics to stderr."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TextIO, cast

from deployer.errors import DeployerError, Diagnostic


class Format(StrEnum):
    """The forms that most results come in."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Output:
    """How the user wants to be talked to."""

    no_color: bool = False
    quiet: bool = False
    verbose: bool = False

    @property
    def color(self) -> bool:
        return self._colored(sys.stdout.isatty())

    @property
    def error_color(self) -> bool:
        return self._colored(sys.stderr.isatty())

    def _colored(self, terminal: bool) -> bool:
        return terminal and not self.no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def result(self, text: str) -> None:
        print(text)

    def say(self, text: str) -> None:
        """Something for a person, that no program needs."""
        if not self.quiet:
            self.insist(text)

    def insist(self, text: str) -> None:
        """The same where even who wants it quiet has to know."""
        print(text, file=sys.stderr)

    def warn(self, diagnostics: Iterable[Diagnostic]) -> None:
        from deployer.render.diagnostics import as_text

        if shown := list(diagnostics):
            print(as_text(shown, color=self.error_color, severity="warning"), file=sys.stderr)


def fail(output: Output, error: DeployerError) -> None:
    """Show an expected failure; with --verbose, the trace too."""
    from deployer.render.diagnostics import as_text

    output.warn(error.warnings)
    print(as_text(error.diagnostics, color=output.error_color), file=sys.stderr)
    if output.verbose:
        traceback.print_exception(error)


@contextmanager
def outliving_its_readers() -> Iterator[None]:
    """What is written to a terminal or a pipe that is gone is dropped: the work that is under way goes on."""
    before = sys.stdout, sys.stderr
    ours = [cast("TextIO", _Outliving(stream)) for stream in before]
    sys.stdout, sys.stderr = ours
    try:
        yield
    finally:
        for each in ours:
            each.flush()
        sys.stdout, sys.stderr = before


class _Outliving:
    """A stream like the one that it writes to, which may break."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            self._give_up()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        """From now on all goes nowhere, what is still in buffers too: the interpreter flushes those at its end."""
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
