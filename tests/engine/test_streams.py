"""Logs and events of a real engine, and the engine behind TCP and TLS."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deployer.engine.client import DockerEngine, connect
from deployer.engine.locate import Location, locate
from deployer.errors import OperationFailed, Unreachable
from deployer.resources.wire import Json, LogLine

pytestmark = pytest.mark.engine

Started = Callable[..., str]
Exited = Callable[[str], Json]


def test_logs_tell_stdout_from_stderr(engine: DockerEngine, started: Started, exited: Exited, name: str):
    """Each line bears the name that was asked for; one without a line end comes, too."""
    exited(started("echo one; sleep 0.1; echo two >&2; sleep 0.1; printf three"))

    assert list(engine.logs(name)) == [
        LogLine(name, "stdout", "one"),
        LogLine(name, "stderr", "two"),
        LogLine(name, "stdout", "three"),
    ]


def test_logs_of_a_terminal_are_lines_as_well(engine: DockerEngine, started: Started, exited: Exited):
    """A container with a tty has no frames."""
    container = started("echo one; echo two >&2", Tty=True)
    exited(container)

    assert [(line.stream, line.text) for line in engine.logs(container)] == [("stdout", "one"), ("stdout", "two")]


def test_following_ends_with_the_container(engine: DockerEngine, started: Started):
    """The lines come while it runs: the first one before the second is written."""
    container = started(
        "echo first; read word < /pipe; echo $word", Entrypoint=["sh", "-c", 'mkfifo /pipe; exec "$@"', "sh"]
    )
    lines = engine.logs(container, follow=True)
    first = next(lines)
    found = engine.container(container)
    assert found
    assert found["State"]["Running"]

    engine.kill_container(container, "KILL")

    assert first.text == "first"
    assert list(lines) == []


def test_the_last_lines_alone_or_those_since(engine: DockerEngine, started: Started, exited: Exited):
    """`tail` counts lines, `since` is a time, `timestamps` begins each line with one."""
    container = started("for i in 1 2 3; do echo $i; sleep 0.3; done")
    exited(container)

    assert [line.text for line in engine.logs(container, tail=2)] == ["2", "3"]
    assert list(engine.logs(container, since=time.time() + 60)) == []
    stamped = [line.text for line in engine.logs(container, timestamps=True)]
    assert [text.split("Z ")[1] for text in stamped] == ["1", "2", "3"]


def test_logs_of_nothing_are_an_error(engine: DockerEngine, name: str):
    """At once, not at the first line."""
    with pytest.raises(OperationFailed, match=f"no container is named {name}"):
        engine.logs(name)


def test_events_are_those_of_the_labels_from_now_on(engine: DockerEngine, started: Started, name: str):
    """Another container's events are not among them."""
    before = started(suffix="-before", Labels={"room": name})
    with engine.events(labels={"room": name}) as events:
        started(suffix="-other", Labels={"room": "other"})
        after = started(suffix="-after", Labels={"room": name})
        seen = [next(events), next(events)]

    assert before != after
    assert [(event["Action"], event["id"]) for event in seen] == [("create", after), ("start", after)]


def test_leaving_ends_the_events_in_another_thread(engine: DockerEngine, name: str):
    """A thread that waits for the next event goes on: no hang, no error."""
    assert left_while_another_thread_waits(engine, name) == []


def left_while_another_thread_waits(engine: DockerEngine, name: str) -> list[object]:
    """What the waiting thread got, when it ended in time."""
    got: list[object] = []

    def wait() -> None:
        try:
            got.extend(events)
        except Exception as error:
            got.append(error)

    with engine.events(labels={"room": name}) as events:
        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        time.sleep(0.3)
        assert thread.is_alive()
    thread.join(5)
    assert not thread.is_alive()
    return got


def test_streams_do_not_take_the_connections_of_others(engine: DockerEngine, name: str):
    """Sixteen streams are open, and requests are answered."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        for _ in range(16):
            stack.enter_context(engine.events(labels={"room": name}))
        assert engine.container(name) is None


def test_an_engine_behind_tcp_is_the_same(tunnel: Callable[..., str], started: Started, name: str):
    """All goes over tcp:// as it does over the socket."""
    container, engine = started("echo hello; sleep 600"), connect(Location(f"tcp://{tunnel()}", "a test"))

    assert next(engine.logs(container, follow=True)).text == "hello"
    assert left_while_another_thread_waits(engine, name) == []
    engine.close()


def test_an_engine_behind_tls_is_asked_with_the_files_of_the_environment(
    tunnel: Callable[..., str], certificates: Path, started: Started, name: str, tmp_path: Path
):
    """DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, as the docker client has them; both sides are checked."""
    engine = connect(behind_tls(tunnel, certificates, certificates, tmp_path))

    assert next(engine.logs(started("echo hello; sleep 600"), follow=True)).text == "hello"
    assert left_while_another_thread_waits(engine, name) == []
    engine.close()


def test_an_engine_with_an_unknown_certificate_is_refused(
    tunnel: Callable[..., str], certificates: Path, tmp_path: Path
):
    """Verification is what DOCKER_TLS_VERIFY asks for."""
    with pytest.raises(Unreachable) as caught:
        connect(behind_tls(tunnel, certificates, tmp_path, tmp_path))

    assert caught.value.diagnostics[0].code == "engine-tls"


def behind_tls(tunnel: Callable[..., str], server: Path, client: Path, home: Path) -> Location:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(server / "cert.pem", server / "key.pem")
    tls.load_verify_locations(server / "ca.pem")
    tls.verify_mode = ssl.CERT_REQUIRED
    environment = {"DOCKER_HOST": f"tcp://{tunnel(tls)}", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(client)}
    return locate(None, None, environment, home)
