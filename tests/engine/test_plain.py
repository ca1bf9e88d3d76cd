"""Reading over a socket: connections are kept, a lost one is replaced, and docker-py is not needed."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from deployer.engine.client import connect
from deployer.engine.locate import Location
from deployer.engine.plain import Answer, PlainRequests
from deployer.errors import Unreachable
from tests.engine.test_no_answer import VERSION, http


class Server:
    """Answers each request with the next of its answers, the last one for ever; hangs up after so many on a line."""

    def __init__(self, path: Path) -> None:
        self.path, self.answers, self.connections, self.requests = path, [http(b"{}")], 0, list[bytes]()
        self.answered_on_a_line = 1000
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            for _ in range(self.answered_on_a_line):
                request = connection.recv(65536)
                if not request:
                    return
                self.requests.append(request)
                connection.sendall(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "docker.sock")
    yield made
    made.close()


def test_one_connection_serves_one_thread(server: Server):
    """It is kept for the next request."""
    reads = PlainRequests(str(server.path))
    for _ in range(5):
        assert reads.get("/x", {}, 5) == Answer(200, "OK", b"{}")
    assert (server.connections, len(server.requests)) == (1, 5)


def test_a_connection_that_was_closed_meanwhile_is_replaced(server: Server):
    """As the engine does with one that was idle for long; the answer is none the worse."""
    server.answered_on_a_line = 1
    reads = PlainRequests(str(server.path))
    assert [reads.get("/x", {}, 5).status for _ in range(3)] == [200, 200, 200]
    assert server.connections == 3


def test_many_threads_ask_at_once(server: Server):
    """Each gets an answer of its own."""
    reads = PlainRequests(str(server.path))
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda each: reads.get(f"/{each}", {}, 5), range(200))) == {Answer(200, "OK", b"{}")}
    assert server.connections <= 8
    assert len(server.requests) == 200


def test_headers_of_the_docker_clients_configuration_are_sent(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What stands before an engine may ask for them."""
    (tmp_path / "config.json").write_text('{"HttpHeaders": {"X-Gate": "open"}}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    PlainRequests(str(server.path)).get("/x", {}, 5)
    assert b"X-Gate: open\r\n" in server.requests[0]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "engine-garbled"),
        (http(b"<html>It works!</html>"), "engine-garbled"),
        (http(b"[1, 2]"), "engine-garbled"),
        (http(b"<html>no such page</html>", status=b"404 Not Found"), "engine-garbled"),
        (b"", "engine-lost"),
        (http(VERSION[:20], length=len(VERSION)), "engine-lost"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc", "engine-lost"),
    ],
)
def test_what_is_no_engine_is_told_as_over_tcp(server: Server, answer: bytes, code: str):
    """Another protocol, another server, half an answer: never a traceback."""
    server.answers, server.answered_on_a_line = [answer], 1
    with pytest.raises(Unreachable) as caught:
        connect(Location(f"unix://{server.path}", "a test"), 5)
    assert caught.value.diagnostics[0].code == code


def test_an_engine_that_is_silent_is_given_up(tmp_path: Path):
    """After the timeout, and said so."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "docker.sock"))
        silent.listen()
        with pytest.raises(Unreachable) as caught:
            connect(Location(f"unix://{tmp_path}/docker.sock", "a test"), 0.1)
    assert caught.value.diagnostics[0].code == "engine-timeout"


def test_to_read_loads_no_docker_sdk(server: Server):
    """It takes longer to load than all that a plan reads."""
    server.answers = [http(VERSION), http(b"[]")]
    code = f"""
import sys
from deployer.engine.client import connect
from deployer.engine.locate import Location
assert connect(Location("unix://{server.path}", "a test"), 5).containers() == []
sys.exit("docker" in sys.modules or "requests" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
