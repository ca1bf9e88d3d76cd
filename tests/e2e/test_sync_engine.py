"""The engine is restarted beneath the agent."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from docker import APIClient
from docker.errors import DockerException

from tests.crash.own_engine import OwnEngine, own_engine, why_not
from tests.e2e.project import ended, sleeper, until
from tests.e2e.test_sync import Remote, remote

pytestmark = pytest.mark.engine

__all__ = ["remote"]

SLOW = {"healthcheck": {"test": ["CMD", "test", "-e", "/tmp/up"], "interval": "1s", "retries": 100}}
UP_SOON = ["sh", "-c", "sleep 6; touch /tmp/up; exec sleep 1000"]


@pytest.fixture
def own(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[OwnEngine, Remote]]:
    if why := why_not():
        pytest.skip(why)
    with own_engine(remote.project.engine) as made, APIClient(made.host, version="auto") as client:
        monkeypatch.setenv("DOCKER_HOST", made.host)
        yield made, replace_engine(remote, client)


def replace_engine(remote: Remote, client: APIClient) -> Remote:
    return Remote(replace(remote.project, engine=client), remote.repository)


def runs(remote: Remote, text: str) -> bool:
    """Whether the service runs with that in its environment, and nothing else of it does."""
    with suppress(DockerException, OSError):
        found = remote.project.container("web")
        whole = len(remote.project.containers()) == 1
        return whole and found["State"]["Running"] and f"A={text}" in found["Config"]["Env"] and remote.is_idle()
    return False


def test_between_two_rounds(own: tuple[OwnEngine, Remote]):
    """What it ended is started again, and the next commit is applied by the same agent."""
    engine, remote = own
    remote.push({"web": sleeper(environment={"A": "one"})})
    process = remote.start()
    try:
        until(lambda: runs(remote, "one"), 60)
        engine.kill()
        engine.start()
        until(lambda: runs(remote, "one"), 90)
        remote.push({"web": sleeper(environment={"A": "two"})})
        until(lambda: runs(remote, "two"), 90)
    finally:
        process.send_signal(signal.SIGTERM)
        result = ended(process)
    assert result.code == 0, result.err
    assert "Traceback" not in result.err
    remote.must_be_settled()


def test_while_it_applies(own: tuple[OwnEngine, Remote]):
    """The commit is not to blame: it is tried again, and comes about."""
    engine, remote = own
    remote.push({"web": sleeper(environment={"A": "one"})})
    remote.once()
    remote.push({"web": sleeper(environment={"A": "two"}, command=UP_SOON, **SLOW)})
    process = remote.start()
    try:
        until(lambda: any(each.endswith(".next") for each in remote.project.containers()), 60)
        engine.kill()
        engine.start()
        until(lambda: runs(remote, "two"), 120)
    finally:
        process.send_signal(signal.SIGTERM)
        result = ended(process)
    assert result.code == 0, result.err
    assert "not tried again until the branch moves" not in result.err
    remote.must_be_settled()
