"""The agent's repository by ssh, which has its key in a file, and knows its host already."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

from deployer.errors import Unreachable
from deployer.gitops.clone import Clone, Follow, clone_of
from deployer.gitops.remote import credentials_of, remote_of
from tests.e2e.sshd import Edge, Sshd
from tests.gitops.repository import Repository

pytestmark = pytest.mark.engine


def clone(state: Path, repository: Repository, sshd: Sshd, key: str) -> Clone:
    remote = remote_of(f"ssh://{getpass.getuser()}@127.0.0.1:{sshd.port}{repository.bare}")
    file = sshd.folder / key
    return clone_of(state, remote, Follow("main"), credentials_of(file.read_text(), remote, file), None, lambda: False)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "remote").begin()


def test_a_key_opens_a_remote(edge: Edge, sshd: Sshd, repository: Repository, tmp_path: Path):
    commit = repository.commit({"stack.yaml": "1"})
    edge.configure(key="stranger")  # what ssh would take of itself
    assert clone(tmp_path / "state", repository, sshd, "id").fetch() == commit


def test_a_key_that_is_not_let_in_is_said(edge: Edge, sshd: Sshd, repository: Repository, tmp_path: Path):
    repository.commit({"stack.yaml": "1"})
    edge.configure(key="stranger")
    with pytest.raises(Unreachable, match="Permission denied"):
        clone(tmp_path / "state", repository, sshd, "stranger").fetch()


def test_a_host_that_is_not_known_is_not_asked(edge: Edge, sshd: Sshd, repository: Repository, tmp_path: Path):
    repository.commit({"stack.yaml": "1"})
    edge.configure(known="")
    with pytest.raises(Unreachable, match="Host key verification failed"):
        clone(tmp_path / "state", repository, sshd, "id").fetch()
