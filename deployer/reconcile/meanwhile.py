"""What others did meanwhile to what a step is about: told where the engine refuses the step, by names and not ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from deployer.errors import DeployerError, Diagnostic
from deployer.fields.field import Json, section
from deployer.plan.model import Call, Step
from deployer.reconcile.calls import World
from deployer.reconcile.protocol import EngineRefused, Reader
from deployer.reconcile.waits import RUN_AGAIN

OF_A_CONTAINER = (
    *(Call.COPY, Call.CONNECT, Call.DISCONNECT, Call.UPDATE, Call.LET_STOPPED_STAY, Call.STOP, Call.START),
    *(Call.RESTART, Call.KILL, Call.PAUSE, Call.UNPAUSE, Call.RENAME, Call.AWAIT_READY, Call.AWAIT_COMPLETED),
)
"""These act on a container that must be there."""

_ID = re.compile(r"\b[0-9a-f]{64}\b")


def renamed_meanwhile(world: World, step: Step) -> Step | None:
    """The same step for the container that this run made, where somebody has given it another name."""
    made = world.made.get(step.target)
    if not made or step.call not in OF_A_CONTAINER or world.engine.container(step.target):
        return None
    return replace(step, target=made, name=step.name or step.target) if world.engine.container(made) else None


def explained(world: World, step: Step, error: EngineRefused) -> EngineRefused:
    """The refusal, with what somebody else did where that is why, and with no id that has a name."""
    refusal = error.diagnostics[0]
    with suppress(DeployerError):
        if removed := next(_removed(world, step), None):
            refusal = replace(removed, hint=RUN_AGAIN, notes=(f"this was to be done: {step}",))
        else:
            notes = tuple(_named(note, world.engine) for note in refusal.notes)
            refusal = replace(refusal, message=_named(refusal.message, world.engine), notes=notes)
    return EngineRefused(refusal, error.status)


def _removed(world: World, step: Step) -> Iterator[Diagnostic]:
    """What the step needs and is not there."""
    engine, container = world.engine, step.name or step.target
    if step.call is Call.CREATE:
        image = world.images.get(step.payload.image, "")
        if image and not engine.image(image):
            yield Diagnostic("image-gone", f"somebody else has removed the image {image} meanwhile")
    if step.call is Call.CONNECT and not engine.network(step.payload[0]):
        yield Diagnostic("network-gone", f"somebody else has removed the network {step.payload[0]} meanwhile")
    if step.call in OF_A_CONTAINER:
        found = engine.container(step.target)
        if found is None:
            yield Diagnostic("container-gone", f"somebody else has removed the container {container} meanwhile")
        for network in _networks_gone(engine, found or {}):
            yield Diagnostic(
                "network-gone", f"somebody else has removed {network}, a network of {container}, meanwhile"
            )


def _networks_gone(reader: Reader, container: Json) -> Iterator[str]:
    """A container keeps the id of a network that is gone, even where one of the same name came after it."""
    for name, endpoint in section(container, "NetworkSettings.Networks").items():
        if not reader.network((endpoint or {}).get("NetworkID") or name):
            yield name


def _named(text: str, reader: Reader) -> str:
    """The text, with the names of containers in the place of their ids, and other ids cut short."""

    def name(found: re.Match[str]) -> str:
        container = reader.container(found[0])
        return str(container["Name"]).lstrip("/") if container else found[0][:12]

    return _ID.sub(name, text)
