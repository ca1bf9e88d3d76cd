"""`deployer rm`: containers that do not run any more go."""

from __future__ import annotations

from typing import Annotated

import typer

from deployer.cli.carry_out import Way, carry_out
from deployer.cli.patience import LockTimeout, TakeOver, patience
from deployer.cli.services import refuse_unknown, replicas_of
from deployer.cli.start import Services
from deployer.cli.state import state_of


def rm(
    context: typer.Context,
    services: Services = None,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Do not ask; needed where there is no terminal.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", "-s", help="Stop those that run, and remove them too.")] = False,
    volumes: Annotated[
        bool, typer.Option("--volumes", "-v", help="Remove their volumes without a name too, with all their data.")
    ] = False,
    lock_timeout: LockTimeout = "0s",
    take_over: TakeOver = False,
) -> None:
    """Remove the containers that do not run, also those that `deployer run` left.

    Volumes stay, but for the copies of its secrets that a container has. The next apply makes what is missing; what
    runs once would run again, and the plan that is shown says so. Here -f means --force; the stack file is named by
    --file.

    \b
    Example: deployer rm web
    Example: deployer rm --force --stop web
    """
    from deployer.plan.removing import Removal, plan_rm

    state = state_of(context)
    waits = patience(state.output, lock_timeout, take_over)
    project, engine = state.project(named=services or ()), state.engine()
    replicas = replicas_of(engine, project.stack.name)
    refuse_unknown(services or (), {*project.stack.services, *(each.service for each in replicas)})
    wish = Removal(tuple(services or ()), stop, volumes)
    way = Way(
        look=lambda holding: project.plan_there(
            engine, lambda wanted, observed: plan_rm(wanted, observed, wish), holding, take_over=take_over
        ),
        yes=force,
        patience=waits,
        command=" ".join(["rm", *(services or ())]),
        question="Remove these containers?",
        agreement="--force",
        asks_nothing_new=True,
    )
    outcome = carry_out(state.output, project, engine, way)
    raise typer.Exit(outcome.exit_code)
