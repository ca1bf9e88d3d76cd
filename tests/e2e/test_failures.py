"""What fails is put back as it was, leaves nothing behind and says why; what does not depend on it goes on."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.project import Project, dying, fetched, free_port, networked, page, sleeper
from tests.e2e.proxy import Proxy

pytestmark = pytest.mark.engine

DIES = dying("echo the-reason-is-this >&2; exit 7")
NEVER_HEALTHY = {
    "test": ["CMD-SHELL", "echo probe-says-no; exit 1"],
    "interval": "100ms",
    "retries": 1,
    "timeout": "20s",
}


@contextmanager
def another_program_on(port: int) -> Iterator[None]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        yield


def as_it_was(container: dict[str, Any]) -> tuple[Any, ...]:
    """What a failed replacement must not have changed."""
    return (
        container["Id"],
        container["Name"],
        container["State"]["Status"],
        container["HostConfig"]["RestartPolicy"]["Name"],
        sorted(container["NetworkSettings"]["Networks"]),
    )


FAILING: dict[str, tuple[dict[str, Any], str]] = {
    "exits at once": (DIES, "the-reason-is-this"),
    "is never healthy": ({"healthcheck": NEVER_HEALTHY}, "probe-says-no"),
    "has no such command": ({"command": ["no-such-command"]}, "no-such-command"),
}


@pytest.mark.parametrize("case", FAILING)
def test_a_replacement_that_fails_puts_the_old_one_back(case: str, project: Project) -> None:
    """The old one answers again, the same container under the same policy; exit 1, the reason is on the screen."""
    port = free_port()
    broken, reason = FAILING[case]
    project.write({"web": page("old", port, restart="always")})
    project.apply()
    before = project.container("web")
    project.write({"web": {**page("new", port, restart="always"), **broken}})
    result = project.apply(code=1)
    assert reason in result.err
    assert result.told("as before") == {"service.web[1]"}
    assert as_it_was(project.container("web")) == as_it_was(before)
    assert fetched(port) == "old"
    assert project.containers() == {project.container_name("web")}
    project.write({"web": page("old", port, restart="always")})
    project.must_be_settled()


def test_a_replacement_whose_port_is_taken_puts_the_old_one_back(project: Project) -> None:
    """By a program that is no container, so that only the start can tell."""
    port, taken = free_port(), free_port()
    project.write({"web": page("old", port)})
    project.apply()
    before = project.container("web")
    project.write({"web": page("new", taken)})
    with another_program_on(taken):
        result = project.apply(code=1)
    assert str(taken) in result.err
    assert as_it_was(project.container("web")) == as_it_was(before)
    assert fetched(port) == "old"
    assert project.containers() == {project.container_name("web")}


def test_a_paused_container_is_paused_again_when_its_replacement_fails(project: Project) -> None:
    project.write({"web": networked(restart="on-failure:3")})
    project.apply()
    project.engine.pause(project.container_name("web"))
    before = project.container("web")
    project.write({"web": networked(restart="on-failure:3", **DIES)})
    project.apply(code=1)
    after = project.container("web")
    assert as_it_was(after) == as_it_was(before)
    assert after["State"]["Status"] == "paused"
    assert after["HostConfig"]["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    assert project.containers() == {project.container_name("web")}


def test_a_stopped_container_stays_stopped_when_its_replacement_fails(project: Project) -> None:
    project.write({"web": networked()})
    project.apply()
    project.engine.stop(project.container_name("web"))
    before = project.container("web")
    project.write({"web": networked(**DIES)})
    project.apply(code=1)
    assert as_it_was(project.container("web")) == as_it_was(before)
    assert project.containers() == {project.container_name("web")}


def test_a_first_start_that_is_refused_leaves_nothing_and_says_why(project: Project) -> None:
    project.write({"web": sleeper(command=["no-such-command"])})
    result = project.apply(code=1)
    assert "no-such-command" in result.err
    assert project.containers() == set()


def test_a_first_start_that_never_becomes_healthy_leaves_nothing_and_says_why(project: Project) -> None:
    project.write({"web": sleeper(healthcheck=NEVER_HEALTHY)})
    result = project.apply(code=1)
    assert "probe-says-no" in result.err
    assert project.containers() == set()


def test_a_first_start_that_exits_leaves_nothing_and_says_why(project: Project) -> None:
    """Without a check there is one look at the end, and the container is taken back."""
    project.write({"web": sleeper(**DIES, restart="unless-stopped")})
    result = project.apply(code=1)
    assert "the-reason-is-this" in result.err
    assert project.containers() == set()


def test_a_health_check_that_its_container_ended_is_not_told(project: Project) -> None:
    """It was at work at that moment; what it would have said nobody knows."""
    check = {"test": ["CMD", "sleep", "1000"], "interval": "100ms", "timeout": "10m"}
    project.write({"web": sleeper(command=["sh", "-c", "sleep 1; echo the-reason-is-this; exit 7"], healthcheck=check)})
    told = project.apply(code=1).err
    assert "the-reason-is-this" in told
    assert "last health check" not in told


def test_two_replicas_that_fail_alike_are_told_apart(project: Project) -> None:
    project.write({"web": sleeper(command=DIES["command"], deploy={"replicas": 2}, healthcheck=NEVER_HEALTHY)})
    result = project.apply(code=1)
    heads = {line.partition(": ")[2] for line in result.err.splitlines() if line.startswith("error[")}
    assert {head.split()[0] for head in heads} == {"web[1]", "web[2]"}


def test_what_does_not_depend_on_a_failure_goes_on(project: Project, proxy: Proxy) -> None:
    """Independent services are made; those that wait for what failed are never started."""
    project.write(
        {
            "broken": sleeper(healthcheck=NEVER_HEALTHY),
            "waiting": sleeper(depends_on={"broken": {"condition": "service_healthy"}}),
            "free": sleeper(),
        }
    )
    result = project.apply("--engine", proxy.url, code=1)
    assert "service.waiting[1]" in result.told("as before") | result.told("not done")
    assert "service.free[1]" in result.told("done")
    started = [request.path.split("/")[2] for request in proxy.written if request.path.endswith("/start")]
    assert sorted(started) == sorted(project.container_name(name) for name in ("broken", "free"))
    assert project.containers() == {project.container_name("free")}
    assert project.container("free")["State"]["Status"] == "running"


def test_the_history_of_what_failed_tells_what_stays_done_and_what_was_put_back(project: Project) -> None:
    """And the next plan says that it failed."""
    project.write({"web": sleeper(), "other": sleeper()})
    project.apply()
    project.write({"web": sleeper(healthcheck=NEVER_HEALTHY), "other": sleeper(), "free": sleeper()})
    project.apply(code=1)
    project.write({"web": sleeper(user="1000"), "other": sleeper(), "free": sleeper()})
    _, last = json.loads(project.run("history", "--format", "json").out)["revisions"]
    assert last["result"] == "failed"
    assert list(last["became"]) == ["done", "put back"]
    assert last["became"]["done"] == ["+ free[1]"]
    assert last["became"]["put back"][0].startswith("~ web[1] replace: healthcheck.")
    assert "revision 2 (failed) -> 3" in project.run("plan").out


def test_a_dependent_is_not_touched_when_the_replacement_it_waits_for_fails(project: Project) -> None:
    healthy = {"test": ["CMD", "true"], "interval": "100ms"}
    depends = {"db": {"condition": "service_healthy"}}
    project.write({"db": sleeper(healthcheck=healthy), "web": sleeper(depends_on=depends)})
    project.apply()
    before = [project.container(name) for name in ("db", "web")]
    project.write({"db": sleeper(healthcheck=NEVER_HEALTHY), "web": sleeper(depends_on=depends, user="1000")})
    result = project.apply(code=1)
    after = [project.container(name) for name in ("db", "web")]
    assert [as_it_was(each) for each in after] == [as_it_was(each) for each in before]
    assert after[1]["State"]["StartedAt"] == before[1]["State"]["StartedAt"]
    assert "service.web[1]" in result.err
    assert project.containers() == {project.container_name(name) for name in ("db", "web")}


def test_the_first_replica_that_fails_stops_the_rest(project: Project) -> None:
    """They are replaced one after the other; what has not failed is never stopped."""
    deploy = {"replicas": 3, "update_config": {"monitor": "100ms"}}
    project.write({"web": sleeper(deploy=deploy)})
    project.apply()
    before = [project.container("web", number) for number in (1, 2, 3)]
    project.write({"web": sleeper(**{**DIES, "deploy": {**DIES["deploy"], "replicas": 3}})})
    result = project.apply(code=1)
    after = [project.container("web", number) for number in (1, 2, 3)]
    assert [as_it_was(each) for each in after] == [as_it_was(each) for each in before]
    untouched = [
        one["State"]["StartedAt"] == other["State"]["StartedAt"] for one, other in zip(before, after, strict=True)
    ]
    assert untouched == [False, True, True]
    assert result.err.count("last log lines:") == 1
    assert project.containers() == {project.container_name("web", number) for number in (1, 2, 3)}


def test_a_registry_out_of_reach_is_a_failure_and_nobody_interrupted(project: Project) -> None:
    """What was asked for may be right, so whoever applies by themselves asks for it again."""
    project.write({"web": sleeper(image=f"127.0.0.1:{free_port()}/nowhere:1")})
    project.apply(code=69)
    (last,) = json.loads(project.run("history", "--format", "json").out)["revisions"]
    assert (last["result"], "nowhere" in last["failure"]) == ("failed", True)
    assert "revision 1 (failed) -> 2" in project.run("plan").out
    (record,) = [name for name in project.records() if name.endswith(".done")]
    assert json.loads(project.engine.inspect_volume(record)["Labels"]["io.deployer.about"])["again"] is True
