"""`deployer doctor` where no engine answers: that is a problem, and all else is examined."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, Result

STACK = "builds: {web: ./web}\nservices: {web: {image: web}}\n"
RIGHT = "FROM python:3.13\nCMD python app.py\n"


@pytest.fixture(autouse=True)
def no_logins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is logged in anywhere."""
    monkeypatch.setenv("DOCKER_CONFIG", str(folder / "docker"))


def findings(result: Result, *checks: str) -> list[dict[str, Any]]:
    return [each for each in json.loads(result.out)["findings"] if each["check"] in checks]


def test_without_an_engine_the_rest_is_examined(cli: Cli):
    """Exit 1, what could not be reached and how to mend it on stdout, and nothing on stderr."""
    result = cli("doctor")

    assert (result.code, result.err) == (1, "")
    first, *rest = result.out.splitlines()
    assert first.startswith("problem  engine")
    assert "no-engine.sock" in first
    assert "DOCKER_HOST" in rest[0]
    assert "Traceback" not in result.out


def test_every_finding_has_the_same_keys(cli: Cli):
    """A list that scripts rely on."""
    found = json.loads(cli("doctor", "--format", "json").out)

    assert found["format_version"] == 1
    assert {tuple(each) for each in found["findings"]} == {("check", "status", "detail", "hint", "place")}
    assert {each["status"] for each in found["findings"]} <= {"ok", "warning", "problem"}


def test_slips_that_break_the_build_are_problems_and_others_warnings(cli: Cli, folder: Path):
    """At their places."""
    (folder / "web").mkdir()
    (folder / "web" / "Dockerfile").write_text("FROM python:2.7\nRUN pip install\n  flask\nCMD [“python”]\n")

    found = findings(cli("doctor", "--format", "json", stack=STACK), "stack")

    assert [(each["status"], each["place"]["file"], each["place"]["line"]) for each in found] == [
        ("warning", "web/Dockerfile", 1),
        ("problem", "web/Dockerfile", 2),
        ("problem", "web/Dockerfile", 4),
    ]


@pytest.mark.parametrize(
    ("stack", "status"),
    [
        (STACK, "ok"),
        ("services: {web: {imagee: web}}\n", "problem"),
        ("builds: {web: ./missing}\nservices: {web: {image: web}}\n", "problem"),
    ],
)
def test_a_mistake_in_the_stack_is_a_problem(cli: Cli, folder: Path, stack: str, status: str):
    (folder / "web").mkdir()
    (folder / "web" / "Dockerfile").write_text(RIGHT)

    assert [each["status"] for each in findings(cli("doctor", "--format", "json", stack=stack), "stack")] == [status]


def test_a_stack_file_that_is_named_must_be_there(cli: Cli):
    """Without one, none is examined; one that is named and missing is a problem."""
    assert findings(cli("doctor", "--format", "json"), "stack") == []
    (found,) = findings(cli("doctor", "missing.yaml", "--format", "json"), "stack")
    assert (found["status"], "missing.yaml does not exist" in found["detail"]) == ("problem", True)


def test_a_daemon_json_that_is_named_is_examined(cli: Cli, folder: Path):
    (folder / "daemon.json").write_text('{\n  "registry-mirrors": ["https://mirror.local"],\n}\n')

    (found,) = findings(cli("doctor", "--config", "daemon.json", "--format", "json"), "daemon.json")

    assert (found["status"], found["place"]) == ("problem", {"file": "daemon.json", "line": 3, "column": 1})
    (missing,) = findings(cli("doctor", "--config", "none.json", "--format", "json"), "daemon.json")
    assert (missing["status"], "none.json does not exist" in missing["detail"]) == ("problem", True)


def test_an_engine_s_address_that_is_none_is_a_problem(cli: Cli):
    """And no wrong usage: the doctor says what is wrong."""
    result = cli("doctor", "--engine", "nonsense://x", "--format", "json")

    assert (result.code, [each["status"] for each in findings(result, "engine")]) == (1, ["problem"])


def test_a_broken_docker_configuration_is_told(cli: Cli, folder: Path):
    """It has the logins."""
    (folder / "docker").mkdir()
    (folder / "docker" / "config.json").write_text("{")

    result = cli("doctor", "--format", "json")

    assert (result.code, [each["status"] for each in findings(result, "registry")]) == (1, ["problem"])
