"""Which engine: found as the docker client finds it, by reading the environment and its configuration folder alone."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deployer.errors import DeployerError, Diagnostic, Unreachable, WrongUsage, did_you_mean

DEFAULT_SOCKET = Path("/var/run/docker.sock")


@dataclass(frozen=True, slots=True)
class Tls:
    """The files that a TLS connection needs; without `ca` the system's authorities are trusted."""

    ca: Path | None
    cert: Path | None
    key: Path | None
    verify: bool


@dataclass(frozen=True, slots=True)
class Location:
    """Where an engine listens, and what made us look there (for the hint when it does not answer)."""

    url: str
    chosen_by: str
    tls: Tls | None = None


def locate(engine: str | None, context: str | None, environment: Mapping[str, str], home: Path) -> Location:
    """The engine of --engine, --context, DOCKER_HOST, DOCKER_CONTEXT, current context or socket: the first there is."""
    if engine and context:
        raise WrongUsage(Diagnostic("engine-twice", "--engine and --context both name an engine", hint="give only one"))
    folder = Path(environment.get("DOCKER_CONFIG") or home / ".docker")
    if engine:
        return _at(engine, "--engine", environment, folder)
    if context:
        return _of_context(context, "--context", environment, home, folder)
    if host := environment.get("DOCKER_HOST"):
        return _at(host, "DOCKER_HOST", environment, folder)
    if named := environment.get("DOCKER_CONTEXT"):
        return _of_context(named, "DOCKER_CONTEXT", environment, home, folder)
    if current := _read(folder / "config.json").get("currentContext"):
        return _of_context(str(current), f"currentContext in {folder / 'config.json'}", environment, home, folder)
    return _at_a_socket(environment, home)


def _at(url: str, chosen_by: str, environment: Mapping[str, str], folder: Path) -> Location:
    url = _checked(url, chosen_by)
    tls = _tls_of_environment(environment, folder) if url.startswith("tcp://") else None
    if url.startswith("https://"):
        url, tls = f"tcp://{url.removeprefix('https://')}", tls or Tls(None, None, None, verify=True)
    return Location(url, chosen_by, tls)


def _checked(url: str, chosen_by: str) -> str:
    """The URL with its port; one that cannot be an engine's is an error that says what would be."""
    raw = url.strip()
    if raw.startswith("/"):
        raise _wrong_address(raw, chosen_by, f"a socket is written unix://{raw}")
    scheme, separator, rest = raw.partition("://")
    if not separator:
        scheme, rest = "tcp", raw
    if scheme == "ssh":
        hint = f"forward its socket: ssh -NL /tmp/docker.sock:/var/run/docker.sock {rest}, then DOCKER_HOST=unix:///tmp/docker.sock"
        raise _wrong_address(raw, chosen_by, hint, "engine-ssh", "an engine over ssh:// is not supported yet")
    if scheme == "unix":
        return f"unix://{rest or DEFAULT_SOCKET}" if rest.startswith("/") or not rest else f"unix:///{rest}"
    if scheme not in ("tcp", "http", "https"):
        raise _wrong_address(raw, chosen_by, "an engine is at unix:///path/to/docker.sock or tcp://host:2375")
    return _tcp("https" if scheme == "https" else "tcp", rest, raw, chosen_by)


def _tcp(scheme: str, rest: str, raw: str, chosen_by: str) -> str:
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.password is not None:
        raise _wrong_address(f"{scheme}://{host}", chosen_by, "an engine is asked with TLS files, not with a password")
    if not host or port is None:
        raise _wrong_address(raw, chosen_by, "name host and port, as in tcp://192.168.1.7:2376")
    return f"{scheme}://{rest.rstrip('/')}"


def _wrong_address(url: str, chosen_by: str, hint: str, code: str = "engine-address", what: str = "") -> DeployerError:
    message = f"{what or 'this is no address of an engine'}: {url} (from {chosen_by})"
    return _error_for(chosen_by)(Diagnostic(code, message, hint=hint))


def _error_for(chosen_by: str) -> type[DeployerError]:
    return WrongUsage if chosen_by.startswith("--") else Unreachable


def _tls_of_environment(environment: Mapping[str, str], folder: Path) -> Tls | None:
    """As the docker client has it: DOCKER_TLS_VERIFY asks for TLS that is verified, DOCKER_TLS for TLS that is not."""
    verify = bool(environment.get("DOCKER_TLS_VERIFY"))
    if not verify and not environment.get("DOCKER_TLS"):
        return None
    return _tls_in(Path(environment.get("DOCKER_CERT_PATH") or folder), verify)


def _tls_in(folder: Path, verify: bool) -> Tls:
    ca, cert, key = (
        path if path.is_file() else None for path in (folder / f"{name}.pem" for name in ("ca", "cert", "key"))
    )
    if (cert is None) != (key is None):
        missing = folder / ("cert.pem" if cert is None else "key.pem")
        message = f"{missing} is missing: the TLS certificate and its key belong together"
        raise Unreachable(
            Diagnostic(
                "engine-tls", message, hint="set DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem"
            )
        )
    return Tls(ca, cert, key, verify)


def _of_context(name: str, chosen_by: str, environment: Mapping[str, str], home: Path, folder: Path) -> Location:
    if name == "default":  # the one that is not stored: it means DOCKER_HOST, or the socket
        host = environment.get("DOCKER_HOST")
        return _at(host, "DOCKER_HOST", environment, folder) if host else _at_a_socket(environment, home)
    identity = sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / identity / "meta.json"
    if not meta.is_file():
        raise _unknown_context(name, chosen_by, folder)
    endpoint = _read(meta).get("Endpoints", {}).get("docker", {})
    if not endpoint.get("Host"):
        raise Unreachable(Diagnostic("engine-context", f"the docker context {name!r} names no engine: {meta}"))
    located = _at(str(endpoint["Host"]), f"the docker context {name!r} ({chosen_by})", {}, folder)
    skip = bool(endpoint.get("SkipTLSVerify"))
    files = folder / "contexts" / "tls" / identity / "docker"
    if not located.url.startswith("tcp://") or not (files.is_dir() or skip):
        return located
    return Location(located.url, located.chosen_by, _tls_in(files, not skip))


def _unknown_context(name: str, chosen_by: str, folder: Path) -> DeployerError:
    stored = (str(_read(meta).get("Name", "")) for meta in (folder / "contexts" / "meta").glob("*/meta.json"))
    hint = did_you_mean(name, ["default", *filter(None, stored)], "contexts here")
    return _error_for(chosen_by)(
        Diagnostic("unknown-context", f"no docker context is named {name!r} (from {chosen_by})", hint=hint)
    )


def _read(path: Path) -> dict[str, Any]:
    """A JSON object; {} where there is no file. A broken one is an error: who skips it may change another engine."""
    try:
        read = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Unreachable(
            Diagnostic(
                "docker-config", f"cannot read {path}: {error}", hint="mend it, or name the engine with --engine"
            )
        ) from error
    if not isinstance(read, dict):
        raise Unreachable(
            Diagnostic(
                "docker-config", f"{path} holds no JSON object", hint="mend it, or name the engine with --engine"
            )
        )
    return read


def _at_a_socket(environment: Mapping[str, str], home: Path) -> Location:
    """The first socket that we may use, else the first there is, else the usual one (its error says what to do)."""
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    rootless, desktop = Path(runtime) / "docker.sock", home / ".docker"
    known = {
        DEFAULT_SOCKET: "the default socket",
        rootless: "the socket of a rootless engine",
        desktop / "run" / "docker.sock": "the socket of Docker Desktop",
        desktop / "desktop" / "docker.sock": "the socket of Docker Desktop",
    }
    there = [path for path in known if path.exists()]
    usable = [path for path in there if os.access(path, os.R_OK | os.W_OK)]
    chosen = next(iter([*usable, *there, DEFAULT_SOCKET]))
    return Location(f"unix://{chosen}", known[chosen])
