"""A one-off on the engine: made whole before it is started, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from deployer.errors import DeployerError
from deployer.fields.field import section
from deployer.plan.one_off import NewOneOff
from deployer.plan.steps import Copies
from deployer.reconcile.calls import copy_into
from deployer.reconcile.holder import myself
from deployer.reconcile.protocol import Engine
from deployer.resources.record_labels import HOLDER, holder_label


def create(engine: Engine, name: str, one_off: NewOneOff, archive: Callable[[Copies], bytes]) -> str:
    """The id of a container that is in all of its networks and has its secrets, and was not started. Raises
    DeployerError, and leaves nothing then. Who made it is in its labels: if that one dies before it starts it, the next
    apply removes it.
    """
    body = one_off.new.body
    labels = {**section(body, "Labels"), HOLDER: holder_label(myself(engine))}
    made = engine.create_container(name, {**body, "Labels": labels})
    try:
        for network, settings in one_off.connects:
            engine.connect(network, made, settings)
        for copies in one_off.new.copies:
            copy_into(engine, made, copies, archive)
    except BaseException:
        discard(engine, made)
        raise
    return made


def discard(engine: Engine, container: str) -> None:
    """It goes, whatever it does, with the volumes that came into being with it."""
    with suppress(DeployerError):
        engine.remove_container(container, volumes=True, force=True)
