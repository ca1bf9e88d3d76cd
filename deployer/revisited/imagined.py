"""What an engine would have if it had just carried out a stack, and nothing but that."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from deployer.fields import network, volume
from deployer.fields.container import FIELDS
from deployer.fields.field import Field, Value
from deployer.fields.references import parse_reference, with_tag
from deployer.fields.volumes_from import givers
from deployer.plan.images import Recall
from deployer.resources.applied import Applied, Secrecy, decode, encode
from deployer.resources.body import CONTAINER_ROWS, container_body, endpoints
from deployer.resources.builds import inputs_of, references, started_from
from deployer.resources.built import BuiltImage
from deployer.resources.desired import Desired, DesiredService, DesiredThing
from deployer.resources.observed import (
    Observed,
    ObservedContainer,
    ObservedImage,
    ObservedThing,
    RegistryAnswer,
)
from deployer.resources.records import Records
from deployer.resources.wire import EngineInfo

_NEWEST = "999.0"
"""No field is too new for an engine that is none."""


def imagined(desired: Desired, host: str, version: str, salt: str, externals: Desired) -> tuple[Observed, Recall]:
    """The stack, ready in all its parts, and what went into its builds; the networks and volumes that it, or another
    stack, says are others' are there, too. `desired` is salted with the salt.
    """
    archived = {image.reference: image.archive.id for image in desired.images.values() if image.archive}
    ids = {reference: _id(reference) for reference in _base_images(desired)} | archived
    tags = references(desired.builds, ids)
    images = {name: _image(name, ids.get(name, _id(name))) for name in (*ids, *filter(None, tags.values()))}
    for build in desired.builds.values():
        for further in build.tags if tags[build.name] else ():
            images[with_tag(further)] = images[tags[build.name]]
    pushed = {each.reference: images[tags[each.build]] for each in desired.pushes if tags.get(each.build)}
    images |= pushed
    images |= {image.id: image for image in images.values()}
    run = {each.image.address: _reference(each, tags) for each in desired.services.values()}
    containers = {
        name: list(_containers(service, desired, run, images, salt)) for name, service in desired.services.items()
    }
    kept = {
        tags[build.name].rpartition(":")[2]: inputs_of(build, started_from(build, ids, tags) or {})
        for build in desired.builds.values()
    }
    others = [each for each in (*desired.networks.values(), *externals.networks.values()) if each.external]
    volumes = [each for each in (*desired.volumes.values(), *externals.volumes.values()) if each.external]
    observed = Observed(
        engine=EngineInfo(host, version, _NEWEST),
        containers=[each for found in containers.values() for each in found],
        neighbours={},
        networks=_things((*others, *desired.networks.values()), network.FIELDS, desired.origin),
        volumes=_things((*volumes, *desired.volumes.values()), volume.FIELDS, desired.origin),
        images=images,
        registry_answers={},
        records=Records(salt=salt),
        pushed={name: RegistryAnswer(_id(image.id)) for name, image in pushed.items()},
        built=lambda: [BuiltImage(tag, name, images[tag].id, 0.0) for name, tag in tags.items() if tag],
    )
    return observed, lambda _, hash: kept.get(hash)


def moved(desired: Desired, text: Callable[[str], str]) -> Desired:
    """The same with every text that its containers ask for made anew, such as paths."""
    services = {
        name: replace(service, asked={row: cast("Value", _moved(value, text)) for row, value in service.asked.items()})
        for name, service in desired.services.items()
    }
    return replace(desired, services=services)


def _moved(value: Any, text: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, (tuple, frozenset)):
        made = (_moved(each, text) for each in cast("tuple[Any, ...]", value))
        return frozenset(made) if isinstance(value, frozenset) else tuple(made)
    return value


def _base_images(desired: Desired) -> set[str]:
    named = {image.reference for image in desired.images.values() if image.reference}
    return named | {base for build in desired.builds.values() for base in build.bases}


def _id(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _image(reference: str, id: str) -> ObservedImage:
    return ObservedImage(id, (f"{parse_reference(reference).name}@{_id(id)}",), {})


def _reference(service: DesiredService, tags: Mapping[str, str]) -> str:
    kind, _, name = service.image.address.partition(".")
    return tags.get(name, "") if kind == "build" else service.image.reference


def _container_id(service: str, number: int) -> str:
    return hashlib.sha256(f"{service} {number}".encode()).hexdigest()


def _containers(
    service: DesiredService,
    desired: Desired,
    run: Mapping[str, str],
    images: Mapping[str, ObservedImage],
    salt: str,
) -> Iterator[ObservedContainer]:
    reference = run[service.image.address]
    secrecy = Secrecy(salt, service.sensitive, service.hidden)
    contents = {target: each.digest for target, each in service.contents.items() if each.digest}
    image = service.image.reference or service.image.address
    applied = decode(encode(CONTAINER_ROWS, service.asked, secrecy, image, contents), FIELDS)
    networks = {key: service.context.networks.get(key, key) for key, _ in service.asked["networks"]}
    for number in range(1, service.replicas + 1):
        id = _container_id(service.name, number)
        owners = {name: _container_id(name, 1) for name in desired.services}
        body = container_body(desired, service, number, salt=salt, revision=0, anonymous={}, references=owners)
        completed = service.completes
        yield ObservedContainer(
            id=id,
            name=service.container_name(number),
            service=service.name,
            number=number,
            status="exited" if completed else "running",
            exit_code=0,
            health="healthy" if service.asked["healthcheck"] and not completed else "",
            started_at="2000-01-01T00:00:00Z",
            image_id=images[reference].id if reference else "",
            image_reference=reference,
            values={
                **{row.name: row.on_image(service.asked, {}) for row in CONTAINER_ROWS},
                "image": reference,
            },
            network_ids={key: _id(name) for key, name in networks.items()},
            anonymous={},
            applied=applied or Applied(image, {}),
            origin=desired.origin,
            replaces="",
            raw={
                "Id": id,
                "Name": f"/{service.container_name(number)}",
                "Config": {key: value for key, value in body.items() if key not in ("HostConfig", "NetworkingConfig")},
                "HostConfig": body.get("HostConfig", {}),
                "NetworkSettings": {
                    "Networks": {
                        name: {"Aliases": [], **settings, "NetworkID": _id(name)}
                        for name, settings in endpoints(service)
                    }
                },
                "Mounts": list(_mounts(service, desired)),
            },
            mounted_images={
                value[1]: images[desired.images[f"image.{value[1]}"].reference].id
                for _, value in service.asked["volumes"]
                if value[0] == "image" and f"image.{value[1]}" in desired.images
            },
        )


def _mounts(service: DesiredService, desired: Desired) -> Iterator[dict[str, Any]]:
    for kind, name in givers(service.asked["volumes_from"]):
        if kind == "service" and name in desired.services:
            yield from _mounts(desired.services[name], desired)
    for target, value in service.asked["volumes"]:
        kind, source = value[:2]
        if kind in ("bind", "volume") and source:
            yield {"Type": kind, "Name": source, "Source": source, "Destination": target}


def _things(things: tuple[DesiredThing, ...], rows: tuple[Field, ...], origin: str) -> dict[str, ObservedThing]:
    return {
        thing.name: ObservedThing(
            id=_id(thing.name),
            name=thing.name,
            key=thing.key,
            ours=not thing.external,
            origin=None if thing.external else origin,
            values=dict(thing.asked),
            applied=decode(encode(rows, thing.asked), rows),
            raw={"Id": _id(thing.name), "Name": thing.name},
        )
        for thing in things
    }
