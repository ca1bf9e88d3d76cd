"""No engine, or one that dies in the middle: exit 69, what was done is said, and the next apply goes on."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.e2e.project import Project, sleeper
from tests.e2e.proxy import Proxy, Request

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("destroy", "--yes"), ("status",)])
def test_without_an_engine_the_exit_code_is_69(command: tuple[str, ...], project: Project, tmp_path: Path) -> None:
    project.write({"web": sleeper()})
    url = f"unix://{tmp_path}/none.sock"
    result = project.run(*command, "--engine", url)
    assert result.code == 69
    assert url in result.err
    assert result.err.count("error[") == 1


def test_an_engine_that_dies_during_apply_is_69_and_says_what_was_done(project: Project, proxy: Proxy) -> None:
    """One service is replaced, then all connections are cut while the next is at work. No traceback."""
    services = ("first", "second")
    depends = {"first": {}, "second": {"depends_on": {"first": {"condition": "service_healthy"}}}}
    healthy = {"test": ["CMD", "true"], "interval": "100ms"}
    both = {name: sleeper(healthcheck=healthy, **depends[name]) for name in services}
    project.write(both)
    project.apply()
    project.write({name: {**service, "user": "1000"} for name, service in both.items()})

    first_is_done = threading.Event()

    def cut_at_the_second_stop(request: Request) -> None:
        if request.path.endswith("/stop") and sum(each.path.endswith("/stop") for each in proxy.written) == 2:
            assert first_is_done.wait(60)
            time.sleep(0.3)  # until the client has the answer
            proxy.cut()

    def note_the_first(request: Request) -> None:
        if request.path.endswith("/rename"):
            first_is_done.set()

    proxy.before, proxy.after = cut_at_the_second_stop, note_the_first
    result = project.run_apart("apply", "--yes", "--engine", proxy.url, impatient=True)
    assert result.code == 69, result.err
    assert result.told("done") == {"service.first[1]"}
    assert "Traceback" not in result.err
    assert "engine-lost" in result.err or "engine-unreachable" in result.err
    project.apply()
    project.must_be_settled()
    assert project.containers() == {project.container_name(name) for name in services}


def test_an_engine_that_dies_in_a_first_apply_is_69_wherever_it_dies(project: Project, proxy: Proxy) -> None:
    """At each of the writing requests, before the engine saw it; the next apply goes on from there."""
    project.write({"web": sleeper(networks=["front", "back"])}, networks={"front": {}, "back": {}})
    at = 0

    def cut(request: Request) -> None:
        if request.number == at:
            proxy.cut()

    while True:
        at += 1
        proxy.before = cut
        result = project.run_apart("apply", "--yes", "--engine", proxy.url, impatient=True)
        assert result.code in (0, 69), result.err
        assert "Traceback" not in result.err
        if result.code == 0:
            break
        project.apply()
        project.must_be_settled()
        project.destroy()
        proxy.forget()
        proxy.listen()
    assert at >= 8, "the turn, two networks, create, connect, start, the end of the turn"
    project.must_be_settled()
