"""Stacks with names of their own on the engine that DOCKER_HOST names, and a proxy before it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from docker import APIClient
from docker.errors import APIError

from tests.e2e.project import BASE, Project
from tests.e2e.proxy import Proxy, proxy_before
from tests.e2e.sshd import SSH, SSHD, Edge, Sshd, edge_in, sshd_in
from tests.e2e.tls_engine import Certificates, TlsEngine, tls_engine


@pytest.fixture(scope="session")
def engine() -> Iterator[APIClient]:
    """The engine as any other program sees it. These tests are nothing without one, so they fail rather than skip."""
    host = os.environ.get("DOCKER_HOST")
    if not host:
        pytest.fail("DOCKER_HOST is not set: `scripts/engine start` starts an engine and says what to export")
    client = APIClient(host, version="auto")
    if not client.images(BASE):
        pytest.fail(f"the engine has no image {BASE}: scripts/base-images brings it")
    yield client
    client.close()


@pytest.fixture
def make_project(
    engine: APIClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Project]]:
    """Makes projects in folders of their own, under one name that only this test uses unless another is given."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("NO_COLOR", "1")
    ours = f"e2e-{uuid4().hex[:8]}"
    made: list[Project] = []

    def make(folder: str = "shop", name: str = ours) -> Project:
        path = tmp_path / folder
        path.mkdir(parents=True)
        made.append(Project(engine, path, name))
        return made[-1]

    yield make
    for project in made:
        project.remove_everything()


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    return make_project()


@pytest.fixture
def clean_images(engine: APIClient) -> Iterator[None]:
    """The names under registries of this machine, and of what the tests push, that a test leaves on the engine go."""
    before = _registry_names(engine)
    yield
    for name in _registry_names(engine) - before:
        with suppress(APIError):
            engine.remove_image(name)


def _registry_names(engine: APIClient) -> set[str]:
    named = {name for each in engine.images() for key in ("RepoTags", "RepoDigests") for name in each[key] or ()}
    return {name for name in named if name.startswith(("127.", "172.", "192.168.", "peng-"))}


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy before the engine; `--engine proxy.url` goes through it."""
    with proxy_before(os.environ["DOCKER_HOST"].removeprefix("unix://")) as made:
        yield made


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """An sshd on the loopback. scripts/test installs one where that starts no service."""
    if not SSHD or not SSH:
        pytest.skip("needs sshd and ssh (openssh-server, openssh-client)")
    with sshd_in(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def edge(sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edge:
    """`ssh://edge` leads to the sshd, in this process and its children."""
    folder = tmp_path / "edge"
    folder.mkdir()
    made = edge_in(folder, sshd)
    monkeypatch.setenv("PATH", f"{made.bin}:{os.environ['PATH']}")
    return made


@pytest.fixture(scope="session")
def tls_certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    made.make()
    return made.folder


@pytest.fixture(scope="session")
def tls(tls_certificates: Path) -> Iterator[TlsEngine]:
    """A dockerd with certificates."""
    if os.geteuid() or not shutil.which("dockerd") or not shutil.which("docker"):
        pytest.skip("needs dockerd and docker, and to be root")
    with tls_engine(tls_certificates) as running:
        yield running
