"""The bodies that are sent to the engine, built from the rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from deployer.fields import container, network, volume
from deployer.fields.attachments import endpoint
from deployer.fields.field import Context, Field, Json, put
from deployer.fields.links import on_wire
from deployer.fields.mounts import is_nameless
from deployer.fields.namespaces import owners
from deployer.fields.volumes_from import giver
from deployer.resources import applied, identity
from deployer.resources.desired import Desired, DesiredService, DesiredThing
from deployer.resources.standing import Standing

NOBODY: Mapping[str, str] = MappingProxyType({})

CONTAINER_ROWS = tuple(row for row in container.FIELDS if row.name != "image")


def container_body(
    desired: Desired,
    service: DesiredService,
    number: int,
    *,
    salt: str,
    revision: int,
    anonymous: Mapping[str, str],
    replaces: str = "",
    was: Standing | None = None,
    references: Mapping[str, str] = NOBODY,
    one_off: bool = False,
) -> dict[str, Any]:
    """The create body of one container, less its image, which may not be known before it is built.

    `anonymous` are the volumes without a name that it takes over, by target; `replaces` is the id of its predecessor,
    `was` how that one stood; `references` name the containers of the services whose namespaces or mounts it has. A
    `one_off` is no replica.
    """
    body: dict[str, Any] = {}
    for row in CONTAINER_ROWS:
        said = service.written.get(row.name)
        row.into(body, service.asked[row.name], said.value if said else None, service.context)
    _with_others(body, service, references)
    _take_over(body, service, anonymous)
    body["Labels"] = {**body.get("Labels", {}), **_labels(desired, service, number, salt, revision, one_off)}
    if anonymous:
        body["Labels"][identity.ANONYMOUS] = json.dumps(dict(anonymous), sort_keys=True)
    if replaces:
        body["Labels"][identity.REPLACES] = replaces
    if was:
        body["Labels"][identity.PREDECESSOR] = was.encoded()
    return body


def _with_others(body: dict[str, Any], service: DesiredService, references: Mapping[str, str]) -> None:
    """The containers of other services by the names or ids that they have when this one is created, its endpoint with
    its links.
    """
    for namespace, kind, name in owners(service.asked):
        if kind == "service":
            put(body, namespace.engine, f"container:{references[name]}")
    if mounts := service.asked["volumes_from"]:
        named = (giver(entry) for entry in mounts)
        whose = ((references[name] if kind == "service" else name, mode) for kind, name, mode in named)
        put(body, "HostConfig.VolumesFrom", [f"{name}:{mode}" if mode else name for name, mode in whose])
    if service.asked["networks"]:
        put(body, "NetworkingConfig.EndpointsConfig", dict(_first_endpoints(service)))


def _take_over(body: dict[str, Any], service: DesiredService, anonymous: Mapping[str, str]) -> None:
    """Volumes without a name hold data too: the successor mounts them by the names that the engine gave them."""
    asked = dict(service.asked["volumes"])
    mounts: list[dict[str, Any]] = body.get("HostConfig", {}).get("Mounts", [])
    covered = {target for row in ("volumes", "tmpfs") for target, _ in service.asked[row]}
    covered |= {mount["Target"] for mount in mounts}
    mounts = [
        {**mount, "Source": anonymous[mount["Target"]]}
        if is_nameless(asked.get(mount["Target"], ())) and mount["Target"] in anonymous
        else mount
        for mount in mounts
    ]
    mounts += [
        {"Type": "volume", "Source": name, "Target": target}
        for target, name in anonymous.items()
        if target not in covered
    ]
    if mounts:
        put(body, "HostConfig.Mounts", mounts)


def _labels(
    desired: Desired, service: DesiredService, number: int, salt: str, revision: int, one_off: bool
) -> dict[str, str]:
    secrecy = applied.Secrecy(salt, service.sensitive, service.hidden)
    image = service.image.reference or service.image.address
    contents = {target: content.digest for target, content in service.contents.items() if content.digest}
    label = applied.encode(CONTAINER_ROWS, service.asked, secrecy, image, contents, service.around)
    labels = {
        identity.PROJECT: desired.stack,
        identity.SERVICE: service.name,
        identity.NUMBER: str(number),
        identity.ONEOFF: str(one_off),
        identity.CONFIG_HASH: hashlib.sha256(label.encode()).hexdigest(),
        identity.WORKING_DIR: desired.folder,
        identity.CONFIG_FILES: desired.file,
        identity.ORIGIN: desired.origin,
        identity.APPLIED: label,
        identity.REVISION: str(revision),
    }
    if service.depends_on:
        labels[identity.DEPENDS_ON] = ",".join(
            f"{target}:{condition}:false" for target, condition in sorted(service.depends_on.items())
        )
    named = any(secrecy.hides(row, *pair) for row in applied.NAMED for pair in service.asked[row])
    if service.hidden or named or contents or service.asked["secrets"] or service.asked["configs"]:
        labels[identity.SALT] = salt
    return labels


def endpoints(service: DesiredService) -> list[tuple[str, Json]]:
    """The networks in the order of joining, each with how; links are a part of that."""
    links = on_wire(service.asked, service.context)
    return [
        (service.context.networks.get(key, key), {**endpoint(entry), **({"Links": links} if links else {})})
        for key, entry in service.asked["networks"]
    ]


def _first_endpoints(service: DesiredService) -> list[tuple[str, Json]]:
    """The networks that go with the create: before API 1.44 only one fits into its body; and only there does Engine 28
    take a MAC address.
    """
    first, *others = endpoints(service)
    return [first, *((name, settings) for name, settings in others if "MacAddress" in settings)]


def further_endpoints(service: DesiredService) -> list[tuple[str, Json]]:
    """The networks that are connected after the create."""
    return [(name, settings) for name, settings in endpoints(service)[1:] if "MacAddress" not in settings]


def network_body(desired: Desired, thing: DesiredThing) -> Json:
    return _thing_body(desired, thing, network.FIELDS, identity.NETWORK)


def volume_body(desired: Desired, thing: DesiredThing) -> Json:
    return _thing_body(desired, thing, volume.FIELDS, identity.VOLUME)


def _thing_body(desired: Desired, thing: DesiredThing, rows: tuple[Field, ...], key_label: str) -> Json:
    body: dict[str, Any] = {"Name": thing.name}
    for row in rows:
        row.into(body, thing.asked[row.name], None, Context())
    own = {
        identity.PROJECT: desired.stack,
        key_label: thing.key,
        identity.ORIGIN: desired.origin,
        identity.APPLIED: applied.encode(rows, thing.asked),
    }
    body["Labels"] = {**body.get("Labels", {}), **own}
    return body
