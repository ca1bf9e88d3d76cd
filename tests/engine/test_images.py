"""Builds, pulls and registries on a real engine: the errors inside the streams are raised, progress is passed on."""

from __future__ import annotations

import base64
import http.server
import json
import os
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

from deployer.engine.client import DockerEngine, connect
from deployer.engine.locate import Location
from deployer.errors import OperationFailed, Unreachable
from deployer.resources.wire import Progress

pytestmark = pytest.mark.engine

Context = Callable[[dict[str, bytes]], BytesIO]


def ignore(_: Progress) -> None:
    pass


@pytest.fixture
def pushed(engine: DockerEngine, registry: str, name: str, context: Context) -> Iterator[str]:
    """An image that is in the registry, and no longer in the engine."""
    repository = f"{registry}/{name}"
    files = {"Dockerfile": b"FROM scratch\nCOPY noise /\n", "noise": os.urandom(1 << 20)}
    engine.build(context(files), {"t": f"{repository}:1"}, ignore)
    engine.push(f"{repository}:1", ignore)
    engine.remove_image(f"{repository}:1")
    yield f"{repository}:1"
    engine.remove_image(f"{repository}:1")


def test_a_build_reports_its_steps_and_gives_the_image(engine: DockerEngine, busybox: str, name: str, context: Context):
    """Each line of output comes under its step; the id is the one that the tag has."""
    dockerfile = f"FROM {busybox}\nARG WHO\nRUN echo hello $WHO; printf 'a\\rb'\nCOPY file /file\n".encode()
    options = {"t": f"{name}:1", "buildargs": {"WHO": "world"}, "labels": {"k": "v"}, "nocache": True}
    reports: list[Progress] = []

    image = engine.build(context({"Dockerfile": dockerfile, "file": b"x"}), options, reports.append)

    found = engine.image(f"{name}:1")
    assert found
    assert (found["Id"], found["Config"]["Labels"]["k"]) == (image, "v")
    assert Progress("Step 3/5", "hello world") in reports
    assert next(report.status for report in reports if report.item == "Step 4/5") == "Step 4/5 : COPY file /file"
    engine.remove_image(image)
    assert engine.image(f"{name}:1") is None


def test_a_target_and_another_dockerfile_are_taken(engine: DockerEngine, busybox: str, context: Context):
    """The options are the query of the build request."""
    dockerfile = f"FROM {busybox} AS one\nENV STAGE=one\nFROM one AS two\nENV STAGE=two\n".encode()

    image = engine.build(
        context({"sub/My.dockerfile": dockerfile}), {"dockerfile": "sub/My.dockerfile", "target": "one"}, ignore
    )

    found = engine.image(image)
    assert found
    assert "STAGE=one" in found["Config"]["Env"]
    engine.remove_image(image)


def test_a_step_that_fails_is_shown_with_its_last_lines(
    engine: DockerEngine, busybox: str, name: str, context: Context
):
    """The command, its exit code, the step, and what it printed last."""
    dockerfile = f"FROM {busybox}\nRUN for i in $(seq 50); do echo line $i; done; printf 'no luck'; exit 3\n".encode()

    with pytest.raises(OperationFailed, match=f"could not build image {name}:1: .*non-zero code: 3") as caught:
        engine.build(context({"Dockerfile": dockerfile}), {"t": f"{name}:1"}, ignore)

    found = caught.value.diagnostics[0]
    assert found.code == "build-failed"
    assert found.notes[0].startswith("Step 2/2 : RUN")
    assert found.notes[1:] == (*(f"line {number}" for number in range(32, 51)), "no luck")


def test_a_step_that_finds_the_disk_full_says_that_it_is(engine: DockerEngine, busybox: str, context: Context):
    """The engine knows no more than its exit code; what fills the disk is for a person to find."""
    dockerfile = f"FROM {busybox}\nRUN echo 'sh: write error: No space left on device'; exit 1\n".encode()

    with pytest.raises(OperationFailed, match="No space left on device") as caught:
        engine.build(context({"Dockerfile": dockerfile}), {}, ignore)

    found = caught.value.diagnostics[0]
    assert found.code == "no-space"
    assert "docker system df" in found.hint


@pytest.mark.parametrize(
    ("dockerfile", "code", "reason"),
    [
        (b"FROM scratch\nCOPY nothing /\n", "build-failed", "nothing"),
        (b"FROM scratch\nNONSENSE\n", "build-failed", "NONSENSE"),
        (b"", "build-failed", "empty"),
        (b"FROM 127.0.0.1:1/nothing\n", "registry-unreachable", "127.0.0.1:1"),
    ],
)
def test_a_build_that_cannot_be_is_refused(
    engine: DockerEngine, context: Context, dockerfile: bytes, code: str, reason: str
):
    """A missing file is no missing image, and a registry out of reach is one in a build, too."""
    with pytest.raises((OperationFailed, Unreachable), match=reason) as caught:
        engine.build(context({"Dockerfile": dockerfile}), {}, ignore)

    assert caught.value.diagnostics[0].code == code


def test_a_push_gives_the_digest_that_the_registry_has_then(engine: DockerEngine, pushed: str):
    """The image's own digest in that repository is the same; pushed again, nothing is sent."""
    engine.pull(pushed, ignore)
    reports: list[Progress] = []

    digest = engine.push(pushed, reports.append)

    found = engine.image(pushed)
    assert found
    assert digest == engine.registry_digest(pushed)
    assert f"{pushed.rpartition(':')[0]}@{digest}" in found["RepoDigests"]
    assert "Layer already exists" in {report.status for report in reports}


def test_an_error_inside_a_push_is_raised(engine: DockerEngine, busybox: str):
    """The engine has answered 200 by then."""
    engine.tag(busybox, "127.0.0.1:1/engine-room", "1")

    with pytest.raises(Unreachable, match=r"could not push image 127\.0\.0\.1:1/engine-room:1: .*refused") as caught:
        engine.push("127.0.0.1:1/engine-room:1", ignore)

    assert caught.value.diagnostics[0].code == "registry-unreachable"
    engine.remove_image("127.0.0.1:1/engine-room:1")


def test_a_pull_reports_its_layers(engine: DockerEngine, pushed: str):
    """By layer, with the bytes; then the image is there and the registry's digest is its own."""
    reports: list[Progress] = []

    engine.pull(pushed, reports.append)

    found = engine.image(pushed)
    assert found
    layer = next(report.item for report in reports if report.status == "Pull complete")
    assert any(report.item == layer and report.done == report.total > 1 << 20 for report in reports)
    digest = engine.registry_digest(pushed)
    assert digest
    assert f"{pushed.rpartition(':')[0]}@{digest}" in found["RepoDigests"]


def test_a_pull_by_digest_gives_that_image(engine: DockerEngine, pushed: str):
    """With the tag before it or without."""
    repository, digest = pushed.rpartition(":")[0], engine.registry_digest(pushed)

    for reference in (f"{repository}@{digest}", f"{pushed}@{digest}"):
        engine.pull(reference, ignore)

    assert engine.image(f"{repository}@{digest}")
    assert engine.image(pushed) is None
    engine.remove_image(f"{repository}@{digest}")


def test_no_tag_means_latest_and_not_all_of_them(engine: DockerEngine, pushed: str):
    """The engine itself would pull every tag."""
    with pytest.raises(OperationFailed, match="latest") as caught:
        engine.pull(pushed.rpartition(":")[0], ignore)

    assert caught.value.diagnostics[0].code == "image-not-found"
    assert engine.image(pushed) is None


def test_a_tag_that_the_registry_lacks_is_not_found(engine: DockerEngine, pushed: str):
    """Pulling it is an error; asking for its digest gives nothing."""
    with pytest.raises(OperationFailed) as caught:
        engine.pull(f"{pushed}-none", ignore)

    assert caught.value.diagnostics[0].code == "image-not-found"
    assert engine.registry_digest(f"{pushed}-none") is None


def test_a_registry_out_of_reach_is_unreachable(engine: DockerEngine):
    """For a pull and for a digest: exit 69, and the hint says from where it must be reached."""
    for ask in (lambda: engine.pull("127.0.0.1:1/x:1", ignore), lambda: engine.registry_digest("127.0.0.1:1/x:1")):
        with pytest.raises(Unreachable, match="connection refused") as caught:
            ask()
        assert caught.value.diagnostics[0].code == "registry-unreachable"
        assert "from the engine's host" in caught.value.diagnostics[0].hint


@pytest.fixture
def guarded() -> Iterator[tuple[str, list[str]]]:
    """A door that lets nobody in: its host:port, and what was shown to it."""
    shown: list[str] = []

    class Door(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers.get("Authorization", ""))
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="door"')
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}", shown
        server.shutdown()
        thread.join()


def test_a_registry_that_wants_a_login_says_which(engine: DockerEngine, guarded: tuple[str, list[str]]):
    """Nobody is logged in: exit 69, with the command to type."""
    door, _ = guarded

    with pytest.raises(Unreachable) as caught:
        engine.pull(f"{door}/x:1", ignore)

    found = caught.value.diagnostics[0]
    assert (found.code, found.hint) == ("registry-login", f"`deployer login {door}` with an account that may")


@pytest.mark.parametrize("helper", [False, True])
def test_the_login_of_the_docker_client_is_used(
    location: Location,
    guarded: tuple[str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    helper: bool,
):
    """From config.json itself, or from the credential helper that it names; the password stays out of the error."""
    door, shown = guarded
    program = tmp_path / "docker-credential-room"
    answer = json.dumps({"ServerURL": door, "Username": "me", "Secret": "hunter2"})
    program.write_text(f"#!/bin/sh\ncat >/dev/null\necho '{answer}'\n")
    program.chmod(0o755)
    kept = (
        {"credHelpers": {door: "room"}}
        if helper
        else {"auths": {door: {"auth": base64.b64encode(b"me:hunter2").decode()}}}
    )
    (tmp_path / "config.json").write_text(json.dumps(kept))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    engine = connect(location)

    with pytest.raises(Unreachable) as caught:
        engine.pull(f"{door}/x:1", ignore)

    assert "Basic " + base64.b64encode(b"me:hunter2").decode() in shown
    assert "hunter2" not in repr(caught.value.diagnostics)
    engine.close()


def test_a_credential_helper_that_is_missing_is_named(
    location: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A stale config.json is the usual cause."""
    (tmp_path / "config.json").write_text('{"credsStore": "nonsuch"}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    engine = connect(location)

    with pytest.raises(Unreachable, match="docker-credential-nonsuch"):
        engine.pull("127.0.0.1:1/x:1", ignore)

    engine.close()


def test_an_image_is_not_found_by_a_part_of_its_id(engine: DockerEngine, busybox: str):
    """An image called `cafe` must not be mistaken for one whose id begins with cafe."""
    found = engine.image(busybox)
    assert found
    whole = found["Id"].removeprefix("sha256:")

    assert engine.image(found["Id"]) == engine.image(whole) == found
    assert engine.image(whole[:12]) is None
    engine.remove_image(whole[:12])
    assert engine.image(busybox)
