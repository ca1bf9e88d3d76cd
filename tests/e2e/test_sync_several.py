"""The agent with several stacks in one repository: what a round asks of the engine, and what one leaves to the next."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from deployer.gitops import stacks
from tests.e2e.project import Project, ended, fetched, free_port, page, sleeper
from tests.e2e.proxy import Proxy
from tests.e2e.test_requests import kind
from tests.gitops.repository import Repository

pytestmark = pytest.mark.engine


class Several:
    """A repository of three stacks, `apps/0` to `apps/2`, in whose order they have their turns."""

    def __init__(self, make_project: Callable[..., Project], folder: Path) -> None:
        self.projects = [make_project(f"remote/at/{number}", f"e2e-{number}-{os.getpid()}") for number in range(3)]
        self.repository = Repository(folder / "remote").begin()

    def push(self, *services: dict[str, Any]) -> str:
        stacks = zip(self.projects, services, strict=True)
        texts = [json.dumps({"name": project.name, "services": {"web": service}}) for project, service in stacks]
        return self.repository.commit({f"apps/{at}/stack.yaml": text for at, text in enumerate(texts)})

    def once(self, *arguments: str) -> None:
        result = self.projects[0].run("sync", self.repository.url, "--once", "--path", "apps/*", *arguments)
        assert result.code == 0, result.err


@pytest.fixture
def several(make_project: Callable[..., Project], tmp_path: Path) -> Several:
    return Several(make_project, tmp_path)


def test_a_round_lists_what_the_engine_has_once_for_all_stacks(several: Several, proxy: Proxy) -> None:
    """Of each stack that is in step it asks for the containers alone, and for the time."""
    several.push(*[sleeper()] * 3)
    several.once()
    proxy.forget()
    several.once("--engine", proxy.url)
    assert Counter(map(kind, proxy.requests)) == {
        "GET /version": 1,
        "GET /volumes": 2,  # the records by their names, and all
        "GET /containers/json": 1,
        "GET /networks": 1,
        "GET /images/.../json": 1,
        "GET /containers/.../json": 6,  # an agent that has just begun looks at a commit aside, too
        "GET /_ping": 3,
    }


def test_what_one_stack_gives_up_another_one_has_in_the_same_round(several: Several) -> None:
    """Its lists are of after the first one's apply."""
    port = free_port()
    several.push(page("of the first", port), sleeper(), sleeper())
    several.once()
    several.push(sleeper(), page("of the second", port), sleeper())
    several.once()
    assert fetched(port) == "of the second"


def test_what_is_removed_while_others_are_looked_at_is_healed(several: Several, proxy: Proxy) -> None:
    """What differs is looked at anew before it is acted on: nothing is done by halves, nor twice."""
    several.push(*[sleeper()] * 3)
    several.once()
    last = several.projects[2]
    last.engine.remove_container(last.container_name("web"), force=True)
    several.once("--engine", proxy.url)
    assert last.container("web")["State"]["Running"]
    created = [each for each in proxy.written if each.path == "/containers/create"]
    assert len(created) == 1


def test_two_files_of_a_commit_with_one_name_are_told_of_by_both_their_paths(several: Several) -> None:
    """The one that has the name stays as it is, whichever of them is changed, and is looked at first."""
    stays = sleeper()
    several.push(stays, stays, stays)
    several.once()
    name = several.projects[1].name
    for number in range(2):
        text = json.dumps({"name": name, "services": {"web": sleeper(environment={"A": number})}})
        several.repository.commit({"apps/0/stack.yaml": text})
        for _ in range(2):
            told = several.projects[0].run("sync", several.repository.url, "--once", "--path", "apps/*").err
            assert f"{name}: Ready" in told
            assert f"the name '{name}' is that of apps/1/stack.yaml, too" in told
            assert "belongs to another" not in told
    assert several.projects[0].container("web")["State"]["Running"]


def test_of_two_that_are_new_the_second_one_is_told_of_until_it_has_a_name_of_its_own(several: Several) -> None:
    """In the loop, too, and where the first of them only waits."""
    first, other, _ = several.projects
    text = {"services": {"web": sleeper()}}
    several.repository.commit({f"apps/{at}/stack.yaml": json.dumps({"name": first.name, **text}) for at in range(2)})
    process = first.start(
        "sync", several.repository.url, "--interval", "1s", "--path", "apps/*", "--auto", "off", "--format", "json"
    )
    try:
        told = (each for each in map(json.loads, process.stdout) if each["event"] == "condition")
        assert [(each["path"], each["reason"]) for each in islice(told, 2)] == [
            ("apps/0/stack.yaml", "Held"),
            ("apps/1/stack.yaml", "Invalid"),
        ]
        several.repository.commit({"apps/1/stack.yaml": json.dumps({"name": first.name, **text, "x-more": 1})})
        again = sorted((each["path"], each["reason"]) for each in islice(told, 2))
        assert again == [("apps/0/stack.yaml", "Held"), ("apps/1/stack.yaml", "Invalid")]
        several.repository.commit({"apps/1/stack.yaml": json.dumps({"name": other.name, **text})})
        assert next(each for each in told if each["path"] == "apps/1/stack.yaml")["reason"] == "Held"
    finally:
        process.send_signal(signal.SIGTERM)
        ended(process)


def test_a_bug_in_the_turn_of_one_stack_is_in_the_way_of_no_other(
    several: Several, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told with the place of its trace. Once it is mended, so is that stack."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    several.push(*[sleeper()] * 3)
    broken = several.projects[1]

    foreseen = stacks.look

    def look(all: Any, engine: Any, file: Any, *more: Any) -> Any:
        if file.path == "apps/1/stack.yaml":
            raise KeyError("hunter2")
        return foreseen(all, engine, file, *more)

    with monkeypatch.context() as patched:
        patched.setattr(stacks, "look", look)
        result = several.projects[0].run("sync", several.repository.url, "--once", "--path", "apps/*")
    assert result.code == 70
    trace = tmp_path / "home/deployer/bug.txt"
    assert f"apps/1/stack.yaml: Degraded: a bug in deployer: KeyError; the trace is in {trace}" in result.err
    assert "hunter2" not in result.err
    assert [bool(each.containers()) for each in several.projects] == [True, False, True]
    several.once()
    assert broken.containers()
