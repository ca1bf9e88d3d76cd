"""A container that was sent a signal, to read anew what it has mounted: it goes on, or ends and is started again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deployer.errors import Diagnostic, OperationFailed
from deployer.fields.field import Json
from deployer.plan.model import Step
from deployer.plan.steps import Signalled, Wait
from deployer.reconcile import waits

if TYPE_CHECKING:
    from deployer.reconcile.calls import World


def await_ready(world: World, step: Step) -> None:
    """Until it is ready; where it has ended by the signal, until it is so again, which is told and is no failure.

    The engine seldom restarts it by itself: after a signal through its API it forgets about the restart policy, unless
    the container has a `StopSignal`, and that is another one. Raises OperationFailed where it does not come up again.
    """
    wait: Wait = step.payload
    engine, name = world.engine, step.name or step.target

    def once(wait: Wait) -> Json | None:
        return waits.await_ready(engine, world.waker, step.target, wait, world.limit(), world.stop)

    ended = once(wait)
    if ended is None or wait.signalled is None:
        return
    world.look()
    engine.start_container(step.target)
    restarts: int = (engine.container(step.target) or {}).get("RestartCount", 0)
    try:
        once(replace(wait, restarts=restarts, signalled=None))
    except OperationFailed as error:
        first = error.diagnostics[0]
        if first.code not in ("not-ready", "unhealthy"):
            raise
        became = first.message.removeprefix(f"{wait.service} ").partition(" after ")[0]
        message = f"{wait.signalled.signal} has ended {name}; started again, it {became}"
        raise OperationFailed(_told(wait, wait.signalled, message, first.notes)) from error
    code = ended["State"]["ExitCode"]  # known until it runs again
    how = f"{wait.signalled.signal} has ended {name}{f' (exit code {code})' if code else ''}"
    message = f"{how}; it was started again, and has what is there now"
    world.told.setdefault(step.target, _told(wait, wait.signalled, message))


def _told(wait: Wait, signalled: Signalled, message: str, notes: tuple[str, ...] = ()) -> Diagnostic:
    hint = f"write `restart` in the place of {signalled.signal}, or let the program handle it"
    return Diagnostic("reload-ended", message, signalled.place, hint, f"service.{wait.service}", notes)
