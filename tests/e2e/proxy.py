"""A proxy on a socket of its own before the engine: it logs every request, and can interfere with those that write."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(slots=True)
class Request:
    """`number` counts the writing requests from 1, and is 0 for the others."""

    method: str
    target: str
    number: int = 0
    body: bytes = b""

    @property
    def path(self) -> str:
        """Without the API version: `/containers/create`."""
        path = unquote(urlsplit(self.target).path)
        return "/" + path.lstrip("/").partition("/")[2] if path.startswith("/v1.") else path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def writes(self) -> bool:
        """All that is no GET, but waiting for a container, which is a POST."""
        return self.method not in ("GET", "HEAD") and not self.path.endswith("/wait")

    @property
    def is_record(self) -> bool:
        """Whether it makes or removes one of the stack's records."""
        return self.path.startswith("/volumes") and (b".deployer.r" in self.body or ".deployer.r" in self.path)


@dataclass(frozen=True, slots=True)
class Instead:
    """What the client gets in the place of the engine's answer, and then the connection is closed: this, or so much of
    what the engine says, from 0 to 1.
    """

    answer: bytes = b""
    part: float = 0.0


Hook = Callable[[Request], Instead | None]

BROKEN = Instead(
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: 28\r\n"
    b"Connection: close\r\n\r\n" + b'{"message":"the disk burns"}'
)


@dataclass(repr=False)
class Proxy:
    """`before` is called with each writing request before the engine sees it, `after` once the engine has begun to
    answer and the client knows nothing of it yet. Either may wait, kill the client, `cut` all connections, or say what
    the client gets instead.
    """

    engine: str
    socket: str
    requests: list[Request] = field(default_factory=list[Request])
    before: Hook = lambda _: None
    after: Hook = lambda _: None
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: list[socket.socket] = field(default_factory=list["socket.socket"])
    _listener: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def written(self) -> list[Request]:
        """The writing requests so far, without those for records."""
        return [request for request in self.requests if request.writes and not request.is_record]

    def forget(self) -> None:
        """Count and log from the start again, and interfere no more."""
        with self._lock:
            self.requests, self._count = [], 0
        self.before = self.after = lambda _: None

    def cut(self) -> None:
        """As an engine that dies: no connection lives on, and no new one is taken."""
        with self._lock:
            if self._listener:
                _hang_up(self._listener)
                self._listener = None
                Path(self.socket).unlink()
            for connection in self._open:
                _hang_up(connection)

    def listen(self) -> None:
        """Begin, or begin again after a `cut`."""
        if self._listener:
            return
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.socket)
        self._listener.listen(1024)  # as many may come at once
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                engine = socket.socket(socket.AF_UNIX)
                engine.connect(self.engine)
                with self._lock:
                    is_cut = self._listener is not listener  # just when it was taken
                    self._open += [client, engine]
                if is_cut:
                    _hang_up(client)
                    _hang_up(engine)
                else:
                    Connection(self, client, engine).start()

    def note(self, request: Request) -> None:
        with self._lock:
            if request.writes:
                self._count += 1
                request.number = self._count
            self.requests.append(request)


class Connection:
    """One client's connection. Requests are read one by one; answers are copied as they come."""

    def __init__(self, proxy: Proxy, client: socket.socket, engine: socket.socket) -> None:
        self.proxy, self.client, self.engine = proxy, client, engine
        self.waiting: Request | None = None

    def start(self) -> None:
        for work in (self._requests, self._answers):
            threading.Thread(target=self._until_closed, args=(work,), daemon=True).start()

    def _until_closed(self, work: Callable[[], None]) -> None:
        with suppress(OSError, ValueError):
            work()
        _hang_up(self.client)
        _hang_up(self.engine)

    def _requests(self) -> None:
        reader = self.client.makefile("rb")
        while head := _head(reader):
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            headers = {name.lower(): value.strip() for name, _, value in map(_header, head.splitlines()[1:])}
            request = Request(method, target)
            length = int(headers.get("content-length", 0))
            if length < 1 << 20:  # a build's context is passed on, but not kept
                request.body = reader.read(length)
            self.proxy.note(request)
            if request.writes:
                if instead := self.proxy.before(request):
                    self._drain(reader, headers, length - len(request.body))
                    self.client.sendall(instead.answer)
                    return
                self.waiting = request
            self.engine.sendall(head + request.body)
            if "upgrade" in headers or headers.get("transfer-encoding") == "chunked":
                _copy(reader.read1, self.engine)  # nothing but bytes from here on
                return
            left = length - len(request.body)
            while left and (data := reader.read1(min(left, 65536))):
                self.engine.sendall(data)
                left -= len(data)

    @staticmethod
    def _drain(reader: BinaryIO, headers: Mapping[str, str], left: int) -> None:
        """Take the body: a client that still sends would not read the answer."""
        reader.read(left)
        if headers.get("transfer-encoding") == "chunked":
            while (size := int(reader.readline().split(b";")[0], 16)) or reader.readline().strip():
                reader.read(size + 2)

    def _answers(self) -> None:
        while data := self.engine.recv(65536):
            if answered := self.waiting:
                self.waiting = None
                if instead := self.proxy.after(answered):
                    self.client.sendall(instead.answer or data[: int(len(data) * instead.part)])
                    return
            self.client.sendall(data)


def _head(reader: BinaryIO) -> bytes:
    """A request's lines, with the empty one that ends them; nothing once the client has hung up."""
    head = b""
    while line := reader.readline():
        head += line
        if line == b"\r\n":
            return head
    return b""


def _header(line: bytes) -> tuple[str, str, str]:
    return line.decode("latin-1").partition(":")


def _copy(read: Callable[[int], bytes], target: socket.socket) -> None:
    while data := read(65536):
        target.sendall(data)


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def proxy_before(engine: str) -> Iterator[Proxy]:
    """A proxy before the engine at that socket, for as long as the context is open."""
    with tempfile.TemporaryDirectory(prefix="proxy-") as folder:  # a socket's path holds 107 bytes at most
        proxy = Proxy(engine, f"{folder}/docker.sock")
        proxy.listen()
        yield proxy
        proxy.forget()
        proxy.cut()
