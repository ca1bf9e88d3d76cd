"""`deployer build`, `push` and `pull`: only that part of what an apply would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from deployer.cli.apply import Parallel, Timeout
from deployer.cli.carry_out import Way, carry_out
from deployer.cli.patience import LockTimeout, TakeOver, patience, seconds
from deployer.cli.state import Files, state_of

if TYPE_CHECKING:
    from deployer.plan.parts import Part


def build(
    context: typer.Context,
    files: Files = None,
    parallel: Parallel = 8,
    timeout: Timeout = "30m",
    lock_timeout: LockTimeout = "0s",
    take_over: TakeOver = False,
) -> None:
    """Build the images that are not built yet from what their folders hold now, and nothing else.

    Base images that are not on the engine are pulled first. What runs goes on running: apply replaces it.

    Example: deployer build stack.yaml
    """
    from deployer.plan.parts import Part

    _do(context, files, Part.BUILD, parallel, timeout, lock_timeout, take_over)


def push(
    context: typer.Context,
    files: Files = None,
    parallel: Parallel = 8,
    timeout: Timeout = "30m",
    lock_timeout: LockTimeout = "0s",
    take_over: TakeOver = False,
) -> None:
    """Push the builds to the registries that they name, where these do not have them as they are here.

    What is not built yet is built first. A registry that is a service of the stack must run.

    Example: deployer push stack.yaml
    """
    from deployer.plan.parts import Part

    _do(context, files, Part.PUSH, parallel, timeout, lock_timeout, take_over)


def pull(
    context: typer.Context,
    files: Files = None,
    parallel: Parallel = 8,
    timeout: Timeout = "30m",
    lock_timeout: LockTimeout = "0s",
    take_over: TakeOver = False,
) -> None:
    """Pull the images of the services that are not on the engine, by their mirrors where they have some.

    With `pull: always`, those too whose registry has another one now. What runs goes on running: apply replaces it.

    Example: deployer pull stack.yaml
    """
    from deployer.plan.parts import Part

    _do(context, files, Part.PULL, parallel, timeout, lock_timeout, take_over)


def _do(
    context: typer.Context,
    files: list[str] | None,
    part: Part,
    parallel: int,
    timeout: str,
    lock_timeout: str,
    take_over: bool,
) -> None:
    """What was typed says what is to be done: it is shown, and not asked for."""
    state = state_of(context)
    project = state.project(files)
    engine = state.engine(project)
    way = Way(
        lambda holding: project.plan_part(engine, part, holding, take_over=take_over),
        yes=True,
        command=part.value,
        parallel=parallel,
        seconds=seconds("--timeout", timeout),
        patience=patience(state.output, lock_timeout, take_over),
        asks_nothing_new=True,
    )
    raise typer.Exit(carry_out(state.output, project, engine, way).exit_code)
