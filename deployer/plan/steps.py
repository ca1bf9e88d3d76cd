"""Each kind of change as a runbook: its steps, in order, each with what takes it back.

kind                 halfway states, and how they are recognised
create               a container that was never started: it is made anew, for nothing tells what it lacks
replace              a container that bears `io.deployer.replaces`, for as long as the id that it names exists
update, start        none: each step is whole
restart              a stopped container that should run
run again            a one-shot that has no container, or one that was never started
remove               a stopped container that the stack does not want
network made anew    containers that are in no network of their stack
secrets              a volume that bears `io.deployer.copies`, and no container has it
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deployer.errors import Place
from deployer.fields.container_names import SUCCESSOR
from deployer.fields.field import Json, section
from deployer.fields.restart import encode_restart
from deployer.plan.model import Action, Call, Step
from deployer.resources.observed import ObservedContainer


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """A file for a container, its path relative to where it is unpacked; `content` names a secret or config."""

    path: str
    content: str
    uid: int
    gid: int
    mode: int


@dataclass(frozen=True, slots=True)
class Copies:
    """What a COPY unpacks in one folder of a container: names of contents, never a content."""

    folder: str
    files: tuple[CopiedFile, ...]


@dataclass(frozen=True, slots=True)
class NewContainer:
    """What a CREATE sends: a body without its image, and the address of the image that goes into it; then what is
    copied into it.
    """

    body: Json
    image: str
    copies: tuple[Copies, ...] = ()


@dataclass(frozen=True, slots=True)
class Pull:
    """The mirrors that are tried first; the platform, "" for the engine's own."""

    mirrors: tuple[str, ...] = ()
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Signalled:
    """A container that may have taken a signal for its end: the signal, the line that asks for it, and when the
    container was started before.
    """

    signal: str
    started_at: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """How long and for what a wait looks.

    `monitor` in nanoseconds is how long a container without a health check must run; after a `fresh` start that is left
    to one more look at the end. `may_exit` says that having exited with 0 is as good as running. The engine may have
    restarted it so many times: `restarts`. One that was `signalled` is started again where it has ended by that.
    """

    monitor: int = 0
    may_exit: bool = False
    fresh: bool = False
    service: str = ""
    restarts: int = 0
    signalled: Signalled | None = None


COMES_BACK = ("always", "on-failure")
"""Under these policies a container that was stopped through the API is started when the engine restarts."""

STAYS_STOPPED = "unless-stopped"

WITH_VOLUMES = "volumes"
"""The payload of a REMOVE that takes the volumes along that came into being with the container."""

_WITH_ITS_VOLUMES = "with its volumes"


def create(name: str, new: NewContainer, connects: Iterable[tuple[str, Json]], wait: Step) -> tuple[Step, ...]:
    return (
        *_create(name, new),
        *_connects(name, connects),
        Step(Call.START, name, undo=(Step(Call.STOP, name),)),
        wait,
    )


def replace_stop_first(
    old: ObservedContainer,
    name: str,
    new: NewContainer,
    connects: Iterable[tuple[str, Json]],
    wait: Step,
    look: Iterable[Step] = (),
    off: Mapping[str, Json] | None = None,
) -> tuple[Step, ...]:
    """Until the successor is ready, the old container is stopped but never removed. Where it must be `off` networks,
    which are to be made anew, it stops and leaves them before the successor is created.
    """
    successor = name + SUCCESSOR
    aside = (*set_aside(old), *(leave(old, network, was) for network, was in (off or {}).items()))
    made = (*_create(successor, new), *_connects(successor, connects), *look)
    return (
        *(made if off is None else aside),
        *(aside if off is None else made),
        _start_successor(successor, new),
        wait,
        *take_over(old, name),
    )


def run_again(
    old: ObservedContainer,
    name: str,
    new: NewContainer,
    connects: Iterable[tuple[str, Json]],
    wait: Step,
    look: Iterable[Step] = (),
) -> tuple[Step, ...]:
    """The old container of a one-shot goes first: as long as it is there, it is the evidence that the one-shot ran."""
    return (*remove(old), *look, *create(name, new, connects, wait))


def set_aside(old: ObservedContainer) -> tuple[Step, ...]:
    """Stop the old one, so that neither the engine nor a failure loses it; undone, it is as it was observed: running or
    paused, with its policy.
    """
    policy = old.values["restart"]
    back = Step(Call.UPDATE, old.id, {"RestartPolicy": encode_restart(policy)}, name=old.name)
    return (
        *((_let_stopped_stay(old.id, undo=(back,), name=old.name),) if policy.startswith(COMES_BACK) else ()),
        *((Step(Call.STOP, old.id, undo=back_up(old), name=old.name),) if old.is_alive else ()),
    )


def _start_successor(successor: str, new: NewContainer) -> Step:
    """Undone, it stays stopped even if the engine restarts before it is removed: the old one is up again by then."""
    policy = str(section(new.body, "HostConfig.RestartPolicy").get("Name", ""))
    stay = (_let_stopped_stay(successor),) if policy in COMES_BACK else ()
    return Step(Call.START, successor, undo=(*stay, Step(Call.STOP, successor)))


def _let_stopped_stay(container: str, undo: tuple[Step, ...] = (), name: str = "") -> Step:
    policy = {"RestartPolicy": {"Name": STAYS_STOPPED}}
    detail = f"to {STAYS_STOPPED}, so that it stays stopped"
    return Step(Call.LET_STOPPED_STAY, container, policy, undo=undo, detail=detail, name=name)


def back_up(old: ObservedContainer) -> tuple[Step, ...]:
    """As it was observed: one that was healthy is waited for, so that who reads that it is back can rely on it."""
    healthy = (
        (Step(Call.AWAIT_READY, old.id, Wait(service=old.service), name=old.name),) if old.health == "healthy" else ()
    )
    paused = (Step(Call.PAUSE, old.id, name=old.name),) if old.status == "paused" else ()
    return (Step(Call.START, old.id, name=old.name), *healthy, *paused)


def take_over(old: ObservedContainer, name: str) -> tuple[Step, ...]:
    """No way back from here, and no need of one."""
    return (
        Step(Call.REMOVE, old.id, name=old.name),
        Step(Call.RENAME, name + SUCCESSOR, name, detail=f"to {name}"),
        *_remove_copies(old),
    )


def leave(old: ObservedContainer, network: str, was: Json) -> Step:
    undo = Step(Call.CONNECT, old.id, (network, was), detail=f"to {network}", name=old.name)
    return Step(Call.DISCONNECT, old.id, network, undo=(undo,), detail=f"from {network}", name=old.name)


def update(old: ObservedContainer, body: Json, before: Json) -> Step:
    undo = (Step(Call.UPDATE, old.id, before, name=old.name),) if before else ()
    return Step(Call.UPDATE, old.id, body, undo=undo, name=old.name)


def join(old: ObservedContainer, network: str, settings: Json) -> Step:
    undo = Step(Call.DISCONNECT, old.id, network, detail=f"from {network}", name=old.name)
    return Step(Call.CONNECT, old.id, (network, settings), undo=(undo,), detail=f"to {network}", name=old.name)


def rename(old: ObservedContainer, name: str) -> Step:
    undo = Step(Call.RENAME, old.id, old.name, detail=f"to {old.name}", name=name)
    return Step(Call.RENAME, old.id, name, undo=(undo,), detail=f"to {name}", name=old.name)


def take_name(name: str) -> Step:
    """Of a container that was made under a successor's name, as another one still had this one."""
    undo = Step(Call.RENAME, name, name + SUCCESSOR, detail=f"to {name + SUCCESSOR}")
    return Step(Call.RENAME, name + SUCCESSOR, name, undo=(undo,), detail=f"to {name}")


def rename_in_turn(old: ObservedContainer, name: str) -> tuple[Step, ...]:
    """Where another one has the name still: its own is given up first, so that who waits for that can have it."""
    waiting = name + SUCCESSOR
    undo = Step(Call.RENAME, old.id, waiting, detail=f"to {waiting}", name=name)
    return (
        *((rename(old, waiting),) if old.name != waiting else ()),
        Step(Call.RENAME, old.id, name, undo=(undo,), detail=f"to {name}", name=waiting),
    )


def start(old: ObservedContainer, wait: Step) -> tuple[Step, ...]:
    """Undone, it is stopped again: it was not running."""
    if old.status == "paused":
        return (Step(Call.UNPAUSE, old.id, undo=(Step(Call.PAUSE, old.id, name=old.name),), name=old.name), wait)
    return (Step(Call.START, old.id, undo=(Step(Call.STOP, old.id, name=old.name),), name=old.name), wait)


def start_is(old: ObservedContainer) -> Action:
    """What a start comes to: one that is paused goes on."""
    return Action.UNPAUSE if old.status == "paused" else Action.START


def restart(old: ObservedContainer, wait: Step) -> tuple[Step, ...]:
    """The same container joins the network of another one again, which it does at its start."""
    return (
        Step(Call.STOP, old.id, undo=back_up(old), name=old.name),
        Step(Call.START, old.id, undo=(Step(Call.STOP, old.id, name=old.name),), name=old.name),
        wait,
    )


def remove(old: ObservedContainer, networks: Mapping[str, Json] | None = None) -> tuple[Step, ...]:
    return (
        *set_aside(old),
        *(leave(old, network, was) for network, was in (networks or {}).items()),
        Step(Call.REMOVE, old.id, name=old.name),
        *_remove_copies(old),
    )


def remove_with_data(old: ObservedContainer) -> tuple[Step, ...]:
    """With its volumes without a name. The engine takes those along that it made for this container, in the same call;
    those that came from a predecessor follow, and a run that is killed in between leaves them.
    """
    return (
        *set_aside(old),
        Step(Call.REMOVE, old.id, WITH_VOLUMES, name=old.name, detail=_WITH_ITS_VOLUMES),
        *(Step(Call.REMOVE_VOLUME, name) for name in sorted(old.anonymous.values())),
    )


def discard(container: ObservedContainer) -> tuple[Step, ...]:
    """What was never taken into service goes with the volumes that were made with it, its secrets among them; those
    that it has by name, as it does its predecessor's, stay. It is stopped whatever its state: a dead run's start of it
    may come late.
    """
    return (
        Step(Call.STOP, container.id, name=container.name),
        Step(Call.REMOVE, container.id, WITH_VOLUMES, name=container.name, detail=_WITH_ITS_VOLUMES),
    )


def pull(reference: str, mirrors: tuple[str, ...] = (), platform: str = "") -> Step:
    """By the mirrors, in their order, before the registry itself; the reconciler says which one it was."""
    parts = (f"for {platform}" if platform else "", by_mirror(mirrors))
    return Step(Call.PULL, reference, Pull(mirrors, platform), detail=" ".join(filter(None, parts)))


def by_mirror(mirrors: tuple[str, ...]) -> str:
    return f"from the mirror {', else '.join(mirrors)}" if mirrors else ""


def remove_copy(volume: str) -> Step:
    return Step(Call.REMOVE_COPY, volume, name="a container that is gone")


def remake_network(name: str, body: Json, old_body: Json) -> tuple[Step, ...]:
    """Undone, the old one is made again as it was."""
    again = Step(Call.CREATE_NETWORK, name, old_body)
    return (
        Step(Call.REMOVE_NETWORK, name, undo=(again,)),
        Step(Call.CREATE_NETWORK, name, body, undo=(Step(Call.REMOVE_NETWORK, name),)),
    )


def _create(name: str, new: NewContainer) -> tuple[Step, ...]:
    """Filled before it can be started, and before anything else stops."""
    return (
        Step(Call.CREATE, name, new, undo=(Step(Call.REMOVE, name, WITH_VOLUMES),)),
        *(Step(Call.COPY, name, copies, detail=_paths(copies)) for copies in new.copies),
    )


def _paths(copies: Copies) -> str:
    return ", ".join(posixpath.join(copies.folder, file.path) for file in copies.files)


def _remove_copies(old: ObservedContainer) -> tuple[Step, ...]:
    """The secrets of a container go with it, unlike its other volumes without a name, which hold data."""
    return tuple(Step(Call.REMOVE_COPY, volume, name=old.name) for volume in old.copies)


def _connects(container: str, connects: Iterable[tuple[str, Json]]) -> tuple[Step, ...]:
    return tuple(
        Step(Call.CONNECT, container, (network, settings), detail=f"to {network}") for network, settings in connects
    )


def network_again(raw: Mapping[str, Any], *, subnets: bool) -> Json:
    """The create body that makes a network as an inspect shows it; with its `subnets` where they were asked for. Those
    that the engine has chosen may be another network's by now.
    """
    kept = ("Name", "Driver", "Options", "Labels", "IPAM", "Internal", "Attachable", "EnableIPv4", "EnableIPv6")
    body = {key: raw[key] for key in kept if raw.get(key) not in (None, "", {})}
    return body if subnets else {**body, "IPAM": {**section(raw, "IPAM"), "Config": []}}
