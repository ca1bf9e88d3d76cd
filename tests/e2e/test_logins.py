"""`login`, `logout` and `search` against the real registry program: what is kept is what works."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker import APIClient

from tests.e2e.project import BASE, Project, Result, sleeper, until
from tests.e2e.registry import PASSWORD, PROGRAM, USER, Registry, registry_in

pytestmark = [pytest.mark.engine, pytest.mark.skipif(PROGRAM is None, reason="needs docker-registry")]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that asks for a name and a password."""
    with registry_in(tmp_path_factory.mktemp("guarded"), password=True) as made:
        yield made


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the docker client's configuration is in this test."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return tmp_path / "docker" / "config.json"


@pytest.fixture
def piped(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run deployer with a text on its stdin."""

    def run(text: str, *arguments: str) -> Result:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        return project.run(*arguments)

    return run


def test_a_login_is_tried_kept_used_and_forgotten(
    piped: Callable[..., Result], project: Project, engine: APIClient, config: Path, guarded: Registry
) -> None:
    """What is kept lets the engine push, and search list; without it the registry says no."""
    image = f"{guarded.address}/{project.name}/flask"
    refused = project.run("search", "flask", "--registry", guarded.address)
    assert (refused.code, "registry-login" in refused.err) == (69, True)
    assert f"deployer login {guarded.address}" in refused.err

    done = piped(f"{PASSWORD}\n", "login", guarded.address, "-u", USER, "--password-stdin")
    assert (done.code, done.out) == (0, f"logged in to {guarded.address} as {USER}; kept in {config}\n")
    assert "unencrypted" in done.err
    assert PASSWORD not in done.out + done.err + config.read_text()

    kept = json.loads(config.read_text())["auths"]
    engine.tag(BASE, image, "1.0")
    engine.tag(BASE, image, "1.1")
    try:
        client = APIClient(os.environ["DOCKER_HOST"], version="auto")  # reads config.json as every docker client does
        for tag in ("1.0", "1.1"):
            assert "error" not in client.push(image, tag)
        client.close()
    finally:
        for tag in ("1.0", "1.1"):
            engine.remove_image(f"{image}:{tag}")
    found = project.run("search", "FLASK", "--registry", guarded.address)
    assert found.out.splitlines()[1].split() == [image, "1.1,", "1.0"]
    as_json = json.loads(project.run("search", "flask", "--registry", guarded.address, "--format", "json").out)
    assert as_json == {"format_version": 1, "images": [{"name": image, "tags": ["1.1", "1.0"]}]}
    nothing = project.run("search", "redis", "--registry", guarded.address)
    assert (nothing.code, nothing.out) == (0, "")

    assert list(kept) == [guarded.address]
    assert project.run("logout", guarded.address).out == f"logged out of {guarded.address}\n"
    assert project.run("logout", guarded.address).out == f"not logged in to {guarded.address}\n"
    assert json.loads(config.read_text())["auths"] == {}


def test_a_wrong_password_is_not_kept(piped: Callable[..., Result], config: Path, guarded: Registry) -> None:
    """Exit 69, and no word of it anywhere, with --verbose neither."""
    done = piped("wr0ng-word", "--verbose", "login", guarded.address, "-u", USER, "--password-stdin")
    assert (done.code, done.out) == (69, "")
    assert "registry-login" in done.err
    assert "wr0ng-word" not in done.err
    assert not config.exists()


@pytest.mark.parametrize("option", [["-p", PASSWORD], [f"--password={PASSWORD}"], ["--password", PASSWORD]])
def test_a_password_on_the_command_line_is_refused(
    option: list[str], project: Project, config: Path, guarded: Registry
) -> None:
    """Exit 64 with the reason, without repeating it."""
    done = project.run("login", guarded.address, "-u", USER, *option)
    assert done.code == 64
    assert "list of processes" in done.err
    assert PASSWORD not in done.err
    assert not config.exists()


def test_without_a_terminal_nothing_is_asked(piped: Callable[..., Result], guarded: Registry) -> None:
    """Exit 64, and how it is done."""
    done = piped("", "login", guarded.address, "-u", USER)
    assert (done.code, "--password-stdin" in done.err) == (64, True)


def test_a_terminal_is_asked_and_shows_no_password(config: Path, guarded: Registry) -> None:
    """Name and password are typed; what is typed as a password is not echoed."""
    mine, its = pty.openpty()
    command = [sys.executable, "-m", "deployer", "login", guarded.address]
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, start_new_session=True, close_fds=True)
    os.close(its)
    seen = ""

    def read(until_there: str) -> None:
        nonlocal seen
        while until_there not in seen:
            seen += os.read(mine, 1000).decode()

    read(f"user at {guarded.address}: ")
    os.write(mine, f"{USER}\n".encode())
    read(f"password at {guarded.address}: ")
    os.write(mine, f"{PASSWORD}\n".encode())
    read("kept in")
    until(lambda: process.poll() is not None)
    os.close(mine)
    assert process.returncode == 0
    assert PASSWORD not in seen
    assert list(json.loads(config.read_text())["auths"]) == [guarded.address]


def test_a_search_on_docker_hub_that_cannot_be_reached_is_69(project: Project) -> None:
    """Through the engine, whose way to the Hub counts. Where there is one, the images come by stars."""
    done = project.run("search", "busybox", "--format", "json")
    if done.code == 0:
        assert "busybox" in [image["name"] for image in json.loads(done.out)["images"]]
    else:
        assert (done.code, done.err.count("error[registry-unreachable]")) == (69, 1), done.err


def test_a_name_of_the_stack_s_registries_will_do(
    project: Project, config: Path, guarded: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the login that the stack says, and the namespace of its address; another name is 64."""
    monkeypatch.setenv("WORD", PASSWORD)
    login = {"username": USER, "password": {"env": "WORD"}}
    project.write({"web": sleeper()}, registries={"hub": {"address": f"{guarded.address}/nobody", **login}})
    found = project.run("search", "flask", "--registry", "hub")
    assert (found.code, found.out) == (0, ""), found.err
    refused = project.run("logout", "hubb")
    assert (refused.code, "did you mean 'hub'?" in refused.err) == (64, True)
    assert project.run("logout", "hub").out == f"not logged in to {guarded.address}\n"
    assert not config.exists()


@pytest.mark.parametrize("address", ["http://10.0.0.5:5000", "user:word@10.0.0.5:5000"])
def test_what_is_no_address_is_wrong_usage(address: str, project: Project) -> None:
    done = project.run("login", address)
    assert (done.code, "HOST[:PORT]" in done.err) == (64, True)
    assert "word" not in done.err.partition("pass")[0]
