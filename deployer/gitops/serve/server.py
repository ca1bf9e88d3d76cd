"""The page and all beside it are served by a thread of their own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlsplit

import uvicorn

from deployer.errors import Diagnostic, OperationFailed, WrongUsage
from deployer.gitops.serve.app import Serving, app_of
from deployer.gitops.serve.hosts import LOOPBACK

_WAITING = 2048


def address_of(said: str) -> tuple[str, int]:
    """`HOST:PORT`, `[::1]:PORT` or a port alone, which means this machine and nobody else. Raises WrongUsage."""
    host, colon, port = said.rpartition(":")
    host = host.strip("[]") if colon else "127.0.0.1"
    if not port.isdecimal() or not int(port) < 65536 or not host:
        hint = "write it as 8080, 127.0.0.1:8080 or 0.0.0.0:8080"
        raise WrongUsage(Diagnostic("listen", f"{said!r} is no address to listen at", hint=hint))
    return host, int(port)


def said(url: str) -> str:
    """Where a page can be opened, in words: 0.0.0.0 and :: are no address of anything."""
    parts = urlsplit(url)
    return f"port {parts.port} on all interfaces" if ip_address(parts.hostname or "").is_unspecified else url


@contextmanager
def served(serving: Serving, address: tuple[str, int]) -> Iterator[str]:
    """Gives the URL of the page, which is there until the end of the block. Raises OperationFailed where another
    program has the port.
    """
    listening = _listening(address)
    host, port = listening.getsockname()[:2]
    if _is_loopback(host):
        serving = replace(serving, hosts=LOOPBACK)
    over = threading.Event()
    config = uvicorn.Config(
        app_of(serving, over.is_set),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=2,
        backlog=_WAITING,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="page", daemon=True)
    thread.start()
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    finally:
        over.set()
        server.should_exit = True
        thread.join(5.0)
        listening.close()


def _listening(address: tuple[str, int]) -> socket.socket:
    try:
        family = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server(address, family=family, backlog=_WAITING)
    except OSError as error:
        message = f"nothing can be served at {address[0]}:{address[1]}: {error.strerror or error}"
        raise OperationFailed(Diagnostic("listen", message, hint="choose another one: --listen HOST:PORT")) from None


def _is_loopback(host: str) -> bool:
    return ip_address(host).is_loopback
