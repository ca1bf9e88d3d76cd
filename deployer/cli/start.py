"""`deployer start`, `stop` and `restart`: what is there is started and stopped, and nothing else of it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.carry_out import Way, carry_out
from deployer.cli.output import Format
from deployer.cli.services import Replica, refuse_unknown, replicas_of
from deployer.cli.state import state_of
from deployer.errors import Diagnostic, Exit, OperationFailed

if TYPE_CHECKING:
    from deployer.plan.start_stop import Wish

Services = Annotated[
    list[str] | None, typer.Argument(metavar="SERVICE", help="Which services; all of the stack's unless given.")
]

_AT_ONCE = 8
_LONGEST = 1800.0


def start(context: typer.Context, services: Services = None) -> None:
    """Start the containers that are there and do not run.

    What a service depends on is started with it, and waited for as depends_on says. A service that has completed its
    work is started only where it is named: it would do it again. Nothing is made or changed: that is apply's work.

    \b
    Example: deployer start
    Example: deployer start web
    """
    from deployer.plan.model import Action
    from deployer.plan.start_stop import Wish

    _act(context, Wish(Action.START, tuple(services or ())), "start: all of it runs, or has completed its work")


def stop(
    context: typer.Context,
    services: Services = None,
    timeout: Annotated[
        int | None,
        typer.Option(
            "--timeout", "-t", metavar="SECONDS", min=0, help="How long each has to stop; its own unless given."
        ),
    ] = None,
) -> None:
    """Stop the containers that run, and keep them.

    Who depends on a service is stopped before it. A stopped service is drift: the plan shows that it should run, and
    apply starts it, as start does. One with `restart: always` comes back when the engine restarts.

    \b
    Example: deployer stop
    Example: deployer stop web --timeout 2
    """
    from deployer.plan.model import Action
    from deployer.plan.start_stop import Wish

    _act(context, Wish(Action.STOP, tuple(services or ()), timeout), "stop: none of it runs")


def restart(context: typer.Context, services: Services = None) -> None:
    """Stop and start the containers that are there, in the order of their dependencies.

    Each is waited for before who depends on it is restarted. One that does not run is started. Nothing is made or
    changed: `deployer apply --replace SERVICE` makes a container anew.

    \b
    Example: deployer restart
    Example: deployer restart web
    """
    from deployer.plan.model import Action
    from deployer.plan.start_stop import Wish

    _act(context, Wish(Action.RESTART, tuple(services or ())), "restart: all of it has completed its work")


def _act(context: typer.Context, wish: Wish, nothing: str) -> None:
    from deployer.reconcile.turn import AT_ONCE

    state = state_of(context)
    project, engine = state.project(), state.engine()
    replicas = replicas_of(engine, project.stack.name)
    refuse_unknown(wish.services, {*project.stack.services, *(each.service for each in replicas)})
    _refuse_absent(wish, replicas)
    way = Way(
        look=lambda holding: project.plan_start_stop(engine, wish, holding),
        yes=True,
        parallel=_AT_ONCE,
        seconds=_LONGEST,
        format=Format.TEXT,
        patience=AT_ONCE,
        shown=False,
    )
    outcome = carry_out(state.output, project, engine, way)
    if outcome.exit_code is Exit.DONE and not outcome.done:
        state.output.say(
            f"Nothing to {nothing}." if replicas else "The stack has no containers: deployer apply makes them."
        )
    raise typer.Exit(outcome.exit_code)


def _refuse_absent(wish: Wish, replicas: list[Replica]) -> None:
    absent = [name for name in wish.services if name not in {each.service for each in replicas}]
    if absent:
        hint = "deployer apply makes it"
        raise OperationFailed(*(Diagnostic("no-container", f"{name} has no container", hint=hint) for name in absent))
