"""Requests over a socket, without docker-py: in a third of its time, and without loading it."""

from __future__ import annotations

import json
import os
import select
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse, RemoteDisconnected
from pathlib import Path
from types import SimpleNamespace

from deployer.home import home

_LOST = (RemoteDisconnected, ConnectionError)
"""What a connection says that the engine has closed while nobody used it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; the names of its headers are in small letters."""

    status: int
    reason: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)


class PlainRequests:
    """Connections to the engine's socket, kept for the next request; any thread may ask."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._headers = {"User-Agent": "deployer", **_headers_of_the_docker_client()}
        self._idle: list[_Connection] = []

    def get(self, target: str, headers: Mapping[str, str], timeout: float | None) -> Answer:
        """What goes wrong is raised as http.client and the socket have it."""
        while connection := self._kept():
            try:
                return self._ask(connection, "GET", target, headers, timeout)
            except _LOST:  # a GET may be sent again
                continue
        return self._ask(_Connection(self._path), "GET", target, headers, timeout)

    def send(
        self, method: str, target: str, headers: Mapping[str, str], timeout: float | None, body: bytes | None = None
    ) -> Answer:
        """A request that is sent once, whatever becomes of it."""
        while (connection := self._kept()) and connection.was_closed():
            connection.close()
        return self._ask(connection or _Connection(self._path), method, target, headers, timeout, body)

    def open(self, target: str, timeout: float) -> OpenAnswer:
        """The beginning of an answer that comes bit by bit; `timeout` is for the connection alone."""
        connection = _Connection(self._path)
        try:
            connection.timeout = timeout
            connection.connect()
            connection.wait(None)
            connection.request("GET", target, headers=self._headers)
            return OpenAnswer(connection, connection.getresponse())
        except BaseException:
            connection.close()
            raise

    def _kept(self) -> _Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _ask(
        self,
        connection: _Connection,
        method: str,
        target: str,
        headers: Mapping[str, str],
        timeout: float | None,
        body: bytes | None = None,
    ) -> Answer:
        try:
            connection.wait(timeout)
            connection.request(method, target, body, {**self._headers, **headers})
            response = connection.getresponse()
            content = response.read()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)  # closed by the other side, it opens again by itself
        return Answer(response.status, response.reason, content, small(response.headers.items()))

    def close(self) -> None:
        while connection := self._kept():
            connection.close()


def small(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}


class OpenAnswer:
    """So much of a response of requests as a stream needs."""

    def __init__(self, connection: _Connection, response: HTTPResponse) -> None:
        self._connection, self._response = connection, response
        self.status_code, self.reason = response.status, response.reason
        self.raw = SimpleNamespace(_fp=response)

    @property
    def content(self) -> bytes:
        try:
            return self._response.read()
        finally:
            self.close()

    def iter_content(self, chunk_size: int | None) -> Iterator[bytes]:
        while chunk := self._response.read1(chunk_size or 65536):
            yield chunk

    def close(self) -> None:
        self._response.close()
        self._connection.close()


class _Connection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__(host="localhost")
        self._path = path

    def wait(self, timeout: float | None) -> None:
        self.timeout = timeout
        if self.sock:
            self.sock.settimeout(timeout)

    def was_closed(self) -> bool:
        """By the other side: nobody has asked, and there is something to read."""
        return self.sock is not None and bool(select.select([self.sock], [], [], 0)[0])

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _headers_of_the_docker_client() -> dict[str, str]:
    """`HttpHeaders` of its config.json, which it sends with every request; docker-py reads them likewise."""
    path = Path(os.environ.get("DOCKER_CONFIG") or home() / ".docker", "config.json")
    try:
        said = json.loads(path.read_bytes()).get("HttpHeaders")
    except (OSError, ValueError, AttributeError):
        return {}
    return {str(name): str(value) for name, value in said.items()} if isinstance(said, dict) else {}
