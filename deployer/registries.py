"""Where registries, and the logins that the docker client keeps for them, meet: for whoever is not pure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployer.registry.client import Ping, RegistryClient
    from deployer.resources.login import Login

_CERTIFICATES = (Path("/etc/docker/certs.d"), Path.home() / ".config/docker/certs.d")
"""Where an engine on this machine looks for the authorities of registries; the second one if it is rootless."""


def docker_config() -> Path:
    """The docker client's config.json, there or not."""
    from deployer.engine.logins import config_file

    return config_file(os.environ, Path.home())


def client_of(address: str, *, insecure: bool = False, login: Login | None = None) -> RegistryClient:
    """A registry, asked as that user, or as nobody."""
    from deployer.registry.client import Endpoint, RegistryClient

    host = address.partition("/")[0]
    authorities = tuple(path for folder in _CERTIFICATES for path in sorted((folder / host).glob("*.crt")))
    return RegistryClient(Endpoint(address, insecure, authorities), login)


def kept_login(address: str) -> Login | None:
    from deployer.engine.logins import kept_login as kept

    return kept(docker_config(), address)


def registries_with_login() -> list[str]:
    from deployer.engine.logins import registries_with_login as registries

    return registries(docker_config())


def log_in(address: str, login: Login, *, insecure: bool = False) -> tuple[Ping, str]:
    """Let the registry judge the login, then keep it; gives how it answered, and the helper that has it, if any."""
    from deployer.engine.logins import keep_login

    ping = client_of(address, insecure=insecure, login=login).ping()
    return ping, keep_login(docker_config(), address, login)


def log_out(address: str) -> bool:
    """Whether there was a login to forget."""
    from deployer.engine.logins import forget_login

    return forget_login(docker_config(), address)
