"""Which engine: found as the docker client finds it, by reading the environment and its configuration folder alone."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployer.engine.address import DEFAULT_SOCKET, checked, error_for
from deployer.errors import DeployerError, Diagnostic, Unreachable, WrongUsage, did_you_mean

if TYPE_CHECKING:
    from deployer.engine.ssh import Tunnel


@dataclass(frozen=True, slots=True)
class Tls:
    """The files that a TLS connection needs; without `ca` the system's authorities are trusted."""

    ca: Path | None
    cert: Path | None
    key: Path | None
    verify: bool


@dataclass(frozen=True, slots=True)
class Location:
    """Where an engine listens, and what made us look there (for the hint when it does not answer).

    `looked_at` are the places where none was, when nothing names one. `tunnel` is what carries the requests, once an
    engine is reached by ssh.
    """

    url: str
    chosen_by: str
    tls: Tls | None = None
    looked_at: tuple[str, ...] = ()
    tunnel: Tunnel | None = field(default=None, compare=False)


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
    if current := read_object(folder / "config.json").get("currentContext"):
        return _of_context(str(current), f"currentContext in {folder / 'config.json'}", environment, home, folder)
    return _at_a_socket(environment, home)


def _at(url: str, chosen_by: str, environment: Mapping[str, str], folder: Path) -> Location:
    url = checked(url, chosen_by)
    tls = _tls_of_environment(environment, folder) if url.startswith(("tcp://", "https://")) else None
    if url.startswith("https://"):
        url, tls = f"tcp://{url.removeprefix('https://')}", tls or Tls(None, None, None, verify=True)
    return Location(url, chosen_by, tls)


def _tls_of_environment(environment: Mapping[str, str], folder: Path) -> Tls | None:
    """As the docker client has it: DOCKER_TLS_VERIFY asks for TLS that is verified, DOCKER_TLS for TLS that is not."""
    verify = bool(environment.get("DOCKER_TLS_VERIFY"))
    if not verify and not environment.get("DOCKER_TLS"):
        return None
    named = environment.get("DOCKER_CERT_PATH")
    tls = _tls_in(Path(named or folder), verify)
    if verify and not tls.ca:  # the docker client refuses, too; what DOCKER_TLS_VERIFY means must not hang on a slip
        raise _no_file(Path(named or folder) / "ca.pem", "it says which engines are trusted, as DOCKER_TLS_VERIFY asks")
    return tls


def _tls_in(folder: Path, verify: bool) -> Tls:
    ca, cert, key = (
        path if os.path.isfile(path) else None for path in (folder / f"{name}.pem" for name in ("ca", "cert", "key"))
    )
    if (cert is None) != (key is None):
        missing = folder / ("cert.pem" if cert is None else "key.pem")
        raise _no_file(missing, "the TLS certificate and its key belong together")
    return Tls(ca, cert, key, verify)


def _no_file(path: Path, why: str) -> DeployerError:
    hint = "set DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem"
    return Unreachable(Diagnostic("engine-tls", f"{path} is missing: {why}", hint=hint))


def _of_context(name: str, chosen_by: str, environment: Mapping[str, str], home: Path, folder: Path) -> Location:
    if name == "default":  # the one that is not stored: it means DOCKER_HOST, or the socket
        host = environment.get("DOCKER_HOST")
        return _at(host, "DOCKER_HOST", environment, folder) if host else _at_a_socket(environment, home)
    identity = sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / identity / "meta.json"
    if not os.path.isfile(meta):
        raise _unknown_context(name, chosen_by, folder)
    endpoint: Any = read_object(meta)
    for key in ("Endpoints", "docker"):
        endpoint = endpoint.get(key) if isinstance(endpoint, dict) else None
    if not isinstance(endpoint, dict) or not endpoint.get("Host"):
        hint = "`docker context update` gives it one; or name the engine with --engine"
        raise Unreachable(
            Diagnostic("engine-context", f"the docker context {name!r} names no engine: {meta}", hint=hint)
        )
    located = _at(str(endpoint["Host"]), f"the docker context {name!r} ({chosen_by})", {}, folder)
    skip = bool(endpoint.get("SkipTLSVerify"))
    files = folder / "contexts" / "tls" / identity / "docker"
    if not located.url.startswith("tcp://") or not (os.path.isdir(files) or skip):
        return located
    return Location(located.url, located.chosen_by, _tls_in(files, not skip))


def _unknown_context(name: str, chosen_by: str, folder: Path) -> DeployerError:
    known = ["default", *sorted(_stored(folder / "contexts" / "meta"))]
    hint = did_you_mean(name, known, "contexts here")
    notes = () if hint.startswith("contexts here") else (f"contexts here: {', '.join(known)}",)
    message = f"no docker context is named {name!r} (from {chosen_by})"
    return error_for(chosen_by)(Diagnostic("unknown-context", message, hint=hint, notes=notes))


def _stored(folder: Path) -> set[str]:
    """The names of the contexts that can be read: a broken one has none to tell."""
    found: set[str] = set()
    with suppress(OSError):
        for meta in folder.glob("*/meta.json"):
            with suppress(DeployerError):
                found.add(str(read_object(meta).get("Name", "")))
    return found - {""}


def read_object(path: Path) -> dict[str, Any]:
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
    there = [path for path in known if os.path.exists(path)]  # what we may not even look at is not there
    usable = [path for path in there if os.access(path, os.R_OK | os.W_OK)]
    if not there:
        return Location(f"unix://{DEFAULT_SOCKET}", "nothing that was said", looked_at=tuple(map(str, known)))
    chosen = next(iter([*usable, *there]))
    return Location(f"unix://{chosen}", known[chosen])
