"""GET over a socket, and the whole answer: what a plan asks, in a third of docker-py's time, and without loading it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path

_LOST = (RemoteDisconnected, ConnectionError)
"""What a connection says that the engine has closed while nobody used it."""


class PlainReads:
    """Connections to the engine's socket, kept for the next request; any thread may ask."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._headers = {"User-Agent": "deployer", **_headers_of_the_docker_client()}
        self._idle: list[_Connection] = []

    def get(self, target: str, headers: Mapping[str, str], timeout: float | None) -> tuple[int, str, bytes]:
        """Status, reason and body; what goes wrong is raised as http.client and the socket have it."""
        while self._idle:
            try:
                return self._ask(self._idle.pop(), target, headers, timeout)
            except IndexError:  # another thread took it
                break
            except _LOST:  # a GET may be sent again
                continue
        return self._ask(_Connection(self._path), target, headers, timeout)

    def _ask(
        self, connection: _Connection, target: str, headers: Mapping[str, str], timeout: float | None
    ) -> tuple[int, str, bytes]:
        try:
            connection.wait(timeout)
            connection.request("GET", target, headers={**self._headers, **headers})
            answer = connection.getresponse()
            body = answer.read()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)  # closed by the other side, it opens again by itself
        return answer.status, answer.reason, body

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


class _Connection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__(host="localhost")
        self._path = path

    def wait(self, timeout: float | None) -> None:
        self.timeout = timeout
        if self.sock:
            self.sock.settimeout(timeout)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _headers_of_the_docker_client() -> dict[str, str]:
    """`HttpHeaders` of its config.json, which it sends with every request; docker-py reads them likewise."""
    path = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker", "config.json")
    try:
        said = json.loads(path.read_bytes()).get("HttpHeaders")
    except (OSError, ValueError, AttributeError):
        return {}
    return {str(name): str(value) for name, value in said.items()} if isinstance(said, dict) else {}
