"""A real engine, what tests make on it under names of their own, and broken things that answer in its place."""

from __future__ import annotations

import io
import os
import shutil
import socket
import ssl
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from deployer.engine.client import DockerEngine, connect
from deployer.engine.locate import Location, locate
from deployer.resources.wire import Json
from tests.e2e.registry import PROGRAM, registry_in


@pytest.fixture(scope="session")
def location() -> Location:
    """Where the engine is that the environment names (scripts/engine starts one)."""
    return locate(None, None, os.environ, Path.home())


@pytest.fixture(scope="session")
def engine(location: Location) -> Iterator[DockerEngine]:
    connected = connect(location)
    yield connected
    connected.close()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> Iterator[str]:
    """A name that only this test uses; what is called by it, or begins with it, is removed afterwards."""
    prefix = f"engine-room-{uuid4().hex[:10]}"
    yield prefix
    engine: DockerEngine = request.getfixturevalue("engine")
    for container in engine.containers():
        if any(it.startswith(f"/{prefix}") for it in container["Names"] or []):
            engine.remove_container(container["Id"], force=True, volumes=True)
    for network in engine.networks():
        if network["Name"].startswith(prefix):
            engine.remove_network(network["Id"])
    for volume in engine.volumes():
        if volume["Name"].startswith(prefix):
            engine.remove_volume(volume["Name"])


def tar_of(files: dict[str, bytes | Path]) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, content in files.items():
            data = content.read_bytes() if isinstance(content, Path) else content
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))
    buffer.seek(0)
    return buffer


@pytest.fixture
def context() -> Callable[[dict[str, bytes | Path]], io.BytesIO]:
    """A build context of these files."""
    return tar_of


@pytest.fixture(scope="session")
def busybox(engine: DockerEngine) -> Iterator[str]:
    """An image with a shell, built from nothing; of its own, for what two workers share goes with the one that ends
    first, just when the other is given it.
    """
    binary = Path(shutil.which("busybox") or "/bin/busybox")
    dockerfile = (
        b'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\nCMD ["sh"]\n'
    )
    reference = f"engine-room-busybox:{uuid4().hex[:10]}"
    options = {"t": reference, "nocache": True}
    engine.build(tar_of({"Dockerfile": dockerfile, "busybox": binary}), options, lambda _: None)
    yield reference
    engine.remove_image(reference)


@pytest.fixture
def started(engine: DockerEngine, busybox: str, name: str) -> Callable[..., str]:
    """Start a container of the shell image; gives its id."""

    def start(command: str = "sleep 600", suffix: str = "", **body: object) -> str:
        config = {"Image": busybox, "Cmd": ["sh", "-c", command], "StopSignal": "KILL", **body}
        container = engine.create_container(name + suffix, config)
        engine.start_container(container)
        return container

    return start


@pytest.fixture
def exited(engine: DockerEngine) -> Callable[[str], Json]:
    """Wait until a container has exited; gives its inspect."""

    def wait(container: str) -> Json:
        for _ in range(300):
            found = engine.container(container)
            assert found
            if found["State"]["Status"] == "exited":
                return found
            time.sleep(0.05)
        raise AssertionError(f"{container} still runs")

    return wait


@contextmanager
def listening(serve: Callable[[socket.socket], None], path: Path | None = None) -> Iterator[str]:
    """A server on the loopback, or on a socket at a path, that serves each connection in a thread; gives host:port, or
    the path.
    """
    if path:
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.listen()
    else:
        server = socket.create_server(("127.0.0.1", 0))

    def one(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            serve(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield str(path) if path else "{}:{}".format(*server.getsockname())
    finally:
        # What is closed while a thread waits in accept() does not wake it. A signal does, such as that of a child that
        # ends while Popen holds signals back: the kernel then calls accept() again, by the descriptor's number, which
        # may be another server's by now, and its client gets the answer of this one.
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        thread.join()
        server.close()


@pytest.fixture
def broken() -> Iterator[Callable[..., Location]]:
    """Something that reads a request, sends these bytes and hangs up, or holds the line."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def answering(answer: bytes, hold: bool = False) -> Location:
            released = threading.Event()
            stack.callback(released.set)

            def serve(connection: socket.socket) -> None:
                connection.recv(65536)
                connection.sendall(answer)
                if hold:
                    released.wait(30)

            return Location(f"tcp://{stack.enter_context(listening(serve))}", "a test")

        yield answering


@pytest.fixture
def tunnel(location: Location) -> Iterator[Callable[[ssl.SSLContext | None], str]]:
    """The real engine behind a TCP address, with TLS or without; gives host:port."""
    from contextlib import ExitStack

    if not location.url.startswith("unix://"):
        pytest.skip("the engine is reached by TCP already")
    with ExitStack() as stack:

        def opened(tls: ssl.SSLContext | None = None) -> str:
            def serve(connection: socket.socket) -> None:
                outside = tls.wrap_socket(connection, server_side=True) if tls else connection
                with outside, socket.socket(socket.AF_UNIX) as inside:
                    inside.connect(location.url.removeprefix("unix://"))
                    back = threading.Thread(target=_pump, args=(inside, outside), daemon=True)
                    back.start()
                    _pump(outside, inside)
                    back.join()

            return stack.enter_context(listening(serve))

        yield opened


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as DOCKER_CERT_PATH wants it; its one certificate is authority, server and client."""
    folder = tmp_path_factory.mktemp("certificates")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=engine -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [*command.split(), "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
        check=True,
        capture_output=True,
    )
    shutil.copy(folder / "cert.pem", folder / "ca.pem")
    return folder


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty registry on the loopback of the engine's host; gives host:port."""
    if not PROGRAM:
        pytest.skip("needs docker-registry")
    with registry_in(tmp_path_factory.mktemp("registry")) as made:
        yield made.address
