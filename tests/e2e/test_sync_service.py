"""The agent as a service: in a container, as examples/gitops runs it, from a push to the page that answers."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.e2e.agent import PATIENCE, Agent, agent, agent_image
from tests.e2e.project import dying, fetched, free_port, page, until

pytestmark = pytest.mark.engine

__all__ = ["agent", "agent_image"]

BAD = dying()


def web(text: str, port: int, **fields: Any) -> dict[str, Any]:
    return {"web": {**page(text, port), **fields}}


def test_the_agent_in_a_container_keeps_a_stack_as_the_branch_says(agent: Agent):
    """From the first commit on: a push, a removal by hand, a commit that fails, and its revert."""
    port = free_port()
    first = agent.push(web("one", port))
    agent.own.apply()
    agent.await_ready(agent.shop, first)
    assert fetched(port) == "one"

    second = agent.push(web("two", port))
    agent.await_ready(agent.shop, second)
    assert fetched(port) == "two"

    agent.own.engine.remove_container(agent.shop.container_name("web"), force=True)
    assert fetched(port, PATIENCE) == "two"

    bad = agent.push(web("three", port, **BAD))
    agent.await_failure(agent.shop, bad)
    assert "exited with code 3" in agent.says(agent.shop)["message"]
    assert fetched(port, PATIENCE) == "two"
    records = agent.shop.records()
    time.sleep(3)  # a round or two
    assert agent.shop.records() == records

    agent.repository.git("revert", "--no-edit", "HEAD")
    revert = agent.repository.push()
    agent.await_ready(agent.shop, revert)
    assert fetched(port) == "two"
    agent.shop.must_be_settled()
    agent.own.must_be_settled()


def test_it_has_no_more_rights_than_it_needs(agent: Agent):
    agent.push(web("one", free_port()))
    agent.own.apply()
    found = agent.own.container("agent")
    assert found["Config"]["User"] == "10001:10001"
    host = found["HostConfig"]
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"]) == (True, ["ALL"], False)
    assert host["SecurityOpt"] == ["no-new-privileges=true"]
    assert [each["HostIp"] for each in host["PortBindings"]["8080/tcp"]] == ["127.0.0.1"]
    until(lambda: agent.own.container("agent")["State"]["Health"]["Status"] == "healthy", PATIENCE)


def test_killed_at_any_moment_of_a_sync_it_is_never_wrong(agent: Agent, request: pytest.FixtureRequest):
    """What the page answers is what one of the two commits says, or nothing; at the end all is in step."""
    port = free_port()
    commit = agent.push(web("0", port))
    agent.own.apply()
    agent.await_ready(agent.shop, commit)
    for number in range(1, request.config.getoption("--kills") + 1):
        with answers(port) as heard:
            commit = agent.push(web(str(number), port))
            time.sleep(agent.chance.uniform(0.0, 4.0))
            agent.kill()
            agent.start()
            agent.await_ready(agent.shop, commit)
            assert fetched(port) == str(number)
        assert heard <= {str(number - 1), str(number)}
        assert len(agent.shop.containers()) == 1
    agent.shop.must_be_settled()
    agent.own.must_be_settled()


@contextmanager
def answers(port: int) -> Iterator[set[str]]:
    """All that is answered on a port meanwhile."""
    heard: set[str] = set()
    over = threading.Event()

    def listen() -> None:
        while not over.wait(0.02):
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
                heard.add(answer.read().decode().strip())

    listening = threading.Thread(target=listen)
    listening.start()
    try:
        yield heard
    finally:
        over.set()
        listening.join()
