"""A step whose answer may be lost: carried out once more, and taken for done where all is as it wants it."""

from __future__ import annotations

import time
from collections.abc import Callable

from deployer.errors import OperationFailed
from deployer.fields.field import section
from deployer.plan.model import Call, Step
from deployer.reconcile.calls import World, perform
from deployer.reconcile.lost import asked_again
from deployer.reconcile.meanwhile import explained, renamed_meanwhile
from deployer.reconcile.protocol import EngineRefused, Progress

ONCE_ONLY = (Call.KILL, Call.RESTART)
"""Done twice, they are not as done once."""


MOMENTS = (0.2, 1.0)
"""Seconds before what is to be taken back is asked for again."""


def surely(world: World, step: Step, progress: Callable[[Progress], None], *, unsure: bool = False) -> None:
    """Carry out a step; asked again where the connection broke and the engine answers.

    The first request may have been carried out: a refusal of the second one is none where what was wanted is so, and
    where it is `unsure` whether there is anything to do, that holds for the first one. Raises DeployerError.
    """

    def carry_out() -> None:
        _perform(world, step, progress, unsure=unsure)

    if step.call in ONCE_ONLY:
        carry_out()
    else:
        asked_again(world.engine, carry_out, lambda: _perform(world, step, progress, unsure=True), world.stop)


def insisting(world: World, step: Step) -> None:
    """Take something back, or away, of which nobody knows whether it was done. Asked again, a moment later, where the
    engine says that it broke down: until it is done, a service may be away. Raises DeployerError.
    """
    for moment in MOMENTS:
        try:
            return surely(world, step, lambda _: None, unsure=True)
        except EngineRefused as error:
            if error.status < 500:
                raise
        time.sleep(moment)
    return surely(world, step, lambda _: None, unsure=True)


def _perform(world: World, step: Step, progress: Callable[[Progress], None], *, unsure: bool) -> None:
    try:
        perform(world, step, progress)
    except OperationFailed as error:
        if renamed := renamed_meanwhile(world, step):
            _perform(world, renamed, progress, unsure=unsure)
        elif not isinstance(error, EngineRefused):
            raise
        elif not unsure or not _is_done(world, step):
            raise explained(world, step, error) from error


def _is_done(world: World, step: Step) -> bool:
    """Whether it is as the step wants it, for those steps that the engine refuses the second time."""
    engine = world.engine
    match step.call:
        case Call.RENAME:
            return not engine.container(step.target) and engine.container(step.payload) is not None
        case Call.REMOVE_NETWORK:
            return engine.network(step.target) is None
        case Call.REMOVE_VOLUME:
            return engine.volume(step.target) is None
        case Call.CONNECT:
            return step.payload[0] in _networks(world, step.target)
        case Call.DISCONNECT:
            return step.payload not in _networks(world, step.target)
        case Call.STOP | Call.LET_STOPPED_STAY:
            return engine.container(step.target) is None
        case _:
            return False


def _networks(world: World, container: str) -> set[str]:
    """The names and ids of the networks that it is in."""
    found = section(world.engine.container(container) or {}, "NetworkSettings.Networks")
    return {*found, *(str(endpoint.get("NetworkID")) for endpoint in found.values())}
