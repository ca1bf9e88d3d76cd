"""What should be, in the canonical shape: services, the images they run, networks and volumes."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from deployer.fields import container, network, volume
from deployer.fields.attachments import DEFAULT, Attachment
from deployer.fields.copies import SECTIONS
from deployer.fields.field import Context, Field, KnownContent, Value
from deployer.fields.mounts import host_path
from deployer.fields.references import parse_reference
from deployer.resources.applied import digest_with
from deployer.resources.identity import container_address
from deployer.resources.registries import DesiredPush, Registry, service_behind
from deployer.stack.model import EngineThing, Network, Stack
from deployer.stack.registries import push_reference
from deployer.stack.service import COMPLETED, ServiceKeys, said, written


@dataclass(frozen=True, slots=True)
class Written:
    """A row as the user wrote it: under which name, and the validated value."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class DesiredArchive:
    """An archive that an image comes from: its file, as the user wrote it, the image's id, and what the archive calls
    it, which is the id where it has no name there.
    """

    file: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class DesiredImage:
    """An image that something runs, or that the stack names.

    `address` is its resource; `reference` is how the engine knows it, "" until a build has been made, or an archive has
    been read that tells it.
    """

    address: str
    reference: str
    pull: str = "missing"
    archive: DesiredArchive | None = None


@dataclass(frozen=True, slots=True)
class DesiredBuild:
    """A build with all that its image depends on but the base images: `inputs` maps what goes in to its digest (files
    by their path).

    `digest` is over everything in it; with the ids of the bases it becomes the tag. `on` are those of its images that
    are other builds of the stack: as its Dockerfile names them -> the build. `path` is where the stack says it.
    """

    name: str
    repository: str
    folder: str
    digest: str
    inputs: Mapping[str, str]
    bases: tuple[str, ...]
    args: Mapping[str, str]
    target: str | None
    tag: str | None
    path: tuple[str, ...] = ()
    on: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def address(self) -> str:
        return f"build.{self.name}"

    def reference(self, started_from: Mapping[str, str]) -> str:
        """The tag that an image of just these inputs bears: `<stack>/<build>:<hash>`."""
        text = json.dumps([self.digest, sorted(started_from.items())])
        return f"{self.repository}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class DesiredService:
    """A service: what each of its containers asks for, how many there are, what it waits for (service -> condition).

    `sensitive` are the names that it adds to what must not be shown, or takes away (`!NAME`); `hidden` are the rows and
    entries (row, entry; "" for all of it) that hold a sensitive variable's value.
    """

    name: str
    replicas: int
    image: DesiredImage
    asked: Mapping[str, Value]
    written: Mapping[str, Written]
    context: Context
    depends_on: Mapping[str, str]
    monitor: int | None
    completes: bool
    may_exit: bool
    sensitive: tuple[str, ...] = ()
    hidden: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class DesiredThing:
    """A network or a volume: the name on the engine, and its canonical rows."""

    key: str
    name: str
    external: bool
    asked: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Desired:
    """All that a stack wants of the engine; `left_out` are the addresses of what was taken out of it (`narrowed`)."""

    stack: str
    origin: str
    folder: str
    file: str
    services: Mapping[str, DesiredService]
    images: Mapping[str, DesiredImage]
    builds: Mapping[str, DesiredBuild]
    networks: Mapping[str, DesiredThing]
    volumes: Mapping[str, DesiredThing]
    context: Context
    left_out: tuple[str, ...] = ()
    registries: tuple[Registry, ...] = ()
    pushes: tuple[DesiredPush, ...] = ()


def desired(stack: Stack, origin: str, builds: Mapping[str, DesiredBuild]) -> Desired:
    """The stack in the canonical shape. `builds` holds what was read of each build's inputs."""
    context = context_of(stack)
    services = {name: _service(stack, name, service, context) for name, service in stack.services.items()}
    used = {key for service in services.values() for key, _ in service.asked["networks"]}
    networks = {**stack.networks, **({DEFAULT: Network()} if DEFAULT in used and DEFAULT not in stack.networks else {})}
    return Desired(
        stack=stack.name,
        origin=origin,
        folder=stack.folder,
        file=stack.file,
        services=services,
        images={
            **{image.address: image for image in map(partial(image_named, stack), stack.images)},
            **{service.image.address: service.image for service in services.values()},
        },
        builds=builds,
        networks={key: _thing(key, stack.network_name(key), thing, network.FIELDS) for key, thing in networks.items()},
        volumes={
            key: _thing(key, stack.volume_name(key), thing, volume.FIELDS) for key, thing in stack.volumes.items()
        },
        context=context,
        registries=registries_of(stack),
        pushes=_pushes(stack),
    )


def registries_of(stack: Stack) -> tuple[Registry, ...]:
    """The registries as the stack file says them, without any login."""
    return tuple(
        Registry(
            name,
            each.address,
            each.insecure,
            each.ca or "",
            host_path(each.ca, stack.folder) if each.ca else "",
            each.service or "",
            each.mirrors,
        )
        for name, each in stack.registries.items()
    )


def runs(images: Mapping[str, DesiredImage], push: DesiredPush) -> bool:
    """Whether something runs what is pushed, by the name that it has in the registry."""
    pushed = parse_reference(push.reference)
    return any(each.reference and parse_reference(each.reference) == pushed for each in images.values())


def _pushes(stack: Stack) -> tuple[DesiredPush, ...]:
    return tuple(
        DesiredPush(name, to, push_reference(registry, build.tag), registry.service or "", _path_of(stack, name))
        for name, build in stack.builds.items()
        for to in build.push
        if build.tag and (registry := stack.registries[to])
    )


def _path_of(stack: Stack, build: str) -> tuple[str, ...]:
    """Where a build is said: at the top, or in the service of its name."""
    return ("builds", build) if stack.places.has("builds", build) else ("services", build, "build")


def narrowed(whole: Desired, names: Collection[str], *, alone: bool = False) -> Desired:
    """Only these services and what they need: what they depend on, unless they are to be `alone`, and the images,
    networks and volumes of those.

    Which builds that takes is known once their Dockerfiles are read.
    """
    needed: set[str] = set()
    waiting = list(names)
    while waiting:
        if (name := waiting.pop()) not in needed:
            needed.add(name)
            waiting += () if alone else whole.services[name].depends_on
            waiting += filter(None, [service_behind(whole.services[name].image.reference, whole.registries)])
    services = {name: service for name, service in whole.services.items() if name in needed}
    images = {service.image.address: service.image for service in services.values()}
    pushes = tuple(push for push in whole.pushes if runs(images, push))
    networks = {key for service in services.values() for key, _ in service.asked["networks"]}
    volumes = {value[1] for service in services.values() for _, value in service.asked["volumes"]}
    part = replace(
        whole,
        services=services,
        images=images,
        pushes=pushes,
        networks={key: thing for key, thing in whole.networks.items() if key in networks},
        volumes={key: thing for key, thing in whole.volumes.items() if thing.name in volumes},
    )
    return replace(part, left_out=tuple(sorted(addresses(whole) - addresses(part))))


def addresses(wanted: Desired) -> frozenset[str]:
    """What is wanted, replica by replica; images are no part of it, as others may run them."""
    return frozenset(
        {
            container_address(name, number)
            for name, service in wanted.services.items()
            for number in range(1, service.replicas + 1)
        }
        | {f"network.{key}" for key in wanted.networks}
        | {f"volume.{key}" for key in wanted.volumes}
    )


def with_digests(desired: Desired, digests: Mapping[str, str]) -> Desired:
    """The same with what was read of secrets and configs: SHA-256 by section and key (`secrets.db_password`)."""
    return _with_contents(desired, lambda name, _: digests.get(name, ""))


def salted(desired: Desired, salt: str) -> Desired:
    """The same with the digests of secrets and configs salted: only so are they compared, shown and stored."""
    return _with_contents(desired, lambda _, digest: digest_with(salt, digest))


def _with_contents(desired: Desired, digest_of: Callable[[str, str], str]) -> Desired:
    """The same with other digests, by the name of a content and the digest that it has."""

    def anew(context: Context) -> Context:
        contents = {name: replace(one, digest=digest_of(name, one.digest)) for name, one in context.contents.items()}
        return replace(context, contents=contents)

    def service_anew(service: DesiredService) -> DesiredService:
        context = anew(service.context)
        rows = (container.BY_NAME[name] for name in SECTIONS if name in service.written)
        asked = {row.name: _canonical(row, service.written, context) for row in rows}
        return replace(service, context=context, asked={**service.asked, **asked})

    services = {name: service_anew(service) for name, service in desired.services.items()}
    return replace(desired, context=anew(desired.context), services=services)


def context_of(stack: Stack, service: str = "") -> Context:
    """What the written values of a stack refer to."""
    return Context(
        stack=stack.name,
        contents=_contents(stack),
        folder=stack.folder,
        service=service,
        hostname=said(stack.services[service], "hostname") or "" if service else "",
        networks={key: stack.network_name(key) for key in {*stack.networks, DEFAULT}},
        volumes={key: stack.volume_name(key) for key in stack.volumes},
    )


def _contents(stack: Stack) -> dict[str, KnownContent]:
    """What is known of each secret and config before it is read."""
    found: dict[str, KnownContent] = {}
    for section in SECTIONS:
        for key, source in getattr(stack, section).items():
            file = host_path(source.file, stack.folder) if source.file else ""
            name = posixpath.basename(file) or source.environment or "content"
            found[f"{section}.{key}"] = KnownContent("", name, file)
    return found


def _service(stack: Stack, name: str, service: ServiceKeys, shared: Context) -> DesiredService:
    context = replace(shared, service=name, hostname=said(service, "hostname") or "")
    rows = {row.name: Written(*found) for row in container.FIELDS if (found := written(service, row))}
    mode = rows["network_mode"].value if "network_mode" in rows else ""
    if not mode and not (rows["networks"].value if "networks" in rows else ()):
        rows["networks"] = Written("networks", {DEFAULT: Attachment(aliases=())})
    asked = {row.name: _canonical(row, rows, context) for row in container.FIELDS if row.name != "image"}
    awaited = {
        condition.condition
        for other in stack.services.values()
        for target, condition in other.needs.items()
        if target == name
    }
    completes = COMPLETED in awaited
    policy = rows["restart"].value if "restart" in rows else ""
    return DesiredService(
        name=name,
        replicas=service.replicas,
        image=image_of(stack, name, service),
        asked=asked,
        written=rows,
        context=context,
        depends_on={target: dependency.condition for target, dependency in service.needs.items()},
        monitor=service.monitor,
        completes=completes,
        sensitive=stack.sensitive_in(name),
        hidden=hidden_in(stack, name),
        may_exit=completes or policy == "no" or policy.startswith("on-failure"),
    )


def hidden_in(stack: Stack, service: str) -> frozenset[tuple[str, str]]:
    """The rows of a service, with the entry where they are keyed, that a sensitive variable went into."""
    found: set[tuple[str, str]] = set()
    for path in (path[2:] for path in stack.tainted if path[:2] == ("services", service)):
        for row in container.FIELDS:
            for parts in (tuple(name.split(".")) for name in row.names):
                if path[: len(parts)] == parts:
                    found.add((row.name, row.kind.entry_at(path[len(parts) :])))
    return frozenset(found)


def _canonical(row: Field, said: Mapping[str, Written], context: Context) -> Value:
    return row.kind.normal(said[row.name].value, context) if row.name in said else row.unset


def image_of(stack: Stack, name: str, service: ServiceKeys) -> DesiredImage:
    """What the service runs: its own build, an entry of `builds` or `images`, else an image reference."""
    reference: str = said(service, "image") or name
    if service.build:
        return DesiredImage(f"build.{name}", "")
    if reference in stack.builds:
        return DesiredImage(f"build.{reference}", "")
    if reference in stack.images:
        image = image_named(stack, reference)
        return replace(image, pull=service.pull_policy or image.pull)
    return DesiredImage(f"image.{reference}", with_tag(reference), service.pull_policy or "missing")


def image_named(stack: Stack, name: str) -> DesiredImage:
    """An entry of `images`."""
    entry = stack.images[name]
    return DesiredImage(f"image.{name}", with_tag(entry.from_) if entry.from_ else "", entry.pull)


def with_archives(desired: Desired, archives: Mapping[str, tuple[str, DesiredArchive]]) -> Desired:
    """The same with what was read of archives: by the image's address, its reference and the archive."""

    def anew(image: DesiredImage) -> DesiredImage:
        if image.address not in archives:
            return image
        reference, archive = archives[image.address]
        return replace(image, reference=reference, archive=archive)

    images = {address: anew(image) for address, image in desired.images.items()}
    services = {name: replace(service, image=anew(service.image)) for name, service in desired.services.items()}
    return replace(desired, images=images, services=services)


def with_tag(reference: str) -> str:
    """The reference with the tag that the engine takes where none is written."""
    last = reference.rpartition("/")[2]
    return reference if ":" in last or "@" in last else f"{reference}:latest"


def _thing(key: str, name: str, thing: EngineThing, rows: tuple[Field, ...]) -> DesiredThing:
    asked = {
        row.name: row.kind.normal(value, Context())
        if (value := getattr(thing, row.name, None)) is not None
        else row.unset
        for row in rows
    }
    return DesiredThing(key, name, thing.external, asked)
