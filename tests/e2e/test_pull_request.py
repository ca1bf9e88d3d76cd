"""docs/ci/pull-request.md, command by command: what the page says is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ci.code_host import CodeHost, code_host
from tests.e2e.project import ROOT, Project

pytestmark = pytest.mark.engine

PAGE = ROOT / "docs" / "ci" / "pull-request.md"
REFUSED = ("deployer apply plan.json --yes", 75)
"""The command that is refused when it is first run, and how it ends."""


Run = Callable[[str], tuple[int, str]]


def blocks() -> Iterator[tuple[str, str]]:
    yield from re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def spaced(line: str) -> str:
    """Columns are as wide as what is in them."""
    return " ".join(line.split())


@pytest.fixture
def host() -> Iterator[CodeHost]:
    with code_host() as found:
        yield found


@pytest.fixture
def run(project: Project, host: CodeHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command of the page in a shell; `deployer` is this one, and the stack has a name that nobody else uses."""
    deployer = tmp_path / "bin" / "deployer"
    deployer.parent.mkdir()
    deployer.write_text(f'#!/bin/sh\nexec {sys.executable} -m deployer "$@"\n')
    deployer.chmod(0o755)
    path = f"{deployer.parent}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "PYTHONPATH": str(ROOT), "COMPOSE_PROJECT_NAME": project.name, **host.environment("github")}
    for name in ("AUTHOR", "COMMITTER"):
        own |= {f"GIT_{name}_NAME": "me", f"GIT_{name}_EMAIL": "me@example.org"}
    for name, value in own.items():
        monkeypatch.setenv(name, value)

    def call(command: str) -> tuple[int, str]:
        done = subprocess.run(
            command, shell=True, cwd=project.folder, capture_output=True, text=True, timeout=300, check=False
        )
        return done.returncode, (done.stdout + done.stderr).replace(project.name, "shop")

    return call


def test_a_pull_request_from_start_to_end(run: Run, project: Project, host: CodeHost) -> None:
    (project.folder / "ci").mkdir()
    (project.folder / "ci" / "comment.sh").write_bytes((ROOT / "examples" / "ci" / "comment.sh").read_bytes())
    told, comments, refusals = "", list[str](), 0
    for language, text in blocks():
        match language:
            case "yaml":
                (project.folder / "stack.yaml").write_text(text)
            case "console":
                told = ""
                for line in text.splitlines():
                    command = line.removeprefix("$ ")
                    code, said = run(command)
                    refused = command == REFUSED[0] and refusals == 0
                    refusals += refused
                    assert code == (REFUSED[1] if refused else 0), f"{command}: {code}\n{said}"
                    told += said
                    if "comment.sh" in command:
                        comments.append(host.comments[101])
            case "text":
                lines = set(map(spaced, told.splitlines()))
                missing = [line for line in text.splitlines() if line and spaced(line) not in lines]
                assert not missing, f"{missing}\nin\n{told}"
    assert (refusals, len(comments), len(host.comments)) == (1, 2, 1)
    first, second = comments
    assert "1 update" in first
    assert "1 replacement" in second
    for word in ("mem_limit", "64m", "96m", "stack.yaml:6"):
        assert word in first
        assert word in second
    assert project.container("web")["HostConfig"]["Memory"] == 96 << 20
