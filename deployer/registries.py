"""Where registries, and the logins that the docker client keeps for them, meet: for whoever is not pure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.errors import Diagnostic, WrongUsage, did_you_mean
from deployer.home import home
from deployer.wiring import Choices, load_stack

if TYPE_CHECKING:
    from deployer.registry.client import Ping, RegistryClient
    from deployer.resources.login import Login
    from deployer.resources.registries import Registry

_CERTIFICATES = (Path("/etc/docker/certs.d"), home() / ".config/docker/certs.d")
"""Where an engine on this machine looks for the authorities of registries; the second one if it is rootless."""


def docker_config() -> Path:
    """The docker client's config.json, there or not."""
    from deployer.engine.logins import config_file

    return config_file(os.environ, home())


def said_of(choices: Choices, given: str) -> Registry:
    """The registry that a stack's `registries` has under this name or address; else one of which nothing is said.

    Raises WrongUsage where it is neither, DeployerError where the stack cannot be read.
    """
    from deployer.fields.references import names_a_host
    from deployer.project import Project
    from deployer.resources.registries import Registry

    if names_a_host(given.partition("/")[0]) and not choices.files:
        return Registry("", given)
    known = Project(*load_stack(choices)).sources.registries()
    found = next((each for each in known if given in (each.name, each.address)), None)
    if found is None and not names_a_host(given.partition("/")[0]):
        hint = did_you_mean(given, [each.name for each in known], "the stack's registries") or "name its address"
        raise WrongUsage(Diagnostic("undefined-registry", f"no registry is named {given!r}", hint=hint))
    return found or Registry("", given)


def client_of(address: str, *, insecure: bool = False, login: Login | None = None, ca: str = "") -> RegistryClient:
    """A registry, asked as that user, or as nobody; `ca` is a file of an authority of its own."""
    from deployer.registry.client import Endpoint, RegistryClient

    host = address.partition("/")[0]
    authorities = tuple(path for folder in _CERTIFICATES for path in sorted((folder / host).glob("*.crt")))
    named = (Path(ca),) if ca else ()
    return RegistryClient(Endpoint(address, insecure, (*named, *authorities)), login)


def kept_login(address: str) -> Login | None:
    from deployer.engine.logins import kept_login as kept

    return kept(docker_config(), address)


def registries_with_login() -> list[str]:
    from deployer.engine.logins import registries_with_login as registries

    return registries(docker_config())


def log_in(address: str, login: Login, *, insecure: bool = False, ca: str = "") -> tuple[Ping, str]:
    """Let the registry judge the login, then keep it; gives how it answered, and the helper that has it, if any."""
    from deployer.engine.logins import keep_login

    ping = client_of(address, insecure=insecure, login=login, ca=ca).ping()
    return ping, keep_login(docker_config(), address, login)


def log_out(address: str) -> bool:
    """Whether there was a login to forget."""
    from deployer.engine.logins import forget_login

    return forget_login(docker_config(), address)
