"""Where output goes: results to stdout, progress and diagnostics to stderr."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

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
            print(text, file=sys.stderr)

    def warn(self, diagnostics: Iterable[Diagnostic]) -> None:
        from deployer.render.diagnostics import as_text

        if shown := list(diagnostics):
            print(as_text(shown, color=self.error_color, severity="warning"), file=sys.stderr)


def fail(output: Output, error: DeployerError) -> None:
    """Show an expected failure; with --verbose, the trace too."""
    from deployer.render.diagnostics import as_text

    print(as_text(error.diagnostics, color=output.error_color), file=sys.stderr)
    if output.verbose:
        traceback.print_exception(error)
