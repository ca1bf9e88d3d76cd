"""What the stacks of an agent share, with a clone in which nothing is yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.gitops.clone import Follow, clone_of
from deployer.gitops.remote import Credentials, remote_of
from deployer.gitops.rules import Rule
from deployer.gitops.shared import Surroundings
from deployer.wiring import Choices


def surroundings_in(folder: Path) -> Surroundings:
    """As each new process has them that finds its clone in this folder."""
    remote = remote_of("https://git.example/me/shop.git")
    clone = clone_of(folder, remote, Follow(), Credentials(), None, lambda: False)
    clone.folder.mkdir(parents=True, exist_ok=True)

    def nothing(*_: object) -> None: ...

    def nobody(_: object) -> None: ...

    return Surroundings(
        clone,
        Choices(),
        Rule(),
        60.0,
        nothing,
        nobody,
        nobody,
        nobody,
        nobody,
        lambda: 0.5,  # type: ignore[arg-type]
    )


@pytest.fixture
def surroundings(tmp_path: Path) -> Surroundings:
    return surroundings_in(tmp_path)
