"""Stacks with names of their own on the engine that DOCKER_HOST names, and a proxy before it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from docker import APIClient

from tests.e2e.project import BASE, Project
from tests.e2e.proxy import Proxy, proxy_before


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
def proxy() -> Iterator[Proxy]:
    """A proxy before the engine; `--engine proxy.url` goes through it."""
    with proxy_before(os.environ["DOCKER_HOST"].removeprefix("unix://")) as made:
        yield made
