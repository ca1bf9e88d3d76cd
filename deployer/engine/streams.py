"""An answer that the engine is still giving, as it comes, and a way to end it from any thread."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from io import BufferedIOBase
from typing import TYPE_CHECKING

from deployer.engine.errors import engine_errors
from deployer.engine.locate import Location
from deployer.resources.wire import Json

if TYPE_CHECKING:
    from requests import Response

    from deployer.engine.plain import OpenAnswer


class Stream:
    """The rest of an answer. It is read by one thread; `hang_up` may come from another one and wakes it."""

    def __init__(self, response: Response | OpenAnswer, doing: str, location: Location) -> None:
        self.doing = doing
        self.location = location
        self._response = response
        self._hung_up = False

    def chunks(self) -> Iterator[bytes]:
        """The bytes as the engine sends them. An engine that dies is Unreachable; after `hang_up` they only end."""
        incoming = self._response.iter_content(chunk_size=None)
        try:
            while chunk := self._next(incoming):
                yield chunk
        finally:
            self._close()

    def _close(self) -> None:
        with suppress(ValueError):  # the other thread has closed it at the same moment
            self._response.close()

    def _next(self, incoming: Iterator[bytes]) -> bytes:
        try:
            with engine_errors(self.doing, self.location):
                return next(incoming, b"")
        except Exception:  # after hanging up, whatever the torn connection makes of it
            if self._hung_up:
                return b""
            raise

    def connection(self) -> tuple[BufferedIOBase, socket.socket]:
        """The bare connection, where the engine has handed it over (101): what may have been read ahead is in the
        reader.
        """
        reader = self._response.raw._fp.fp
        return reader, reader.raw._sock

    def objects(self) -> Iterator[Json]:
        """The JSON objects, a line each."""
        rest = b""
        for chunk in self.chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            yield from map(self._object, filter(bytes.strip, lines))
        if rest.strip() and not self._hung_up:
            yield self._object(rest)

    def _object(self, line: bytes) -> Json:
        with engine_errors(self.doing, self.location):
            decoded = json.loads(line)
            if not isinstance(decoded, dict):
                raise json.JSONDecodeError("an object was expected", line.decode(errors="replace"), 0)
            return decoded

    def hang_up(self) -> None:
        """End the stream. Only a shutdown of the socket wakes a thread that reads it; closing waits for that thread."""
        self._hung_up = True
        reader = getattr(getattr(self._response.raw, "_fp", None), "fp", None)
        connection = getattr(getattr(reader, "raw", None), "_sock", None)
        if connection is not None:
            # Gone already is fine. Not SSLSocket's shutdown, which takes the TLS state from under the reader.
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        self._close()
