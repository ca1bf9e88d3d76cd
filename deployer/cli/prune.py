"""`deployer prune`: old images of the stack's own builds, and nothing else."""

from __future__ import annotations

from typing import Annotated

import typer

from deployer.cli.apply import KeepBuilds, Yes
from deployer.cli.carry_out import Way, carry_out
from deployer.cli.output import Format
from deployer.cli.patience import LockTimeout, TakeOver, patience
from deployer.cli.state import Files, state_of


def prune(
    context: typer.Context,
    files: Files = None,
    yes: Yes = False,
    keep_builds: KeepBuilds = None,
    lock_timeout: LockTimeout = "0s",
    take_over: TakeOver = False,
    format: Annotated[Format, typer.Option(help="text, or json: an event a line.")] = Format.TEXT,
) -> None:
    """Remove the old images of the stack's builds that no container uses.

    Of each build the newest stay, and of one that the stack no longer has, none; but for what a revision ran that is
    kept. Only the stack's own tags are removed: what has another name too, or was pulled, stays. An apply that changes
    something does the same at its end.

    \b
    Example: deployer prune
    Example: deployer prune --keep-builds 1 --yes
    """
    state = state_of(context)
    project, engine = state.project(files), state.engine()
    way = Way(
        lambda holding: project.plan_prune(engine, keep_builds, holding, take_over=take_over),
        yes,
        patience(state.output, lock_timeout, take_over),
        "prune",
        format=format,
        asks_nothing_new=True,
    )
    raise typer.Exit(carry_out(state.output, project, engine, way).exit_code)
