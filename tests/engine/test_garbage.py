"""An engine that answers with garbage, with half of an answer or with nothing, once it has told its version: exit 69,
and never a bug of ours.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.engine.client import DockerEngine, connect
from deployer.engine.locate import Location
from deployer.engine.shapes import CONTAINER, misfit
from deployer.errors import DeployerError, Unreachable
from deployer.fields.field import Context
from deployer.resources.inspected import container_of
from tests.engine.conftest import listening
from tests.engine.test_no_answer import VERSION, http

STATE = Path(__file__).parent.parent / "upgrades" / "contents" / "state.json"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
HTML = b"<html>502 Bad Gateway</html>"
GARBAGE = (
    HTML,
    b"",
    b"17",
    b'"text"',
    b"{",
    b"\xff\xfe",
    b"[[]]",
    b'[{"Id": 17}]',
    b'{"Id": 17, "Volumes": {}, "RegistryConfig": 1}',
    b"[" * 99999,
)

ASKED: dict[str, Callable[[DockerEngine], Any]] = {
    "containers": lambda engine: engine.containers(),
    "container": lambda engine: engine.container("web"),
    "image": lambda engine: engine.image("busybox"),
    "images": lambda engine: engine.images("shop/*"),
    "networks": lambda engine: engine.networks(),
    "network": lambda engine: engine.network("front"),
    "volumes": lambda engine: engine.volumes(),
    "volume": lambda engine: engine.volume("data"),
    "settings": lambda engine: engine.takes_as_insecure("127.0.0.1:5000"),
}
MADE: dict[str, Callable[[DockerEngine], Any]] = {
    "container": lambda engine: engine.create_container("web", {}),
    "network": lambda engine: engine.create_network({"Name": "front"}),
    "volume": lambda engine: engine.create_volume({"Name": "data"}),
}


@contextmanager
def engine_that(answers: bytes, folder: Path | None = None, *, holds: bool = False) -> Iterator[DockerEngine]:
    """An engine on loopback, or on a socket in a folder, that tells its version, and then answers just so."""
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        while request := connection.recv(65536):
            known = b" /version " in request
            connection.sendall(http(VERSION) if known else answers)
            if not known:
                over.wait(10 if holds else 0)
                return

    with listening(serve, folder and folder / "engine.sock") as address:
        try:
            yield connect(Location(f"{'unix' if folder else 'tcp'}://{address}", "a test"), timeout=0.5)
        finally:
            over.set()


@pytest.fixture(params=["tcp", "socket"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    """Where the socket lies: what is read over one goes another way than over TCP."""
    return tmp_path if request.param == "socket" else None


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_no_answer_of_an_engine(folder: Path | None, asked: str, body: bytes):
    """No JSON, JSON of another shape, keys that are missing: the request that it answered is named."""
    with engine_that(http(body), folder) as engine, pytest.raises(Unreachable, match="could not ") as caught:
        ASKED[asked](engine)

    assert caught.value.diagnostics[0].code == "engine-garbled"


@pytest.mark.parametrize(
    ("answer", "holds", "code"),
    [
        (HEADERS + b'[{"Id"', False, "engine-lost"),
        (CHUNKED + b"10\r\nabc", False, "engine-lost"),
        (b"", False, "engine-lost"),
        (b"", True, "engine-timeout"),
        (b"HTTP/1.1 200 OK\r\n", True, "engine-timeout"),
        (HEADERS, True, "engine-timeout"),
        (CHUNKED + b"2\r\n[{\r\n", True, "engine-timeout"),
    ],
)
def test_half_an_answer_or_none_is_told_apart(folder: Path | None, answer: bytes, holds: bool, code: str):
    """It breaks off, or it hangs: before its headers, in them, after them, in the body."""
    with engine_that(answer, folder, holds=holds) as engine, pytest.raises(Unreachable) as caught:
        engine.containers()

    assert caught.value.diagnostics[0].code == code


@pytest.mark.parametrize(
    ("body", "code"), [(b"", "engine-lost"), (b"{}", "engine-garbled"), (b'{"StatusCode": null}', "engine-garbled")]
)
def test_a_wait_that_ends_without_an_exit_code_is_no_success(folder: Path | None, body: bytes, code: str):
    """As of an engine that stops meanwhile."""
    sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    with engine_that(CHUNKED + sent, folder) as engine, pytest.raises(Unreachable) as caught:
        engine.exit_of("web")()

    assert caught.value.diagnostics[0].code == code


@pytest.mark.parametrize("status", [b"500 Internal Server Error", b"502 Bad Gateway", b"403 Forbidden"])
def test_an_error_page_of_another_server_is_an_error_of_the_request(folder: Path | None, status: bytes):
    """A proxy on the way that answers for the engine: its text is told, and nothing breaks."""
    with (
        engine_that(http(HTML, status=status), folder) as engine,
        pytest.raises(DeployerError, match="502 Bad Gateway"),
    ):
        engine.containers()


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("body", [HTML, b"[]", b"{}", b'{"Id": null}', b"null"])
def test_garbage_after_a_write_is_no_answer_either(made: str, body: bytes):
    """Nobody knows what was made: recovery finds it by its name."""
    with engine_that(http(body)) as engine, pytest.raises(Unreachable) as caught:
        MADE[made](engine)

    assert caught.value.diagnostics[0].code == "engine-garbled"


INSPECT = json.loads(STATE.read_text())["containers"][0]
VALUES = st.sampled_from([None, True, 17, -1, 0.5, "", "text", [], ["text"], [[]], {}, {"a": []}, [{}]])


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))


@given(st.lists(st.tuples(st.sampled_from(list(paths(INSPECT))[1:]), VALUES), min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_an_inspect_with_anything_in_it_is_read_or_refused(changes: list[tuple[tuple[Any, ...], Any]]):
    """What is of the shape that is asked for becomes a container, or the field that cannot be read is named."""
    inspect = json.loads(json.dumps(INSPECT))
    for (*above, last), value in changes:
        holder = inspect
        for key in above:
            holder = holder[key] if isinstance(holder, dict | list) and _has(holder, key) else None
        if isinstance(holder, dict | list) and _has(holder, last):
            holder[last] = value
    if not misfit(inspect, CONTAINER):
        with suppress(Unreachable):
            assert container_of(inspect, Context()).id == inspect["Id"]


def _has(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else isinstance(key, int) and key < len(holder)


def test_an_engine_that_hangs_is_given_up_in_time(tmp_path: Path):
    """The bound is the silence that is allowed, not the sum of several."""
    began = time.monotonic()
    with engine_that(b"", tmp_path, holds=True) as engine, pytest.raises(Unreachable):
        engine.inspected(["a" * 64, "b" * 64])

    assert time.monotonic() - began < 60
