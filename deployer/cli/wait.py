"""`deployer wait`: until containers have stopped, and with what code."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.services import Replica, refuse_unknown, replicas_of
from deployer.cli.start import refuse_absent
from deployer.cli.state import state_of
from deployer.errors import DeployerError, Exit

if TYPE_CHECKING:
    from deployer.reconcile.protocol import Engine

Ended = tuple[Replica, int | DeployerError]


def wait(
    context: typer.Context,
    services: Annotated[list[str], typer.Argument(metavar="SERVICE...", help="Which services.")],
) -> None:
    """Wait until the containers of the services have stopped.

    Prints each one's name and exit code as it stops, and exits with the code of the last one. One that has stopped
    already is not waited for. Changes nothing and needs no turn.

    Example: deployer wait migrate
    """
    state = state_of(context)
    stack, engine = state.project().stack, state.engine()
    replicas = replicas_of(engine, stack.name)
    refuse_unknown(services, {*stack.services, *(each.service for each in replicas)})
    refuse_absent(services, replicas)
    waiting = [each for each in replicas if each.service in services]
    ended: queue.Queue[Ended] = queue.Queue()
    for replica in waiting:
        threading.Thread(target=_await, args=(engine, replica, ended), daemon=True).start()
    code = 0
    try:
        for _ in waiting:
            replica, result = ended.get()
            if isinstance(result, DeployerError):
                raise result
            print(f"{replica.name} {result}", flush=True)
            code = result
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    raise typer.Exit(code)


def _await(engine: Engine, replica: Replica, ended: queue.Queue[Ended]) -> None:
    try:
        ended.put((replica, engine.exit_of(replica.id)()))
    except DeployerError as error:
        ended.put((replica, error))
