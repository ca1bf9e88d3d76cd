"""Who logs in at a registry, as a header: the stack's own login, else the one that the docker client keeps.

docker-py reads config.json ($DOCKER_CONFIG, else ~/.docker) of whoever runs deployer, and asks the helpers it names.
"""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from deployer.errors import Diagnostic, OperationFailed, Unreachable
from deployer.fields.references import parse_reference
from deployer.resources.login import Login
from deployer.resources.registries import Registry, login_for

if TYPE_CHECKING:
    from docker.api.client import APIClient


NO_LOGIN = {"X-Registry-Auth": base64.urlsafe_b64encode(b"{}").decode()}


def registry_login(api: APIClient, reference: str, registries: Sequence[Registry] = ()) -> dict[str, str]:
    """`X-Registry-Auth` for the registry of an image; empty where nobody logged in."""
    own = login_for(reference, registries)
    return _header(own, parse_reference(reference).host) if own else _of_the_docker_client(api, reference)


def _header(login: Login, host: str) -> dict[str, str]:
    said = {"username": login.username, "password": login.password, "serveraddress": host}
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(said).encode()).decode()}


def _of_the_docker_client(api: APIClient, reference: str) -> dict[str, str]:
    from docker import auth
    from docker.errors import DockerException, InvalidRepository

    try:
        registry, _ = auth.resolve_repository_name(reference)
        with warnings.catch_warnings(action="ignore"):  # a missing helper is an error, too, and that one is shown
            header = auth.get_config_header(api, registry)
    except InvalidRepository as error:
        raise OperationFailed(Diagnostic("image-reference", f"this names no image: {reference}: {error}")) from error
    except (DockerException, ValueError) as error:
        message = f"cannot read the login for the registry of {reference}: {error}"
        raise Unreachable(
            Diagnostic(
                "registry-login", message, hint="`docker login` mends what the docker client keeps in config.json"
            )
        ) from error
    return {"X-Registry-Auth": header.decode() if isinstance(header, bytes) else header} if header else {}
