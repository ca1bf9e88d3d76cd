"""What each kind of step asks of the engine: one call, or one wait. Nothing is decided here."""

from __future__ import annotations

import json
import math
import posixpath
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from tempfile import TemporaryFile
from typing import IO, BinaryIO, Protocol

from deployer.errors import DeployerError, Diagnostic, OperationFailed, Place
from deployer.fields.copies import FOLDER
from deployer.fields.field import section
from deployer.plan.copies import into_volume, volume_over
from deployer.plan.draft import meet
from deployer.plan.model import Call, Step
from deployer.plan.steps import WITH_VOLUMES, Copies, NewContainer
from deployer.reconcile import signalled, transfers, waits
from deployer.reconcile.protocol import Engine, Json, Progress
from deployer.resources import identity
from deployer.resources.desired import DesiredBuild, DesiredImage
from deployer.resources.listed import neighbour_of
from deployer.resources.wire import EngineRefused

CONFLICT = 409
"""The engine's answer where a name is taken, or something is in use."""

_MOMENTS = 5
"""How often an update is asked for again, a tenth of a second apart."""


class Sources(Protocol):
    """What steps send that lies outside of the engine: what builds, secrets, configs and image archives hold."""

    def write_context(self, build: DesiredBuild, references: Mapping[str, str], tar: IO[bytes]) -> str:
        """Write a build's context as a tar, with the references of the builds that it starts from in the place of what
        its Dockerfile calls them. Gives the Dockerfile's name in the tar.
        """
        ...

    def archive(self, copies: Copies) -> bytes:
        """The tar of what is copied into one folder of a container."""
        ...

    def open_archive(self, image: DesiredImage) -> BinaryIO:
        """The archive that an image is loaded from."""
        ...

    def secrets(self) -> Collection[str]:
        """What secrets hold, and configs that nobody may see, line by line."""
        ...

    def place_in_build(self, build: DesiredBuild, said: str) -> Place | None:
        """Where in a build's Dockerfile that lies of which the builder speaks, if that can be told."""
        ...

    def bases_of(self, build: str) -> Sequence[str] | None:
        """The images that a build's Dockerfile names; None of one that was not read."""
        ...

    def remember(self, build: DesiredBuild, reference: str, started_from: Mapping[str, str]) -> None:
        """Told of each image that was built, with its reference and what it started from."""
        ...


@dataclass(slots=True)
class World:
    """What the steps act on.

    `images` are the references by address, and grow as builds are made; `made` are the ids of the containers that were
    created, by the names that they got; `told` is what is to be told of a container, by its id, and is no failure.
    `look` is taken before each writing request, and raises Busy where the turn was lost. `deadline`, by the monotonic
    clock, is when nothing new is begun. No container is waited for longer than so many seconds: `longest_wait`.
    """

    engine: Engine
    stack: str
    waker: waits.Waker
    sources: Sources
    deadline: float
    images: dict[str, str]
    look: Callable[[], None]
    longest_wait: float = math.inf
    made: dict[str, str] = field(default_factory=dict[str, str])
    told: dict[str, Diagnostic] = field(default_factory=dict[str, Diagnostic])
    stop: threading.Event = field(default_factory=threading.Event)

    def limit(self) -> waits.Limit:
        """Of a wait that begins now."""
        own = time.monotonic() + self.longest_wait
        return waits.Limit(own, "--wait-timeout") if own < self.deadline else waits.Limit(self.deadline, "--timeout")


def perform(world: World, step: Step, progress: Callable[[Progress], None]) -> None:
    """Carry out one step. Raises DeployerError."""
    engine, target, payload = world.engine, step.target, step.payload
    if not step.call.is_wait:
        _in_time(world, step)
        world.look()
    match step.call:
        case Call.CREATE:
            _create(world, target, payload)
        case Call.COPY:
            copy_into(engine, target, payload, world.sources.archive)
        case Call.REMOVE_COPY:
            _remove_unused(lambda: engine.remove_volume(target))
        case Call.START:
            engine.start_container(target)
        case Call.STOP:
            engine.stop_container(target, payload)
        case Call.RESTART:
            engine.restart_container(target)
        case Call.KILL:
            engine.kill_container(target, payload)
        case Call.PAUSE:
            engine.pause_container(target)
        case Call.UNPAUSE:
            engine.unpause_container(target)
        case Call.REMOVE:
            engine.remove_container(target, volumes=payload == WITH_VOLUMES)
        case Call.RENAME:
            engine.rename_container(target, payload)
        case Call.UPDATE | Call.LET_STOPPED_STAY:
            _update(engine, target, payload)
        case Call.CONNECT:
            engine.connect(payload[0], target, payload[1])
        case Call.DISCONNECT:
            engine.disconnect(payload, target)
        case Call.CREATE_NETWORK:
            _create_network(engine, payload)
        case Call.REMOVE_NETWORK:
            engine.remove_network(target)
        case Call.CREATE_VOLUME:
            engine.create_volume(payload)
        case Call.REMOVE_VOLUME:
            engine.remove_volume(target)
        case Call.REMOVE_IMAGE:
            _remove_unused(lambda: engine.remove_image(target))
        case Call.PULL:
            transfers.pull(world, target, payload, progress)
        case Call.LOAD:
            _load(world, payload, progress)
        case Call.PUSH:
            transfers.push(world, target, progress)
        case Call.BUILD:
            _build(world, payload, progress)
        case Call.TAG:
            repository, _, tag = target.rpartition(":")
            source: str = payload
            engine.tag(world.images.get(source, source), repository, tag)
        case Call.LOOK_PORTS:
            _look_ports(world, payload)
        case Call.AWAIT_READY:
            signalled.await_ready(world, step)
        case Call.AWAIT_COMPLETED:
            waits.await_completed(engine, world.waker, target, payload, world.limit(), world.stop)


def _in_time(world: World, step: Step) -> None:
    if time.monotonic() > world.deadline:
        hint = "give it longer: --timeout"
        raise OperationFailed(Diagnostic("timeout", f"the time was over before this: {step}", hint=hint))


def _update(engine: Engine, container: str, body: Json) -> None:
    """One that keeps restarting may end at the very moment; then it is asked for again."""
    for _ in range(_MOMENTS):
        try:
            engine.update_container(container, body)
        except EngineRefused as error:
            if error.diagnostics[0].code != "container-ending":
                raise
            time.sleep(0.1)
        else:
            return
    engine.update_container(container, body)


def _create(world: World, name: str, new: NewContainer) -> None:
    body = _with_mounted({**new.body, "Image": world.images[new.image]}, world.engine)
    try:
        world.made[name] = world.engine.create_container(name, body)
    except EngineRefused as error:
        if error.status != CONFLICT or not _came_late(world, name):
            raise
        world.made[name] = world.engine.create_container(name, body)


def _with_mounted(body: Json, engine: Engine) -> Json:
    """The body, labelled with the ids of the images that are mounted: the engine shows their names alone (28.5)."""
    mounts: list[Json] = section(body, "HostConfig").get("Mounts") or []
    references = sorted({mount["Source"] for mount in mounts if mount["Type"] == "image"})
    ids = {reference: found["Id"] for reference in references if (found := engine.image(reference))}
    return {**body, "Labels": {**body["Labels"], identity.MOUNTED: json.dumps(ids)}} if ids else body


def _came_late(world: World, name: str) -> bool:
    """Whether a dead run's last request was carried out only now, after the plan was made: its container goes."""
    found = world.engine.container(name) or {}
    ours = section(found, "Config.Labels").get(identity.PROJECT) == world.stack
    if not ours or section(found, "State").get("Status") != "created":
        return False
    world.engine.remove_container(found["Id"], volumes=True)
    return True


def copy_into(engine: Engine, container: str, copies: Copies, archive: Callable[[Copies], bytes]) -> None:
    """What goes anywhere else than to the secrets' own folder may meet a volume that the image declares."""
    found = engine.container(container) if copies.folder != FOLDER else None
    volumes = [mount["Destination"] for mount in (found or {}).get("Mounts") or () if mount["Type"] == "volume"]
    for file in copies.files:
        path = posixpath.join(copies.folder, file.path)
        if over := volume_over(path, volumes):
            raise OperationFailed(into_volume(container, path, over))
    engine.put_archive(container, copies.folder, archive(copies))


def _remove_unused(remove: Callable[[], None]) -> None:
    """Somebody else's container may have it too: once that is gone, a later apply removes it."""
    try:
        remove()
    except EngineRefused as error:
        if error.status != CONFLICT:
            raise


def _create_network(engine: Engine, body: Json) -> None:
    """Two creates at once make twins on Engine 20.10, whatever `CheckDuplicate` says: ours goes, as the later one.

    One that a dead run asked for may come only now: if it is the very same, it is the one wanted.
    """
    try:
        made = engine.create_network(body)
    except EngineRefused as error:
        same = (each for each in engine.networks() if each["Name"] == body["Name"] and each["Labels"] == body["Labels"])
        if error.status != CONFLICT or not any(same):
            raise
        return
    twins = [each for each in engine.networks() if each["Name"] == body["Name"] and each["Id"] != made]
    if twins:
        engine.remove_network(made)


def _build(world: World, build: DesiredBuild, progress: Callable[[Progress], None]) -> None:
    """The tag tells what went in; the bases are there by now, so it is known."""
    started = {base: _id(world, base) for base in build.bases}
    own = {image: world.images[f"build.{other}"] for image, other in build.on.items()}
    for other in own.values():
        _id(world, other)
    reference = build.reference({**started, **own})
    with TemporaryFile() as tar:
        dockerfile = world.sources.write_context(build, own, tar)
        options = {
            "t": reference,
            "dockerfile": dockerfile,
            "buildargs": dict(build.args),
            **build.options,
            "rm": True,
            "forcerm": True,
        }
        tar.seek(0)
        try:
            world.engine.build(tar, {**options, **({"target": build.target} if build.target else {})}, progress)
        except DeployerError as error:
            raise _in_dockerfile(world, build, error) from error
    world.images[build.address] = reference
    world.sources.remember(build, reference, {**started, **own})


def _in_dockerfile(world: World, build: DesiredBuild, error: DeployerError) -> DeployerError:
    """The builder's error at the line of the Dockerfile that it is about: its first note is the step that failed."""

    def placed(each: Diagnostic) -> Diagnostic:
        said = (*each.notes[:1], each.message)
        found = (place for text in said if (place := world.sources.place_in_build(build, text)))
        return replace(each, place=next(found, None))

    return error.with_diagnostics(map(placed, error.diagnostics))


def _id(world: World, base: str) -> str:
    """The id of an image that a build starts from. The engine would look for one that is gone in a registry."""
    found = world.engine.image(base)
    if not found:
        hint = "somebody removed it meanwhile: run it again"
        raise OperationFailed(Diagnostic("image-not-found", f"the image {base} is no longer on the engine", hint=hint))
    return found["Id"]


def _load(world: World, image: DesiredImage, progress: Callable[[Progress], None]) -> None:
    """The file may have become another one since it was read for the plan."""
    archive = image.archive
    assert archive
    with world.sources.open_archive(image) as file:
        world.engine.load(file, progress)
    found = world.engine.image(archive.name)
    if not found or found["Id"] != archive.id:
        message = f"{archive.file} no longer holds the image that the plan was made for"
        raise OperationFailed(Diagnostic("archive-changed", message, hint="apply again: the plan is made anew"))


def _look_ports(world: World, wanted: frozenset[tuple[str, int, str]]) -> None:
    for listed in world.engine.containers():
        labels: Mapping[str, str] = listed.get("Labels") or {}
        if labels.get(identity.PROJECT) == world.stack or not listed.get("Names"):
            continue
        neighbour = neighbour_of(listed)
        taken = {each[1] for each in wanted if meet({each}, neighbour.ports)}
        if taken:
            ports = ", ".join(map(str, sorted(taken)))
            raise OperationFailed(
                Diagnostic(
                    "port-taken",
                    f"port {ports} of the host is taken by the container {neighbour.name}",
                    hint="stop that one, or publish on another port",
                )
            )
