from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from deployer.gitops.agent import Agent
from deployer.gitops.clone import Follow, clone_of
from deployer.gitops.remote import Credentials, remote_of
from deployer.gitops.rules import Rule
from deployer.wiring import Choices
from tests.gitops.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "remote").begin()


@pytest.fixture
def told() -> list[str]:
    """The lines of the agent's log, each after its kind."""
    return []


@pytest.fixture
def agent(repository: Repository, told: list[str], tmp_path: Path) -> Callable[..., Agent]:
    """One that reaches its engine by this."""
    repository.commit({"stack.yaml": "services: {web: {image: x}}"})

    def make(connect: Callable[[Sequence[Any]], Any], interval: float = 0.01) -> Agent:
        remote = remote_of(repository.url)
        clone = clone_of(tmp_path / "state", remote, Follow("main"), Credentials(), None, lambda: False)

        def tell(kind: str, line: str, _: object) -> None:
            told.append(f"{kind}: {line}")

        return Agent(clone, Choices(), Rule(), (), interval, tell, connect)

    return make
