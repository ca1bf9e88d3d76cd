"""What the programs in the model's containers do: the command says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """`ends` is the exit code with which it ends by itself, None of one that goes on; `stopped` the one with which it
    ends when it is asked to. One that is not `well` fails its health checks.
    """

    ends: int | None = None
    stopped: int = 143
    well: bool = True


PROGRAMS = {
    "serve": Program(),
    "serve-politely": Program(stopped=0),
    "serve-stubbornly": Program(stopped=137),
    "work": Program(ends=0),
    "fail": Program(ends=1),
    "ail": Program(well=False),
}


def program_of(command: Sequence[str] | None) -> Program:
    """One whose command the model does not know serves."""
    return PROGRAMS.get(command[0] if command else "", PROGRAMS["serve"])
