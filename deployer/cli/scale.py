"""`deployer scale`: so many containers of a service now, whatever the file says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.carry_out import Shown, Way, carry_out
from deployer.cli.patience import LockTimeout, TakeOver, patience
from deployer.cli.services import refuse_unknown
from deployer.cli.state import state_of
from deployer.errors import Diagnostic, Exit, WrongUsage

if TYPE_CHECKING:
    from deployer.stack.model import Stack


def scale(
    context: typer.Context,
    numbers: Annotated[list[str], typer.Argument(metavar="SERVICE=N...", help="How many containers of which service.")],
    lock_timeout: LockTimeout = "0s",
    take_over: TakeOver = False,
) -> None:
    """Make a service have so many containers now, and change nothing else.

    New ones are made as the file says, and those that are there and do not run are started. One that differs from the
    file otherwise stays as it is, and that is said. The file is not changed: the next plan shows, and the next apply
    makes, the number that it says.

    \b
    Example: deployer scale web=3
    Example: deployer scale web=3 worker=0
    """
    from deployer.plan.planner import Options

    state = state_of(context)
    wanted = _numbers(numbers)
    project = state.project(named=wanted)
    engine = state.engine(project)
    refuse_unknown(wanted, project.stack.services)
    scaled = project.scaled(wanted)
    options = Options(only=frozenset(wanted), alone=True, count=True, take_over=take_over)
    way = Way(
        look=lambda holding: scaled.plan(engine, options, holding),
        yes=True,
        patience=patience(state.output, lock_timeout, take_over),
        command=f"scale {' '.join(numbers)}",
        shown=Shown.NOT,
        asks_nothing_new=True,
    )
    outcome = carry_out(state.output, scaled, engine, way)
    if outcome.exit_code is Exit.DONE:
        if not outcome.done:
            state.output.say("Nothing to scale: it has so many.")
        for told in disagreements(project.stack, wanted):
            state.output.say(told)
    raise typer.Exit(outcome.exit_code)


def _numbers(given: Sequence[str]) -> dict[str, int]:
    from deployer.fields.parse import replicas

    found: dict[str, int] = {}
    for each in given:
        name, _, number = each.partition("=")
        if not name or not number.isdecimal():
            hint = "write it as SERVICE=N: web=3"
            raise WrongUsage(Diagnostic("usage", f"{each!r} is no service with a number", hint=hint))
        try:
            found[name] = replicas(number)
        except ValueError as error:
            raise WrongUsage(Diagnostic("usage", f"{each!r}: {error}")) from None
    return found


def disagreements(stack: Stack, wanted: Mapping[str, int]) -> list[str]:
    """Where the file says another number, and what becomes of that."""
    told: list[str] = []
    for name, number in wanted.items():
        service = stack.services[name]
        if service.replicas != number:
            path = ("services", name, *(service.counted or "deploy.replicas").split("."))
            if stack.places.has(*path):
                says = f"{stack.place(*path).line_reference} says {service.replicas}"
            else:
                says = f"{stack.places.key('services', name).line_reference} asks for {service.replicas}"
            told.append(f"{says} of {name}: the next apply goes back to that.")
    return told
