"""What is said when no engine answers, or not as one: each way has a code of its own, and all mean exit 69."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from deployer.engine.client import connect
from deployer.engine.locate import Location, Tls
from deployer.errors import Diagnostic, Exit, Unreachable

VERSION = b'{"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10"}'
Broken = Callable[..., Location]


def http(body: bytes, length: int | None = None, status: bytes = b"200 OK") -> bytes:
    size = str(len(body) if length is None else length).encode()
    return b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\nContent-Length: " + size + b"\r\n\r\n" + body


def failure(location: Location, timeout: float = 5) -> Diagnostic:
    with pytest.raises(Unreachable) as caught:
        connect(location, timeout)
    assert caught.value.exit_code == Exit.UNREACHABLE
    return caught.value.diagnostics[0]


def test_a_missing_socket_is_no_engine_and_the_hint_says_who_chose_it(tmp_path: Path):
    """The usual mistake: an engine that was not started, or a stale DOCKER_HOST."""
    found = failure(Location(f"unix://{tmp_path}/none.sock", "DOCKER_HOST"))

    assert found.code == "engine-unreachable"
    assert found.message == f"no Docker engine answers at unix://{tmp_path}/none.sock: No such file or directory"
    assert "from DOCKER_HOST" in found.hint


def test_a_socket_that_nobody_serves_is_no_engine(tmp_path: Path):
    """An engine that was killed leaves its socket behind."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead.sock"))

    assert failure(Location(f"unix://{tmp_path}/dead.sock", "a test")).code == "engine-unreachable"


def test_a_closed_port_is_no_engine():
    """Nothing listens there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    found = failure(Location(f"tcp://127.0.0.1:{port}", "--engine"))

    assert found.code == "engine-unreachable"
    assert found.message.endswith("Connection refused")


def test_a_name_that_cannot_be_looked_up_is_no_engine():
    """`.invalid` never resolves."""
    assert failure(Location("tcp://engine.invalid:2375", "a test")).code == "engine-unreachable"


def test_a_socket_that_is_not_ours_names_the_group(tmp_path: Path):
    """The user is not in the docker group: the hint says how to join."""
    path = tmp_path / "theirs.sock"
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(path))
        theirs.listen()
        path.chmod(0o600)
        tmp_path.chmod(0o755)
        found = as_nobody(lambda: failure(Location(f"unix://{path}", "a test")), tmp_path)

    assert found.code == "engine-permission"
    assert "usermod -aG docker" in found.hint


def as_nobody(ask: Callable[[], Diagnostic], folder: Path) -> Diagnostic:
    """Run `ask` without root's rights, as root may use any socket."""
    if os.geteuid():
        pytest.skip("only root can leave its rights for a moment")
    modes = {parent: parent.stat().st_mode for parent in folder.parents}
    import docker.api.client  # noqa: F401 - what belongs to root may not be readable later

    for parent, mode in modes.items():
        parent.chmod(mode | 0o005)
    os.seteuid(65534)
    try:
        return ask()
    finally:
        os.seteuid(0)
        for parent, mode in modes.items():
            parent.chmod(mode)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "engine-garbled"),
        (b"\x00\xff" * 50, "engine-garbled"),
        (http(b"<html>It works!</html>"), "engine-garbled"),
        (http(b"[1, 2]"), "engine-garbled"),
        (http(b"{}"), "engine-garbled"),
        (http(b'{"ApiVersion": 1.41, "MinAPIVersion": 1.12}'), "engine-garbled"),
        (http(b"<html>no such page</html>", status=b"404 Not Found"), "engine-garbled"),
        (http(b"Client sent an HTTP request to an HTTPS server.", status=b"400 Bad Request"), "engine-tls"),
        (b"", "engine-lost"),
        (http(VERSION[:20], length=len(VERSION)), "engine-lost"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc", "engine-lost"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{  \r\n", "engine-lost"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", "engine-garbled"),
        (http(b'{"ApiVersion": "1.24", "MinAPIVersion": "1.12", "Version": "1.12"}'), "engine-version"),
        (http(b'{"ApiVersion": "9.1", "MinAPIVersion": "9.0", "Version": "99"}'), "engine-version"),
    ],
)
def test_what_is_no_engine_or_breaks_off_is_told_apart(broken: Broken, answer: bytes, code: str):
    """Another protocol, another server, half an answer, an engine too old or too new: never a traceback."""
    assert failure(broken(answer)).code == code


def test_an_engine_too_old_is_told_its_version_and_what_is_needed(broken: Broken):
    """20.10, whose API is 1.41, is the oldest that has what deployer asks for."""
    found = failure(broken(http(b'{"ApiVersion": "1.40", "MinAPIVersion": "1.12", "Version": "19.03.15"}')))

    assert "(19.03.15, API 1.40) is too old" in found.message
    assert "needs Docker Engine 20.10 (API 1.41) or newer" in found.hint


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n", http(VERSION[:20], length=len(VERSION))])
def test_an_engine_that_hangs_is_given_up(broken: Broken, answer: bytes):
    """After the timeout, wherever in its answer it stopped."""
    assert failure(broken(answer, hold=True), timeout=0.3).code == "engine-timeout"


def test_an_engine_without_tls_is_said_to_have_none(broken: Broken, certificates: Path):
    """TLS asked of a port that speaks plain HTTP."""
    files = [certificates / f"{name}.pem" for name in ("ca", "cert", "key")]
    location = Location(broken(b"HTTP/1.1 400 Bad Request\r\n\r\n").url, "a test", Tls(*files, verify=True))

    found = failure(location)

    assert found.code == "engine-tls"
    assert "does not speak TLS" in found.message


def test_a_stream_that_breaks_off_is_an_error():
    """An engine that dies in the middle of a pull must not look like the end of the pull."""
    location, pulled = broken_after_version(b'{"status":"Pulling from x"}\n', b"{"), list[str]()

    with pytest.raises(Unreachable, match=r"could not pull image x: .* closed the connection") as caught:
        connect(location).pull("x", lambda progress: pulled.append(progress.status))

    assert caught.value.diagnostics[0].code == "engine-lost"
    assert pulled == ["Pulling from x"]


def test_a_stream_of_something_else_is_an_error():
    """A line that is no JSON object is not passed over."""
    with pytest.raises(Unreachable) as caught:
        connect(broken_after_version(b"[1]\n")).pull("x", lambda _: None)

    assert caught.value.diagnostics[0].code == "engine-garbled"


def broken_after_version(*chunks: bytes) -> Location:
    """One connection: the version is answered, the next request gets chunks and then nothing more."""
    stream = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    answers = [http(VERSION), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + stream]
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with server, connection:
            for answer in answers:
                connection.recv(65536)
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return Location("tcp://{}:{}".format(*server.getsockname()), "a test")


def test_a_login_that_cannot_be_read_names_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A config.json with a broken login is an error that names the file, and no secret. What only reads over a socket
    needs no login.
    """
    (tmp_path / "config.json").write_text('{"auths": {"r": {"auth": "aHVudGVyMg=="}}}')  # no colon in it
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    found = failure(Location("tcp://127.0.0.1:1", "a test"))

    assert found.code == "docker-config"
    assert "hunter2" not in repr(found)
