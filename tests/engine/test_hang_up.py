"""A stream that two threads end at once."""

from __future__ import annotations

import socket
from http.client import HTTPConnection, HTTPResponse

from deployer.engine.locate import Location
from deployer.engine.plain import OpenAnswer
from deployer.engine.streams import Stream


class ClosedMeanwhile(HTTPResponse):
    """Another thread closes it just before, and this is what Python then makes of it."""

    def close(self) -> None:
        super().close()
        raise ValueError("I/O operation on closed file.")


def test_the_thread_that_reads_ends_in_silence_where_another_one_closes_first() -> None:
    here, there = socket.socketpair()
    there.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}\n")
    there.close()
    response = ClosedMeanwhile(here)
    response.begin()
    answer = OpenAnswer(HTTPConnection("localhost"), response)  # pyright: ignore[reportArgumentType]
    assert list(Stream(answer, "listen", Location("unix:///a", "a test")).objects()) == [{}]
    here.close()
