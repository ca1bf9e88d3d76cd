"""The agent with several stacks in one repository: what a round asks of the engine, and what one leaves to the next."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.project import Project, fetched, free_port, page, sleeper
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
    several.push(*[sleeper(network_mode="none")] * 3)
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
    several.push(*[sleeper(network_mode="none")] * 3)
    several.once()
    last = several.projects[2]
    last.engine.remove_container(last.container_name("web"), force=True)
    several.once("--engine", proxy.url)
    assert last.container("web")["State"]["Running"]
    created = [each for each in proxy.written if each.path == "/containers/create"]
    assert len(created) == 1
