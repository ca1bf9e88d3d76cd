"""The registries of a stack in the canonical shape: which of them a name belongs to, who logs in there, its mirrors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from deployer.fields.mounts import host_path
from deployer.fields.references import Reference, parse_reference
from deployer.resources.login import Login
from deployer.stack.model import Stack


@dataclass(frozen=True, slots=True)
class Registry:
    """`name` is its key in the stack file, `service` the service of the stack that it is, "" where it is none. `ca` is
    the file as the stack file names it, `ca_path` where that is. A login is there only where requests are made.
    """

    name: str
    address: str
    insecure: bool = False
    ca: str = ""
    ca_path: str = ""
    service: str = ""
    mirrors: tuple[str, ...] = ()
    login: Login | None = field(default=None, repr=False, compare=False)


def registry_of(
    reference: Reference, registries: Iterable[Registry], having: Callable[[Registry], object] = lambda _: True
) -> Registry | None:
    """The registry that an image belongs to: of those that have what is asked for the one with the longest address."""
    fitting = [each for each in registries if reference.lies_at(each.address) and having(each)]
    return max(fitting, key=lambda each: len(each.address), default=None)


def login_for(reference: str, registries: Iterable[Registry]) -> Login | None:
    """The stack's own login for an image; None leaves it to the docker client's configuration."""
    found = registry_of(parse_reference(reference), registries, lambda each: each.login)
    return found.login if found else None


def service_behind(reference: str, registries: Iterable[Registry]) -> str:
    """The service of this stack that an image comes from; "" where it is none."""
    found = registry_of(parse_reference(reference), registries, lambda each: each.service) if reference else None
    return found.service if found else ""


def allow_insecure(host: str) -> str:
    """How an engine is told to take a registry without TLS, in words."""
    return (
        f'put {{"insecure-registries": ["{host}"]}} into /etc/docker/daemon.json on the engine\'s host, then '
        "`sudo systemctl reload docker`, or SIGHUP to dockerd: no restart is needed"
    )


def trust_ca(host: str, file: str = "") -> str:
    """How an engine is told to trust a registry's authority, in words."""
    what = f"copy {file}" if file else "copy the certificate of its authority"
    return (
        f"the engine does not trust its certificate: {what} to /etc/docker/certs.d/{host}/ca.crt on the engine's host"
    )


def mirrors_of(reference: str, registries: Iterable[Registry]) -> tuple[str, ...]:
    """The mirrors that are tried before the registry of an image, in their order."""
    found = registry_of(parse_reference(reference), registries, lambda each: each.mirrors)
    return found.mirrors if found else ()


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
