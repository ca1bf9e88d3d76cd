"""The real command line, run in this process, in a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from deployer.cli.app import run


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    out: str
    err: str


Cli = Callable[..., Result]

_ENGINE = os.environ.get("DOCKER_HOST")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder `shop`, which is the current one; nothing of the user's own settings is seen from there."""
    here = tmp_path / "shop"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    for name in ("DOCKER_CONTEXT", "NO_COLOR", "PORT", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return here


@pytest.fixture
def cli(folder: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run `deployer` with these arguments; `stack=` is the text of stack.yaml."""

    def call(*arguments: str, stack: str | None = None) -> Result:
        if stack is not None:
            (folder / "stack.yaml").write_text(stack)
        capsys.readouterr()
        code = run(arguments)
        printed = capsys.readouterr()
        return Result(code, printed.out, printed.err)

    return call


@pytest.fixture
def stack_name(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A name that only this test uses, on the engine that the environment names; its stack is removed afterwards."""
    if _ENGINE is None:
        monkeypatch.delenv("DOCKER_HOST")
    else:
        monkeypatch.setenv("DOCKER_HOST", _ENGINE)
    name = f"cli-{uuid4().hex[:10]}"
    yield name
    gone = cli("destroy", "-p", name, "--volumes", "--yes")
    assert gone.code == 0, gone.err
