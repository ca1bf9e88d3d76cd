"""`deployer start`, `stop`, `restart`, `kill`, `pause` and `unpause`: what is there runs or rests, and that is all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.carry_out import Shown, Way, carry_out
from deployer.cli.patience import LockTimeout, TakeOver, patience
from deployer.cli.services import Replica, refuse_unknown, replicas_of
from deployer.cli.state import state_of
from deployer.errors import Diagnostic, Exit, OperationFailed, WrongUsage

if TYPE_CHECKING:
    from deployer.plan.start_stop import Wish

Services = Annotated[
    list[str] | None, typer.Argument(metavar="SERVICE", help="Which services; all of the stack's unless given.")
]


def start(
    context: typer.Context, services: Services = None, lock_timeout: LockTimeout = "0s", take_over: TakeOver = False
) -> None:
    """Start the containers that are there and do not run.

    What a service depends on is started with it, and waited for as depends_on says. A service that has completed its
    work is started only where it is named: it would do it again. Nothing is made or changed: that is apply's work.

    \b
    Example: deployer start
    Example: deployer start web
    """
    from deployer.plan.model import Action
    from deployer.plan.start_stop import Wish

    wish = Wish(Action.START, tuple(services or ()))
    _act(context, wish, "start: all of it runs, or has completed its work", lock_timeout, take_over)


def stop(
    context: typer.Context,
    services: Services = None,
    timeout: Annotated[
        int | None,
        typer.Option(
            "--timeout", "-t", metavar="SECONDS", min=0, help="How long each has to stop; its own unless given."
        ),
    ] = None,
    lock_timeout: LockTimeout = "0s",
    take_over: TakeOver = False,
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

    _act(context, Wish(Action.STOP, tuple(services or ()), timeout), "stop: none of it runs", lock_timeout, take_over)


def restart(
    context: typer.Context, services: Services = None, lock_timeout: LockTimeout = "0s", take_over: TakeOver = False
) -> None:
    """Stop and start the containers that are there, in the order of their dependencies.

    Each is waited for before who depends on it is restarted. One that does not run is started. Nothing is made or
    changed: `deployer apply --replace SERVICE` makes a container anew.

    \b
    Example: deployer restart
    Example: deployer restart web
    """
    from deployer.plan.model import Action
    from deployer.plan.start_stop import Wish

    wish = Wish(Action.RESTART, tuple(services or ()))
    _act(context, wish, "restart: all of it has completed its work", lock_timeout, take_over)


def kill(
    context: typer.Context,
    services: Services = None,
    signal: Annotated[
        str, typer.Option("--signal", "-s", metavar="SIGNAL", help="What is sent: a name or a number.")
    ] = "SIGKILL",
    lock_timeout: LockTimeout = "0s",
    take_over: TakeOver = False,
) -> None:
    """Send a signal to the containers that run; SIGKILL ends them at once.

    One that was killed is drift, as one that was stopped: the plan shows it, and apply starts it again.

    \b
    Example: deployer kill web
    Example: deployer kill web --signal SIGHUP
    """
    from deployer.fields.parse import signal_name
    from deployer.plan.model import Action
    from deployer.plan.start_stop import Wish

    try:
        name = signal_name(signal)
    except ValueError:
        hint = "write it as SIGHUP, HUP or 1"
        raise WrongUsage(Diagnostic("usage", f"--signal: no signal is named {signal!r}", hint=hint)) from None
    wish = Wish(Action.KILL, tuple(services or ()), signal=name)
    _act(context, wish, "kill: none of it runs", lock_timeout, take_over)


def pause(
    context: typer.Context, services: Services = None, lock_timeout: LockTimeout = "0s", take_over: TakeOver = False
) -> None:
    """Freeze the containers that run: they keep their memory and do nothing until they are unpaused.

    A paused service is drift: the plan shows that it should run, and apply lets it go on, as unpause does.

    Example: deployer pause web
    """
    from deployer.plan.model import Action
    from deployer.plan.start_stop import Wish

    _act(context, Wish(Action.PAUSE, tuple(services or ())), "pause: none of it runs", lock_timeout, take_over)


def unpause(
    context: typer.Context, services: Services = None, lock_timeout: LockTimeout = "0s", take_over: TakeOver = False
) -> None:
    """Let the containers go on that are paused, and wait until they are ready.

    Example: deployer unpause web
    """
    from deployer.plan.model import Action
    from deployer.plan.start_stop import Wish

    _act(context, Wish(Action.UNPAUSE, tuple(services or ())), "unpause: none of it is paused", lock_timeout, take_over)


def _act(context: typer.Context, wish: Wish, nothing: str, lock_timeout: str, take_over: bool) -> None:
    from deployer.plan.start_stop import plan_start_stop

    state = state_of(context)
    waits = patience(state.output, lock_timeout, take_over)
    project, engine = state.project(named=wish.services), state.engine()
    replicas = replicas_of(engine, project.stack.name)
    refuse_unknown(wish.services, {*project.stack.services, *(each.service for each in replicas)})
    refuse_absent(wish.services, replicas)
    way = Way(
        look=lambda holding: project.plan_there(
            engine,
            lambda wanted, observed: plan_start_stop(wanted, observed, wish),
            holding,
            take_over=take_over,
        ),
        yes=True,
        patience=waits,
        command=" ".join([wish.action.value, *wish.services]),
        shown=Shown.NOT,
        asks_nothing_new=True,
    )
    outcome = carry_out(state.output, project, engine, way)
    if outcome.exit_code is Exit.DONE and not outcome.done:
        state.output.say(
            f"Nothing to {nothing}." if replicas else "The stack has no containers: deployer apply makes them."
        )
    raise typer.Exit(outcome.exit_code)


def refuse_absent(services: Collection[str], replicas: Sequence[Replica]) -> None:
    """Raise OperationFailed for each service that has no container."""
    absent = [name for name in services if name not in {each.service for each in replicas}]
    if absent:
        hint = "deployer apply makes it"
        raise OperationFailed(*(Diagnostic("no-container", f"{name} has no container", hint=hint) for name in absent))
