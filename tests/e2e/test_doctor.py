"""`deployer doctor` on a real engine with real registries: what is sound, and what is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from docker import APIClient

from tests.e2e.project import BASE, Project, free_port, sleeper
from tests.e2e.registry import PASSWORD, PROGRAM, USER, Registry, bridge_address, registry_in

pytestmark = [pytest.mark.engine, pytest.mark.skipif(PROGRAM is None, reason="needs docker-registry")]


@pytest.fixture(autouse=True)
def no_logins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody is logged in anywhere; gives the docker client's configuration."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return tmp_path / "docker" / "config.json"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry_in(tmp_path_factory.mktemp("guarded"), password=True) as made:
        yield made


def examined(project: Project, *arguments: str) -> tuple[int, dict[str, list[Any]]]:
    """The exit code, and the findings by their check."""
    result = project.run("doctor", "--format", "json", *arguments)
    assert result.err == ""
    found: dict[str, list[Any]] = {}
    for each in json.loads(result.out)["findings"]:
        found.setdefault(each["check"], []).append(each)
    return result.code, found


def registry_of(project: Project) -> tuple[int, list[str], str]:
    """The exit code, the statuses of the registry's findings, and their words."""
    code, found = examined(project)
    told = found["registry"]
    return code, [each["status"] for each in told], " ".join(f"{each['detail']} = {each['hint']}" for each in told)


def test_a_sound_engine_is_0(project: Project, engine: APIClient) -> None:
    """With a stack whose image is there already, however its registry is."""
    project.write({"web": sleeper()})
    code, found = examined(project)
    assert code == 0, found
    (first,) = found["engine"][:1]
    assert engine.version()["Version"] in first["detail"]
    assert "DOCKER_HOST" in first["detail"]
    for check in ("clock", "storage", "disk", "space", "live-restore", "builders", "stack"):
        assert {each["status"] for each in found[check]} <= {"ok", "warning"}, check


def test_a_registry_without_a_login_is_a_problem_until_somebody_logs_in(
    project: Project, guarded: Registry, no_logins: Path
) -> None:
    """Where an image of it is not on the engine; a login that does not hold any more is one in any case."""
    project.write({"web": sleeper(image=f"{guarded.address}/web:1")})
    code, statuses, words = registry_of(project)
    assert (code, statuses) == (1, ["problem"])
    assert f"deployer login {guarded.address}" in words

    from deployer.engine.logins import keep_login
    from deployer.resources.login import Login

    keep_login(no_logins, guarded.address, Login(USER, PASSWORD))
    code, statuses, words = registry_of(project)
    assert (code, statuses) == (0, ["ok"])
    assert f"the login of {USER} is accepted" in words
    keep_login(no_logins, guarded.address, Login(USER, "wr0ng-word"))
    code, statuses, words = registry_of(project)
    assert (code, statuses) == (1, ["problem"])
    assert "wr0ng-word" not in words


def test_a_registry_that_the_engine_refuses_is_a_problem(project: Project, engine: APIClient, tmp_path: Path) -> None:
    """On an address that the engine does not take for insecure: plain HTTP, then TLS by an authority nobody knows."""
    host = bridge_address(engine)
    with registry_in(tmp_path / "plain", host) as plain:
        project.write({"web": sleeper(image=f"{plain.address}/web:1")})
        code, statuses, words = registry_of(project)
        assert (code, statuses) == (1, ["problem"])
        assert f'"insecure-registries": ["{plain.address}"]' in words
    with registry_in(tmp_path / "tls", host, tls=trustme.CA()) as secret:
        project.write({"web": sleeper(image=f"{secret.address}/web:1")})
        code, statuses, words = registry_of(project)
        assert (code, statuses) == (1, ["problem"])
        assert f"/etc/docker/certs.d/{secret.address}/ca.crt" in words


def test_a_registry_of_the_stack_is_asked_as_the_stack_says(
    project: Project, guarded: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its login; a wrong one is a problem before any push."""
    login = {"username": USER, "password": {"env": "WORD"}}
    project.write({"web": sleeper()}, registries={"hub": {"address": guarded.address, **login}})
    for word, status in ((PASSWORD, "ok"), ("wr0ng-word", "problem")):
        monkeypatch.setenv("WORD", word)
        _, found = examined(project)
        (told,) = [each for each in found["registry"] if guarded.address in each["detail"]]
        assert (told["status"], "wr0ng-word" in str(told)) == (status, False)


def test_a_registry_that_the_stack_itself_runs_is_not_missed(project: Project) -> None:
    """Before the first apply nothing listens there."""
    port = free_port()
    hub = sleeper(ports=[f"127.0.0.1:{port}:5000"])
    project.write({"hub": hub, "web": sleeper(image=f"127.0.0.1:{port}/web:1"), "other": sleeper(image=BASE)})
    code, _, words = registry_of(project)
    assert code == 0, words
    assert "own service hub" in words


def test_settings_that_the_engine_has_not_read_are_warnings(project: Project) -> None:
    """A daemon.json with a mirror that this engine does not have."""
    project.write({"web": sleeper()})
    path = project.folder / "daemon.json"
    path.write_text('{\n  "registry-mirrors": ["https://mirror.example.com"]\n}\n')
    code, found = examined(project, "--config", str(path))
    (told,) = found["daemon.json"]
    assert (code, told["status"], told["place"]["line"]) == (0, "warning", 2)
