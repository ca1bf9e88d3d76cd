"""The options of every command that takes the turn: how long it waits for another one at work, or takes over."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.output import Output
from deployer.errors import Diagnostic, WrongUsage

if TYPE_CHECKING:
    from deployer.reconcile.turn import Patience

LockTimeout = Annotated[
    str, typer.Option("--lock-timeout", metavar="DURATION", help="How long to wait for another apply at work.")
]
TakeOver = Annotated[
    bool, typer.Option("--take-over", help="Take the turn from whoever has it: for one that you know to be dead.")
]
WaitTimeout = Annotated[
    str | None,
    typer.Option(
        "--wait-timeout",
        metavar="DURATION",
        help="How long one container may take to be ready; as long as all of it unless given.",
    ),
]


def patience(output: Output, lock_timeout: str, take_over: bool) -> Patience:
    from deployer.reconcile.turn import Patience
    from deployer.render.harmless import harmless

    return Patience(
        until=time.monotonic() + seconds("--lock-timeout", lock_timeout),
        take_over=take_over,
        waiting=lambda record: output.say(
            f"Waiting for another apply: {harmless(str(record.holder))}, revision {record.revision}"
        ),
    )


def longest(wait_timeout: str | None) -> float:
    """The seconds that one wait may take. Raises WrongUsage."""
    return math.inf if wait_timeout is None else seconds("--wait-timeout", wait_timeout)


def seconds(option: str, written: str) -> float:
    """The seconds of a duration. Raises WrongUsage."""
    from deployer.fields.parse import SECOND, duration

    try:
        return duration(written) / SECOND
    except ValueError:
        raise WrongUsage(
            Diagnostic("usage", f"{option}: {written!r} is no duration", hint="write it as 90s, 5m or 1h30m")
        ) from None
