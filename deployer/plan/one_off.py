"""A container that runs one command with a service's settings, beside its replicas and never one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from deployer.fields.container import BY_NAME
from deployer.fields.field import Json, put
from deployer.plan.copies import copies_of
from deployer.plan.owners import owners_of
from deployer.plan.steps import NewContainer
from deployer.resources.as_read import salted
from deployer.resources.body import container_body, further_endpoints
from deployer.resources.desired import Desired, DesiredService, Written
from deployer.resources.observed import Observed


@dataclass(frozen=True, slots=True)
class OneOff:
    """What is asked of it besides what its service says.

    `said` are rows by name, as a stack file would write them, in place of the service's; `environment`, `volumes` and
    `ports` are added to it. Its own ports are published only where it is to have the `service_ports`.
    It is to `remove` itself at its end.
    """

    said: Mapping[str, Any]
    environment: Mapping[str, str | None]
    volumes: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    service_ports: bool = False
    remove: bool = False


@dataclass(frozen=True, slots=True)
class NewOneOff:
    """The create, and the networks that are connected after it, each with how."""

    new: NewContainer
    connects: tuple[tuple[str, Json], ...]


def new_one_off(desired: Desired, observed: Observed, name: str, wish: OneOff) -> NewOneOff:
    """What is created for a service. Raises pydantic's ValidationError where something that is asked for is none."""
    desired = salted(desired, observed.records.salt)
    service = adapted(desired.services[name], wish)
    body = container_body(
        desired,
        service,
        1,
        salt=observed.records.salt,
        revision=observed.records.revision,
        anonymous={},
        references={name: owner.reference for name, owner in owners_of(service, {}, observed).items()},
        one_off=True,
    )
    body["StdinOnce"] = bool(wish.said.get("stdin_open"))  # or the end of our input would not be the end of its
    put(body, "HostConfig.AutoRemove", wish.remove)
    connects = tuple(further_endpoints(service)) if service.asked["networks"] else ()
    return NewOneOff(NewContainer(body, service.image.address, copies_of(service)), connects)


def adapted(service: DesiredService, wish: OneOff) -> DesiredService:
    """The service as a one-off has it: it ends when its command does, and nobody who asks for the service reaches it.

    So it has none of the service's names and addresses in networks, nor its hostname, which is a name there too (API
    below 1.45 and Engine 26).
    """
    written = {name: said for name, said in service.written.items() if name not in ("restart", "hostname")}
    asked = {**service.asked, "restart": BY_NAME["restart"].unset, "hostname": BY_NAME["hostname"].unset}
    if not wish.service_ports:
        for name in ("ports", "publish_all"):
            written.pop(name, None)
            asked[name] = BY_NAME[name].unset
    if "entrypoint" in wish.said and "command" not in wish.said:
        written.pop("command", None)
        asked["command"] = BY_NAME["command"].unset
    for name, value in _rows(written, wish):
        written[name] = Written(name, value)
        asked[name] = BY_NAME[name].kind.normal(value, service.context)
    asked["networks"] = tuple((key, ()) for key, _ in asked["networks"])
    return replace(service, asked=asked, written=written)


def _rows(written: Mapping[str, Written], wish: OneOff) -> Iterator[tuple[str, Any]]:
    """Each row that the wish changes, with its value as the model has it."""
    for name, value in wish.said.items():
        yield name, _read(name, value)
    for name, added in (("volumes", wish.volumes), ("ports", wish.ports)):
        if added:
            own = written[name].value if name in written else ()
            yield name, (*own, *_read(name, list(added)))
    if wish.environment:
        had: Mapping[str, str | None] = written["environment"].value if "environment" in written else {}
        yield "environment", {**had, **_read("environment", dict(wish.environment))}


def _read(row: str, value: Any) -> Any:
    return TypeAdapter[Any](BY_NAME[row].kind.written).validate_python(value)
