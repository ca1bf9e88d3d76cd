"""Which commit a stack file is of, and whether its checkout is dirty."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deployer.sources.commit import commit_of


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    done = subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "stack.yaml").write_text("services: {}\n")
    (tmp_path / ".gitignore").write_text("ignored\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_a_clean_checkout_is_its_commit(checkout: Path):
    (checkout / "ignored").write_text("x")
    assert commit_of(checkout) == (git(checkout, "rev-parse", "HEAD"), False)


@pytest.mark.parametrize("name", ["stack.yaml", "new.txt"])
def test_what_is_changed_or_unknown_to_git_makes_it_dirty(checkout: Path, name: str):
    (checkout / name).write_text("other")
    assert commit_of(checkout)[1]


def test_no_checkout_and_no_commit_is_none(tmp_path: Path):
    assert commit_of(tmp_path) == ("", False)
    git(tmp_path, "init", "-q")
    assert commit_of(tmp_path) == ("", False)


def test_without_git_nothing_is_known(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert commit_of(checkout) == ("", False)


def test_a_hooks_variables_are_about_another_checkout(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIT_DIR", "/nowhere/.git")
    assert commit_of(checkout)[0]


def test_no_program_of_the_checkout_is_run(checkout: Path, tmp_path_factory: pytest.TempPathFactory):
    """Its configuration may name one that watches files."""
    ran = tmp_path_factory.mktemp("ran") / "ran"
    watcher = ran.with_name("watcher")
    watcher.write_text(f"#!/bin/sh\ntouch {ran}\n")
    watcher.chmod(0o700)
    git(checkout, "config", "core.fsmonitor", str(watcher))
    assert commit_of(checkout)[0]
    assert not ran.exists()
