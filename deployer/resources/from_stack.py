"""A stack file's stack put into the canonical shape: what should be."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from deployer.fields import container, network, volume
from deployer.fields.around import Around, around
from deployer.fields.attachments import DEFAULT, Attachment, Nameless
from deployer.fields.copies import SECTIONS
from deployer.fields.field import Context, Field, KnownContent, Value
from deployer.fields.mounts import host_path, images_of
from deployer.fields.namespaces import NAMESPACES, network_named, owners
from deployer.fields.references import with_tag
from deployer.fields.sensitive import is_sensitive_name
from deployer.resources.desired import (
    BoundContent,
    Desired,
    DesiredBuild,
    DesiredImage,
    DesiredService,
    DesiredThing,
    Written,
)
from deployer.resources.pushes import pushes_of
from deployer.resources.registries import registries_of
from deployer.stack.model import EngineThing, Network, Stack
from deployer.stack.own import ignored_in, ignores_count
from deployer.stack.service import COMPLETED, HEALTHY, ServiceKeys, said, written

_NAMED_TEXTS = ("environment", "labels")
"""The rows whose entries are texts just as they are written."""

LIVES = "lives"
"""What is expected of a container while another one is in a namespace of its."""


def desired(stack: Stack, origin: str, builds: Mapping[str, DesiredBuild]) -> Desired:
    """The stack in the canonical shape. `builds` holds what was read of each build's inputs."""
    context = context_of(stack)
    awaited = _awaited(stack)
    services = {
        name: _service(stack, name, service, context, awaited.get(name, set()))
        for name, service in stack.services.items()
    }
    used = {key for service in services.values() for key, _ in service.asked["networks"]}
    networks = {**stack.networks, **({DEFAULT: Network()} if DEFAULT in used and DEFAULT not in stack.networks else {})}
    return Desired(
        stack=stack.name,
        origin=origin,
        folder=stack.folder,
        file=",".join(stack.files),
        inactive=frozenset(stack.inactive),
        services=services,
        images={
            **{image.address: image for image in map(partial(image_named, stack), stack.images)},
            **{image.address: image for service in services.values() for image in mounted_images(service)},
            **{image.address: image for image in _platforms_last(services.values())},
        },
        builds=builds,
        networks={
            key: replace(_thing(key, stack.network_name(key), thing, network.FIELDS), said=key in stack.networks)
            for key, thing in networks.items()
        },
        volumes={
            key: _thing(key, stack.volume_name(key), thing, volume.FIELDS) for key, thing in stack.volumes.items()
        },
        context=context,
        registries=registries_of(stack),
        pushes=pushes_of(stack),
    )


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
        containers={name: key for key, each in stack.services.items() if (name := said(each, "container_name"))},
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


def _awaited(stack: Stack) -> dict[str, set[str]]:
    """Of each service that others wait for, as what they wait for it. One whose namespace others have must live."""
    found: dict[str, set[str]] = {}
    for service in stack.services.values():
        for target, dependency in service.needs.items():
            found.setdefault(target, set()).add(dependency.condition)
        modes = {namespace.row: said(service, namespace.row) for namespace in NAMESPACES}
        for _, kind, target in owners(modes):
            if kind == "service":
                found.setdefault(target, set()).add(LIVES)
    return found


def _service(stack: Stack, name: str, service: ServiceKeys, shared: Context, awaited: set[str]) -> DesiredService:
    context = replace(shared, service=name, hostname=said(service, "hostname") or "")
    rows = {row.name: Written(*found) for row in container.FIELDS if (found := written(service, row))}
    mode = rows["network_mode"].value if "network_mode" in rows else ""
    if network := network_named(mode):
        rows["networks"] = Written("network_mode", {network: Nameless()})
    elif not mode and not (rows["networks"].value if "networks" in rows else ()):
        rows["networks"] = Written("networks", {DEFAULT: Attachment(aliases=())})
    asked = {row.name: canonical_of(row, rows, context) for row in container.FIELDS if row.name != "image"}
    completes = COMPLETED in awaited
    joined = {whose for _, kind, whose in owners(asked) if kind == "service"}
    policy: str = asked["restart"] if "restart" in rows else ""
    return DesiredService(
        name=name,
        replicas=service.replicas,
        image=replace(image_of(stack, name, service), platform=asked["platform"]),
        asked=asked,
        written=rows,
        context=context,
        restarts_with=frozenset(
            target
            for target, dependency in service.needs.items()
            if dependency.restart and target not in joined and target in stack.services
        ),
        depends_on={
            target: dependency.condition for target, dependency in service.needs.items() if target in stack.services
        },
        monitor=service.monitor,
        completes=completes,
        sensitive=stack.sensitive_in(name),
        hidden=hidden_in(stack, name),
        ignored=ignored_in(service),
        ignores_count=ignores_count(service),
        counted=service.counted,
        contents=_watched(service, rows, stack.folder),
        around=_around(stack, name, asked),
        may_exit=completes
        or (awaited.isdisjoint({HEALTHY, LIVES}) and (policy == "no" or policy.startswith("on-failure"))),
    )


def _watched(service: ServiceKeys, said: Mapping[str, Written], folder: str) -> dict[str, BoundContent]:
    """The mounts whose content is a field, by target, before any of it has been read."""
    said_ways = service.own.reload if service.own else {}
    ways = {host_path(key, folder): (key, way) for key, way in said_ways.items()}
    binds = [mount for mount in (said["volumes"].value if "volumes" in said else ()) if mount.type == "bind"]
    found = {mount.target: (mount.source, host_path(mount.source, folder)) for mount in binds}
    return {
        target: BoundContent(written, path, *ways[path]) for target, (written, path) in found.items() if path in ways
    }


def hidden_in(stack: Stack, service: str) -> frozenset[tuple[str, str]]:
    """The rows of a service, with the entry where they are keyed, that a sensitive variable went into."""
    found: set[tuple[str, str]] = set()
    for path in (path[2:] for path in stack.tainted if path[:2] == ("services", service)):
        for row in container.FIELDS:
            for parts in (tuple(name.split(".")) for name in row.names):
                if path[: len(parts)] == parts:
                    found.add((row.name, row.kind.entry_at(path[len(parts) :])))
    return frozenset(found)


def _around(stack: Stack, service: str, asked: Mapping[str, Value]) -> dict[tuple[str, str], Around]:
    """What can be shown of variables and labels into which something sensitive went, or which are URLs that hold user
    info. Of what is sensitive by its own name nothing can.
    """
    own = stack.services[service].own
    names = (*stack.sensitive, *(own.sensitive if own else ()))
    found: dict[tuple[str, str], Around] = {}
    for row in _NAMED_TEXTS:
        for entry, value in asked[row]:
            if not isinstance(value, str) or is_sensitive_name(entry) or is_sensitive_name(entry, names):
                continue
            path = ("services", service, row, entry)
            filled = stack.filled.get(path)
            known = filled if filled and filled.value == value else None
            if (path in stack.tainted and not (known and known.sensitive)) or not (known or "://" in value):
                continue
            text = around(value, known.sensitive, known.others) if known else around(value)
            found |= {(row, entry): text} if text else {}
    return found


def canonical_of(row: Field, said: Mapping[str, Written], context: Context) -> Value:
    """A row as a service says it, or as it is where nothing is said."""
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


def _platforms_last(services: Iterable[DesiredService]) -> list[DesiredImage]:
    """The images that are run: of two services that run one, it is enough that one of them says its platform."""
    return sorted((service.image for service in services), key=lambda image: image.platform)


def mounted_images(service: DesiredService) -> list[DesiredImage]:
    """Those that its mounts show, which are pulled where they are not there."""
    return [DesiredImage(f"image.{reference}", reference) for reference in sorted(images_of(service.asked["volumes"]))]


def image_named(stack: Stack, name: str) -> DesiredImage:
    """An entry of `images`."""
    entry = stack.images[name]
    return DesiredImage(f"image.{name}", with_tag(entry.from_) if entry.from_ else "", entry.pull)


def _thing(key: str, name: str, thing: EngineThing, rows: tuple[Field, ...]) -> DesiredThing:
    asked = {
        row.name: row.kind.normal(value, Context())
        if (value := getattr(thing, row.name, None)) is not None
        else row.unset
        for row in rows
    }
    return DesiredThing(key, name, thing.external, asked, getattr(thing, "protect", False))
