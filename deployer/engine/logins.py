"""The logins that the docker client keeps, in config.json or with a credential helper: read, kept, forgotten.

https://github.com/docker/docker-credential-helpers has the helpers' protocol: what is secret goes through their stdin.
"""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from deployer.engine.locate import read_object
from deployer.errors import Diagnostic, OperationFailed, Unreachable
from deployer.fields.references import HUB
from deployer.resources.login import Login

_KEY_OF_THE_HUB = "https://index.docker.io/v1/"
_TOKEN = "<token>"


def config_file(environment: Mapping[str, str], home: Path) -> Path:
    return Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json"


def kept_login(config: Path, registry: str) -> Login | None:
    """Who one is there, as the docker client would have it. Raises Unreachable where that cannot be read."""
    from docker import auth
    from docker.errors import DockerException

    read = read_object(config)
    if not any(read.get(key) for key in ("auths", "credsStore", "credHelpers")):
        return None
    try:
        with warnings.catch_warnings(action="ignore"):  # a missing helper is an error, too, and that one is shown
            found = auth.load_config(config_dict=deepcopy(read)).resolve_authconfig(registry)
    except (DockerException, ValueError) as error:
        message = f"cannot read the login for {registry}: {error}"
        hint = f"mend {config}, or log in anew: deployer login {registry}"
        raise Unreachable(Diagnostic("registry-login", message, hint=hint)) from error
    said = {name.lower(): value for name, value in (found or {}).items()}
    if token := said.get("identitytoken"):
        return Login("", str(token), is_token=True)
    if said.get("username"):
        return Login(str(said["username"]), str(said.get("password") or ""))
    return None


def registries_with_login(config: Path) -> list[str]:
    """The registries that config.json names; what a helper for all registries has is not asked for."""
    read = read_object(config)
    keys = [*(read.get("auths") or {}), *(read.get("credHelpers") or {})]
    return sorted({_registry(key) for key in keys})


def keep_login(config: Path, registry: str, login: Login) -> str:
    """Keep it where the docker client would; gives the helper's name, "" where it is config.json itself, unencrypted.

    With a helper, config.json has an empty entry, as the docker client writes it.
    """
    key = _key(registry)
    read = read_object(config)
    if helper := _helper(read, key):
        _ask_helper(helper, "store", key, login)
        entry: dict[str, str] = {}
    else:
        from base64 import b64encode

        entry = {"auth": b64encode(f"{login.username}:{login.password}".encode()).decode()}
    _write(config, {**read, "auths": {**_without(read, key), key: entry}})
    return helper


def forget_login(config: Path, registry: str) -> bool:
    """Whether one was kept: in config.json, or with a helper, which config.json then tells of."""
    key = _key(registry)
    read = read_object(config)
    left = _without(read, key)
    known = len(left) < len(read.get("auths") or {})
    helper = _helper(read, key)
    if helper and (known or key in (read.get("credHelpers") or {})):
        _ask_helper(helper, "erase", key)
    if known:
        _write(config, {**read, "auths": left})
    return known


def _key(registry: str) -> str:
    host = registry.partition("/")[0]
    return _KEY_OF_THE_HUB if host in (HUB, f"index.{HUB}", f"registry-1.{HUB}") else host


def _registry(key: str) -> str:
    """The registry of a key; old ones are URLs."""
    host = key.partition("://")[2] or key
    host = host.partition("/")[0]
    return HUB if host in (f"index.{HUB}", f"registry-1.{HUB}") else host


def _without(read: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: entry for name, entry in (read.get("auths") or {}).items() if _registry(name) != _registry(key)}


def _helper(read: Mapping[str, Any], key: str) -> str:
    return str((read.get("credHelpers") or {}).get(key) or read.get("credsStore") or "")


def _ask_helper(helper: str, verb: str, key: str, login: Login | None = None) -> None:
    """`docker-credential-HELPER store|erase`; its words may hold what it was given, so they are not shown."""
    from docker.credentials import Store
    from docker.credentials.errors import StoreError

    with warnings.catch_warnings(action="ignore"):  # a missing helper is an error below
        store = Store(helper)
    try:
        if login:
            store.store(key, _TOKEN if login.is_token else login.username, login.password)
        else:
            store.erase(key)
    except StoreError:
        missing = store.exe is None
        what = "is not there" if missing else f"could not {verb} the login"
        message = f"the credential helper docker-credential-{helper} {what}"
        hint = "install it, or take credsStore and credHelpers out of config.json" if missing else "try it by hand"
        raise OperationFailed(Diagnostic("credential-helper", message, hint=hint)) from None


def _write(config: Path, content: Mapping[str, Any]) -> None:
    """All or nothing, for its owner alone; a link is followed, as the docker client does."""
    target = Path(os.path.realpath(config))
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".config.json-")  # of mode 0600
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(json.dumps(content, indent="\t", ensure_ascii=False))
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        message = f"{config} cannot be written: {error.strerror or error}"
        hint = "make it yours, or name another folder in DOCKER_CONFIG"
        raise OperationFailed(Diagnostic("docker-config", message, hint=hint)) from error
