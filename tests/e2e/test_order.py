"""What is done before what, and what is done at the same time."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.resources.inspected import moment
from tests.e2e.project import Project, networked, sleeper
from tests.e2e.proxy import Proxy, Request

pytestmark = pytest.mark.engine


def one_shot(command: str) -> dict[str, Any]:
    return sleeper(command=["sh", "-c", command])


def started(project: Project, service: str) -> str:
    return project.container(service)["State"]["StartedAt"]


def test_a_service_starts_after_what_it_waits_for(project: Project) -> None:
    """Started, healthy and completed are told apart by the engine's own clock."""
    healthy = {"test": ["CMD", "test", "-f", "/tmp/up"], "interval": "100ms", "retries": 100}
    serve = ["sh", "-c", "mkdir -p /tmp; sleep 0.6; touch /tmp/up; sleep 1000"]
    project.write(
        {
            "last": sleeper(
                depends_on={
                    "db": {"condition": "service_healthy"},
                    "job": {"condition": "service_completed_successfully"},
                    "plain": {"condition": "service_started"},
                }
            ),
            "plain": sleeper(),
            "job": one_shot("sleep 0.5"),
            "db": sleeper(command=serve, healthcheck=healthy),
        }
    )
    project.apply()
    last, db = started(project, "last"), project.container("db")["State"]
    assert last > started(project, "plain")
    assert last > project.container("job")["State"]["FinishedAt"]
    began, ended = moment(db["StartedAt"]), moment(last)
    assert began
    assert ended
    assert (ended - began).total_seconds() > 0.6, "until then its check cannot pass"
    project.must_be_settled()


def test_a_one_shot_runs_again_only_when_something_of_it_changed(project: Project) -> None:
    """Its exited container is the evidence that it ran; changed, it runs before its dependents are replaced."""
    depends = {"job": {"condition": "service_completed_successfully"}}

    def write(said: str, mode: str) -> None:
        web = sleeper(depends_on=depends, environment={"MODE": mode})
        project.write({"job": one_shot(f"echo {said}"), "web": web})

    write("one", "a")
    project.apply()
    project.must_be_settled()
    ran = started(project, "job")
    write("one", "b")
    project.apply()
    assert started(project, "job") == ran
    write("two", "c")
    assert project.changes()["service.job[1]"]["action"] == "replace"
    project.apply()
    assert started(project, "job") > ran
    assert project.container("job")["State"]["FinishedAt"] < started(project, "web")
    project.must_be_settled()


def test_a_one_shot_that_fails_is_put_back_and_its_dependents_are_left_alone(project: Project) -> None:
    depends = {"job": {"condition": "service_completed_successfully"}}
    project.write({"job": one_shot("true"), "web": sleeper(depends_on=depends)})
    project.apply()
    before = project.container("job"), project.container("web")
    project.write({"job": one_shot("echo migration-broke; exit 4"), "web": sleeper(depends_on=depends, user="1000")})
    result = project.apply(code=1)
    assert "migration-broke" in result.err
    after = project.container("job"), project.container("web")
    assert [each["Id"] for each in after] == [each["Id"] for each in before]
    assert [each["State"]["StartedAt"] for each in after] == [each["State"]["StartedAt"] for each in before]
    assert after[0]["State"]["Status"] == "exited"


def test_destroy_removes_dependents_first(project: Project, proxy: Proxy) -> None:
    project.write(
        {
            "web": networked(depends_on=["api"]),
            "api": networked(depends_on={"db": {"condition": "service_started"}}),
            "db": networked(),
        }
    )
    project.apply()
    names = {project.id_of(name): name for name in ("web", "api", "db")}
    project.destroy("--engine", proxy.url)
    stops = [names[request.path.split("/")[2]] for request in proxy.written if request.path.endswith("/stop")]
    removals = [names[request.path.split("/")[2]] for request in proxy.written if is_removal(request)]
    assert stops == removals == ["web", "api", "db"]
    assert [request.path for request in proxy.written if request.method == "DELETE"][-1].startswith("/networks/")


def test_independent_services_are_made_at_the_same_time(project: Project) -> None:
    """Of ten services that each take three seconds to become healthy the last one is started long before nine are."""
    healthy = {"test": ["CMD", "test", "-f", "/tmp/up"], "interval": "1s", "retries": 100}
    serve = ["sh", "-c", "mkdir -p /tmp; sleep 3; touch /tmp/up; sleep 1000"]
    project.write({f"s{number}": sleeper(command=serve, healthcheck=healthy) for number in range(10)})
    project.apply("--parallel", "10")
    started = sorted(moment(project.container(f"s{number}")["State"]["StartedAt"]) for number in range(10))
    assert (started[-1] - started[0]).total_seconds() < 20, "one after the other it is 27 s at least"
    project.must_be_settled()


def is_removal(request: Request) -> bool:
    return request.method == "DELETE" and request.path.startswith("/containers/")
