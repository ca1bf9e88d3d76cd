"""The engine's edge: no answer, or half of one, leaves this room as a DeployerError that says what to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from deployer.engine.locate import Location
from deployer.engine.tls_errors import is_about_tls, needs_tls, wrong_tls
from deployer.errors import Diagnostic, Unreachable


@contextmanager
def engine_errors(doing: str, location: Location) -> Iterator[None]:
    """Raise what requests, urllib3 and sockets raise as Unreachable: no engine is there, or it gave no whole answer."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, _kinds()):
            raise
        raise Unreachable(no_answer(doing, location, list(_causes(error)))) from error


def _kinds() -> tuple[type[Exception], ...]:
    """What is no whole answer. The errors of requests are OSErrors; urllib3 is loaded only where it carries any."""
    from http.client import HTTPException

    carrier = sys.modules.get("urllib3.exceptions")
    garbage = (json.JSONDecodeError, UnicodeDecodeError, RecursionError)  # nested so deep that nobody can have meant it
    return (OSError, HTTPException, *garbage, *((carrier.HTTPError,) if carrier else ()))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it wraps: requests and urllib3 keep it in `args`, in `reason` or in `__context__`."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [*current.args, getattr(current, "reason", None), current.__cause__, current.__context__]
        waiting += [cause for cause in inner if isinstance(cause, BaseException)]


def no_answer(doing: str, location: Location, causes: list[BaseException]) -> Diagnostic:
    """Which of the ways not to answer this is; the order matters: to be disconnected is a bad status line, too."""
    from http.client import BadStatusLine, IncompleteRead, LineTooLong, UnknownProtocol
    from socket import gaierror

    from requests.exceptions import Timeout
    from urllib3.exceptions import InvalidChunkLength, ProtocolError

    def any_is(*kinds: type[BaseException]) -> BaseException | None:
        return next((cause for cause in causes if isinstance(cause, kinds)), None)

    if location.tunnel and (told := location.tunnel.failure(doing)):
        return told
    if any_is(PermissionError):
        return _not_allowed(location)
    if cause := any_is(FileNotFoundError, ConnectionRefusedError, gaierror):
        return _absent(location, cause)
    if cause := next(filter(is_about_tls, causes), None):
        return wrong_tls(location, cause)
    if any_is(TimeoutError, Timeout):
        return _too_slow(doing, location)
    if any_is(ConnectionError):
        return lost(doing, location)
    if cause := any_is(BadStatusLine, LineTooLong, UnknownProtocol, InvalidChunkLength):
        return garbled(doing, location, str(cause))
    if any_is(IncompleteRead, ProtocolError):
        return lost(doing, location)
    if cause := any_is(ValueError, RecursionError):
        return garbled(doing, location, str(cause))
    return _absent(location, causes[-1])


def _absent(location: Location, cause: BaseException) -> Diagnostic:
    start = "start the engine (sudo systemctl start docker, or Docker Desktop)"
    if location.looked_at:
        hint = f"{start}, or name one with --engine, --context or DOCKER_HOST"
        notes = tuple(f"no socket at {path}" for path in location.looked_at)
        message = "no Docker engine was found: none is named, and none is at the usual places"
        return Diagnostic("engine-unreachable", message, hint=hint, notes=notes)
    reason = getattr(cause, "strerror", None) or str(cause)
    hint = (
        f"that address is from {location.chosen_by}; {start.replace('engine', 'engine there')}, "
        "or name another one with --engine, --context or DOCKER_HOST"
    )
    return Diagnostic("engine-unreachable", f"no Docker engine answers at {location.url}: {reason}", hint=hint)


def _not_allowed(location: Location) -> Diagnostic:
    hint = 'join the group that may: sudo usermod -aG docker "$USER", then log in again; or run a rootless engine'
    return Diagnostic(
        "engine-permission", f"you may not use the Docker engine at {location.url}: permission denied", hint=hint
    )


def _too_slow(doing: str, location: Location) -> Diagnostic:
    hint = "the engine may be overloaded or hang: `docker info` shows whether it answers at all"
    message = f"could not {doing}: the Docker engine at {location.url} did not answer in time"
    return Diagnostic("engine-timeout", message, hint=hint)


def lost(doing: str, location: Location) -> Diagnostic:
    """The engine ended its answer before it was whole."""
    hint = "the engine may have stopped or been restarted; when it answers again, run the command once more"
    message = (
        f"could not {doing}: the Docker engine at {location.url} closed the connection before its answer was whole"
    )
    return Diagnostic("engine-lost", message, hint=hint)


def garbled(doing: str, location: Location, answer: str) -> Diagnostic:
    """Something answers, but it does not speak the Engine API."""
    if "HTTP request to an HTTPS server" in answer:
        return needs_tls(location)
    hint = f"that address is from {location.chosen_by}; check its host and port"
    message = f"could not {doing}: what answers at {location.url} does not speak the Docker Engine API: {answer[:200]}"
    return Diagnostic("engine-garbled", message, hint=hint)
