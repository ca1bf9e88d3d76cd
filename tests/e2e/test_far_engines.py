"""Engines behind ssh and TLS: the flask example from apply to destroy, and what a stack may ask of one elsewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from docker import APIClient

from deployer.resources.wire import EngineInfo
from tests.e2e.project import ROOT, Project, fetched, free_port, sleeper
from tests.e2e.sshd import Edge
from tests.e2e.tls_engine import TlsEngine

pytestmark = pytest.mark.engine
PYTHON = "python:3.11-slim"


@pytest.fixture(params=["ssh", "tls"])
def flask(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A copy of the example, whose engine is the one that DOCKER_HOST names from now on."""
    here = os.environ["DOCKER_HOST"]
    if request.param == "ssh":
        edge: Edge = request.getfixturevalue("edge")
        client = APIClient(here, version="auto")
        monkeypatch.setenv("DOCKER_HOST", edge.url(here))
    else:
        tls: TlsEngine = request.getfixturevalue("tls")
        tls.take_image(here, PYTHON)
        client = APIClient(f"unix://{tls.socket}", version="auto")
        for name, value in tls.environment().items():
            monkeypatch.setenv(name, value)
    folder = shutil.copytree(ROOT / "examples" / "flask", tmp_path / "flask")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    project = Project(client, folder, f"e2e-{uuid4().hex[:8]}")
    yield project
    project.remove_everything()
    client.close()


def test_the_flask_example_lives_and_dies_on_an_engine_elsewhere(
    flask: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Applied it answers, its plan is empty, its logs are followed from there, destroyed nothing is left."""
    port = free_port()
    monkeypatch.setenv("WEB_PORT", str(port))
    named = ("-p", flask.name)

    applied = flask.run_apart("apply", "--yes", *named)
    assert applied.code == 0, applied.err
    assert f"{flask.name} on {os.environ['DOCKER_HOST']} (" in applied.out
    assert "hello docker" in fetched(port)
    assert flask.run_apart("plan", "--detailed-exitcode", *named).code == 0
    assert "GET /" in flask.run_apart("logs", "web", *named).out
    destroyed = flask.run_apart("destroy", "--yes", "--volumes", *named)
    assert destroyed.code == 0, destroyed.err
    assert not flask.containers() | flask.networks() | flask.volumes() | flask.records()


def test_a_relative_bind_is_refused_on_an_engine_elsewhere(project: Project, edge: Edge) -> None:
    """That folder is on this machine: the engine would make an empty one on its own. Error 65 at its line."""
    project.write({"web": sleeper(volumes=["/etc:/mnt/etc:ro", "./conf:/etc/web"])})

    refused = project.run("plan", "--engine", edge.url(os.environ["DOCKER_HOST"]))

    assert refused.code == 65
    assert "error[bind-elsewhere]" in refused.err
    assert f"stack.yaml:{project.lines['services.web.volumes']}" in refused.err
    assert "services.web mounts ./conf, which is on this machine" in refused.err
    assert refused.err.count("error[") == 1, "the absolute one is fine"


def test_an_absolute_bind_is_the_engines_own_affair(project: Project, edge: Edge) -> None:
    project.write({"web": sleeper(volumes=["/etc:/mnt/etc:ro"])})

    assert project.run("plan", "--engine", edge.url(os.environ["DOCKER_HOST"])).code == 0


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("unix:///var/run/docker.sock", True),
        ("tcp://127.0.0.1:2376", True),
        ("tcp://[::1]:2376", True),
        ("ssh://me@localhost:2222", True),
        ("tcp://127.0.0.1.example.com:2376", False),
        ("tcp://10.0.0.7:2376", False),
        ("ssh://edge", False),
    ],
)
def test_a_socket_and_the_loopback_are_this_machine(address: str, here: bool) -> None:
    """The address alone decides whether relative paths mean the same there."""
    assert EngineInfo(address, "28", "1.51").is_here is here
