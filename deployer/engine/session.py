"""A command in a container, over a connection that the engine has handed over: bytes both ways."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

from deployer.engine.errors import engine_errors
from deployer.engine.logs import pieces_of
from deployer.engine.streams import Stream


class Session:
    """One thread reads what the command writes; another one may write what it reads."""

    def __init__(self, stream: Stream, *, tty: bool) -> None:
        self._stream, self._tty = stream, tty
        self._reader, self._socket = stream.connection()

    def output(self) -> Iterator[tuple[str, bytes]]:
        """What it writes, as it comes, until it ends; an engine that dies is Unreachable."""
        return pieces_of(self._chunks(), tty=self._tty)

    def _chunks(self) -> Iterator[bytes]:
        while chunk := self._next():
            yield chunk

    def _next(self) -> bytes:
        with engine_errors(self._stream.doing, self._stream.location):
            return self._reader.read1(65536)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def hang_up(self) -> None:
        self._stream.hang_up()

    def end_input(self) -> None:
        """What it reads ends. Not SSLSocket's shutdown, which takes the TLS state from under the reader."""
        with suppress(OSError):  # the command has ended, and the connection with it
            socket.socket.shutdown(self._socket, socket.SHUT_WR)
