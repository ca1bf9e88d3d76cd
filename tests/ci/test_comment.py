"""`examples/ci/comment.sh`: one comment under a request, which is written anew."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ci.code_host import TOKEN, CodeHost, code_host

SCRIPT = Path(__file__).parents[2] / "examples" / "ci" / "comment.sh"
HOSTS = ("github", "gitea", "gitlab")
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]
MARKER = "<!-- deployer plan: shop -->"

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture
def host() -> Iterator[CodeHost]:
    with code_host() as found:
        yield found


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.md"
    path.write_text(f'{MARKER}\n### 1 update; "quoted" \\ and ünïcode\n')
    return path


def comment(kind: str, host: CodeHost, plan: Path, *shell: str, **more: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "CI", "COMMENT_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [*(shell or ("sh",)), str(SCRIPT), kind, str(plan)],
        env={**clean, **host.environment(kind), "PATH": path, **more},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("kind", HOSTS)
def test_the_first_plan_is_a_new_comment_and_the_next_one_takes_its_place(
    kind: str, host: CodeHost, plan: Path
) -> None:
    host.comments = {1: "looks good to me", 2: f"as in\n> {MARKER}"}
    assert comment(kind, host, plan).returncode == 0
    assert host.comments[3] == plan.read_text()
    plan.write_text(f"{MARKER}\nanother\n")
    done = comment(kind, host, plan)
    assert (done.returncode, done.stdout) == (0, "The comment 3 is written anew.\n")
    assert host.comments == {1: "looks good to me", 2: f"as in\n> {MARKER}", 3: f"{MARKER}\nanother\n"}


@pytest.mark.parametrize("kind", HOSTS)
def test_somebody_elses_comment_that_begins_so_is_left_alone(kind: str, host: CodeHost, plan: Path) -> None:
    """And hinders nobody, before ours and after it."""
    host.comments, host.others = {1: f"{MARKER}\nmine"}, frozenset({1, 3})
    assert comment(kind, host, plan).returncode == 0
    assert host.comments == {1: f"{MARKER}\nmine", 2: plan.read_text()}
    host.comments[3] = f"{MARKER}\nmine, too"
    plan.write_text(f"{MARKER}\nanother\n")
    assert comment(kind, host, plan).returncode == 0
    assert host.comments[2] == f"{MARKER}\nanother\n"
    assert len(host.comments) == 3


@pytest.mark.parametrize("kind", HOSTS)
def test_it_is_found_among_hundreds(kind: str, host: CodeHost, plan: Path) -> None:
    host.comments = {number: f"{number}" for number in range(1, 350)}
    host.comments[205] = f"{MARKER}\nold"
    assert comment(kind, host, plan).returncode == 0
    assert (len(host.comments), host.comments[205]) == (349, plan.read_text())
    host.comments[205] = "gone"
    assert comment(kind, host, plan).returncode == 0
    assert host.comments[350] == plan.read_text()
    assert len(host.asked) < 12


def test_two_stacks_have_two_comments(host: CodeHost, plan: Path) -> None:
    comment("github", host, plan)
    plan.write_text("<!-- deployer plan: blog -->\nits own\n")
    comment("github", host, plan)
    assert len(host.comments) == 2


def test_a_file_without_a_marker_gets_one(host: CodeHost, plan: Path) -> None:
    plan.write_text("### 1 update\n")
    for _ in range(2):
        assert comment("github", host, plan).returncode == 0
    assert list(host.comments.values()) == ["<!-- deployer plan -->\n### 1 update\n"]


@pytest.mark.parametrize("shell", SHELLS)
def test_any_posix_shell_will_do(shell: str, host: CodeHost, plan: Path) -> None:
    done = comment("gitlab", host, plan, *(("busybox", "sh") if shell == "busybox" else (shell,)))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("kind", HOSTS)
def test_the_token_is_in_no_process_list_and_no_log(kind: str, host: CodeHost, plan: Path, tmp_path: Path) -> None:
    """Not where the shell traces what it does, either, and not where the host refuses."""
    real, log = shutil.which("curl"), tmp_path / "arguments"
    spy = tmp_path / "bin" / "curl"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>{log}\nexec {real} "$@"\n')
    spy.chmod(0o755)
    path = f"{spy.parent}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = comment(kind, host, plan, "sh", "-x", PATH=path)
    host.refuses = 403
    refused = comment(kind, host, plan, "sh", "-x", PATH=path)
    assert (done.returncode, refused.returncode) == (0, 1)
    assert "--config" in log.read_text()
    assert TOKEN not in log.read_text() + done.stdout + done.stderr + refused.stdout + refused.stderr


def test_a_refusal_is_told_with_its_status(host: CodeHost, plan: Path) -> None:
    host.refuses = 404
    done = comment("gitea", host, plan)
    assert done.returncode == 1
    assert 'answered 404: {"message": "no"}' in done.stderr


@pytest.mark.parametrize("missing", ["COMMENT_TOKEN", "COMMENT_NUMBER"])
def test_what_is_missing_is_named(missing: str, host: CodeHost, plan: Path) -> None:
    done = comment("github", host, plan, **{missing: ""})
    assert (done.returncode, f"{missing} is not set" in done.stderr) == (64, True)
    assert host.asked == []


def test_a_host_or_file_that_is_none_is_refused(host: CodeHost, plan: Path) -> None:
    assert comment("sourceforge", host, plan).returncode == 64
    assert comment("github", host, plan.with_name("none.md")).returncode == 64
