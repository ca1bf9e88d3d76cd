"""The login that the docker client keeps for a registry, as a header; docker-py reads config.json, asks helpers."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from deployer.errors import Diagnostic, OperationFailed, Unreachable

if TYPE_CHECKING:
    from docker.api.client import APIClient


def registry_login(api: APIClient, reference: str) -> dict[str, str]:
    """`X-Registry-Auth` for the registry of an image; empty where nobody logged in."""
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
