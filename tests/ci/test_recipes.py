"""The recipes for pipelines: what they call is there, and none of them prints a token."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from deployer.cli import commands
from deployer.cli.app import app

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "examples" / "ci").glob("*"))
PIPELINES = [path for path in RECIPES if path.name != "comment.sh"]


def deployer_commands(path: Path) -> list[list[str]]:
    found = re.findall(r"\bdeployer ((?:validate|plan|apply|snapshot)\b[^\n|>']*)", path.read_text())
    return [shlex.split(each) for each in found]


@pytest.fixture(scope="module")
def group() -> Any:
    commands.register(app)
    return typer.main.get_command(app)


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_what_a_recipe_calls_is_there(path: Path, group: Any) -> None:
    """It validates, plans and applies what was saved; with options that exist."""
    called = deployer_commands(path)
    assert {words[0] for words in called} >= {"validate", "plan", "apply"}
    assert ["apply", "plan.json", "--yes"] in called
    for name, *words in called:
        known = {option for each in group.commands[name].params for option in each.opts}
        assert {word for word in words if word.startswith("--")} <= known, words


@pytest.mark.parametrize("path", [path for path in PIPELINES if path.suffix == ".yml"], ids=lambda path: path.name)
def test_a_recipe_is_yaml_in_which_what_reaches_the_engine_is_not_for_requests(path: Path) -> None:
    """A job that applies or saves a plan runs for main alone, on a runner of its own."""
    document = yaml.safe_load(path.read_text())
    jobs = document.get("jobs") or {name: job for name, job in document.items() if isinstance(job, dict)}
    reaching = [job for job in jobs.values() if "apply plan.json" in str(job) or "--out plan.json" in str(job)]
    assert reaching
    for job in reaching:
        assert "production" in str(job.get("runs-on", job.get("tags")))
        assert "merge_request_event" not in str(job)
        assert "--against" not in str(job)


@pytest.mark.parametrize("name", ["github.yml", "gitea.yml"])
def test_no_checkout_leaves_its_token_behind(name: str) -> None:
    """And so nothing is fetched later, which would need it."""
    text = (ROOT / "examples/ci" / name).read_text()
    steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    assert "git fetch" not in text


def test_one_job_at_a_time_comments_on_a_request() -> None:
    """Two at once would each make a comment."""
    for name, key, group in (
        ("github.yml", "concurrency", "github.ref"),
        ("gitea.yml", "concurrency", "github.ref"),
        ("gitlab.yml", "resource_group", "$CI_MERGE_REQUEST_IID"),
    ):
        document = yaml.safe_load((ROOT / "examples/ci" / name).read_text())
        jobs = document.get("jobs") or {each: job for each, job in document.items() if isinstance(job, dict)}
        (commenting,) = (job for job in jobs.values() if "comment.sh" in str(job))
        assert group in str(commenting[key])
    assert "disableConcurrentBuilds()" in (ROOT / "examples/ci/Jenkinsfile").read_text()


@pytest.mark.parametrize("name", ["github.yml", "gitea.yml"])
def test_no_job_of_a_fork_comments(name: str) -> None:
    """Its token cannot write, and each request of a fork would fail for that."""
    steps = yaml.safe_load((ROOT / "examples/ci" / name).read_text())["jobs"]["plan"]["steps"]
    (comment,) = (step for step in steps if "comment.sh" in step.get("run", ""))
    assert comment["if"] == "github.event.pull_request.head.repo.full_name == github.repository"


def test_in_jenkins_a_token_is_bound_to_a_step() -> None:
    text = (ROOT / "examples/ci/Jenkinsfile").read_text()
    assert "= credentials(" not in text
    assert "withCredentials([string(credentialsId: 'comment-token', variable: 'COMMENT_TOKEN')])" in text


def test_the_hook_checks_each_file_for_itself(tmp_path: Path) -> None:
    """As pre-commit calls it: the entry, and the files of the commit that match."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    names = ["stack.yaml", "a/compose.yml", "docker-compose.yaml", "b/stacks.yaml", "stack.yaml.j2"]
    assert [bool(re.search(hook["files"], name)) for name in names] == [True, True, True, False, False]
    (tmp_path / "deployer").write_text(f'#!/bin/sh\nexec {sys.executable} -m deployer "$@"\n')
    (tmp_path / "deployer").chmod(0o755)
    for name, image in (("one", "busybox:1"), ("two", "[]"), ("three", "busybox:1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "stack.yaml").write_text(f"services:\n  web:\n    image: {image}\n")

    def called(*files: str) -> subprocess.CompletedProcess[str]:
        path = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
        return subprocess.run(
            [*shlex.split(hook["entry"]), *files], cwd=tmp_path, env=path, capture_output=True, text=True
        )

    assert called("one/stack.yaml", "three/stack.yaml").returncode == 0
    failed = called("one/stack.yaml", "two/stack.yaml", "three/stack.yaml")
    assert (failed.returncode, "two/stack.yaml:3" in failed.stderr) == (65, True)


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell")
def test_the_script_is_one_that_a_shell_reads() -> None:
    subprocess.run(["sh", "-n", str(ROOT / "examples" / "ci" / "comment.sh")], check=True)
