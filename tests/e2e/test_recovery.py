"""After a kill, what was set aside comes back as it was, and what comes late is no failure."""

from __future__ import annotations

from typing import Any

import pytest
from docker import APIClient

from tests.e2e.kill import killed_at
from tests.e2e.project import Project, networked
from tests.e2e.proxy import Proxy, Request
from tests.e2e.test_failures import DIES, as_it_was

pytestmark = pytest.mark.engine

KILLED = [
    ("running", "always", "/start"),
    ("running", "no", "/start"),
    ("running", "always", "/stop"),
    ("paused", "on-failure:3", "/start"),
    ("exited", "always", "/start"),
]


@pytest.mark.parametrize(("status", "policy", "call"), KILLED)
def test_what_a_killed_replacement_set_aside_is_put_back_as_it_was(
    status: str, policy: str, call: str, project: Project, proxy: Proxy
) -> None:
    """Killed while its successor is started, or while it is stopped; the next apply fails as well."""
    project.write({"web": networked(restart=policy)})
    project.apply()
    stand(project.engine, project.container_name("web"), status)
    before = project.container("web")
    project.write({"web": networked(restart=policy, **DIES)})
    killed_at(project, proxy, call, "before")
    result = project.apply(code=1)
    assert "web exited with code 7" in result.err or "keeps restarting" in result.err
    assert as_it_was(project.container("web")) == as_it_was(before)
    assert project.container("web")["HostConfig"]["RestartPolicy"] == before["HostConfig"]["RestartPolicy"]
    assert project.containers() == {project.container_name("web")}


def stand(engine: APIClient, container: str, status: str) -> None:
    if status != "running":
        (engine.pause if status == "paused" else engine.stop)(container)


@pytest.mark.parametrize("records", [True, False])
def test_a_container_that_was_set_aside_and_stays_gets_its_policy_back(
    records: bool, project: Project, proxy: Proxy
) -> None:
    """The file is put back after the kill: the plan says whose doing it was, and the same container runs again."""
    project.write({"web": networked(restart="always")})
    project.apply()
    before = project.container("web")
    project.write({"web": networked(restart="always", user="1000")})
    killed_at(project, proxy, "/start", "before")
    if not records:
        for record in project.records():
            project.engine.remove_volume(record)
    project.write({"web": networked(restart="always")})
    recoveries = [change for change in project.plan_json()["changes"] if change["action"] == "recover"]
    assert "service.web[1]" in {change["address"] for change in recoveries}
    shown = project.plan_text()
    assert "remove " + project.container_name("web") + ".next" in shown
    by = "the apply of revision 2, which died" if records else "an apply that died"
    assert f"left so by {by}" in shown
    assert f"left by {by}" in shown
    assert "drift" not in shown
    project.apply()
    project.must_be_settled()
    assert as_it_was(project.container("web")) == as_it_was(before)


def test_a_successor_that_serves_when_its_apply_was_killed_is_missed(project: Project, proxy: Proxy) -> None:
    """It goes first of all, so the plan says for how long nobody serves."""
    project.write({"web": networked()})
    project.apply()
    project.write({"web": networked(user="1000")})
    killed_at(project, proxy, "/start", "after")
    assert "down for 1s: stop 0s, start 1s" in project.plan_text()
    assert "Down for a while" in project.plan_text("--format", "markdown")
    assert project.changes()["service.web[1]"]["gap_seconds"] == {"least": 1, "most": 1}


def test_a_successor_that_only_lacks_its_name_is_a_recovery(project: Project, proxy: Proxy) -> None:
    """The plan says what becomes of it; it is neither made anew nor started again."""
    project.write({"web": networked()})
    project.apply()
    project.write({"web": networked(user="1000")})
    killed_at(project, proxy, "/rename", "before")
    successor = project.engine.inspect_container(f"{project.container_name('web')}.next")
    change = project.changes()["service.web[1]"]
    assert change["action"] == "recover"
    assert change["detail"].startswith(f"rename {project.container_name('web')}.next to ")
    project.apply()
    project.must_be_settled()
    after = project.container("web")
    assert (after["Id"], after["State"]["StartedAt"]) == (successor["Id"], successor["State"]["StartedAt"])


def test_a_one_shot_that_a_dead_run_started_is_waited_for(project: Project, proxy: Proxy) -> None:
    """It is at work still: what waits for its completion is not started before that, and it is not run again."""
    waits = {"migrate": {"condition": "service_completed_successfully"}}
    project.write({"migrate": networked(command=["sleep", "6"], restart="no"), "web": networked(depends_on=waits)})
    killed_at(project, proxy, "/start", "after")
    before = project.container("migrate")
    project.apply()
    migrate, web = project.container("migrate"), project.container("web")
    assert migrate["State"]["FinishedAt"] < web["State"]["StartedAt"]
    assert (migrate["Id"], migrate["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    project.must_be_settled()


@pytest.mark.parametrize("path", ["/containers/create", "/networks/create"])
def test_what_a_dead_run_asked_for_may_come_late(path: str, project: Project, proxy: Proxy) -> None:
    """The engine carries out the last request of a run that was killed after the next one has made its plan."""
    project.write({"web": networked(networks=["front"])}, networks={"front": {}})
    late: list[str] = []

    def the_dead_one_is_first(request: Request) -> None:
        if request.path == path and not late:
            late.append(path)
            answer: Any = project.engine._post(  # the very request, as the dead run sent it
                project.engine._url(path),
                params=request.query,
                data=request.body,
                headers={"Content-Type": "application/json"},
            )
            assert answer.status_code == 201, answer.text

    proxy.before = the_dead_one_is_first
    project.apply("--engine", proxy.url)
    assert late
    project.must_be_settled()
    assert project.containers() == {project.container_name("web")}
    assert project.networks() == {f"{project.name}_front"}


@pytest.mark.parametrize(("check", "code"), [("test -f /tmp/ready", 0), ("false", 1)])
def test_what_a_killed_apply_has_started_is_waited_for(check: str, code: int, project: Project, proxy: Proxy) -> None:
    """Nothing of it changes, and the next apply is no success before it is ready, and none where it never will be."""
    command = ["sh", "-c", "sleep 3; touch /tmp/ready; sleep 1000"]
    health = {"test": ["CMD-SHELL", check], "interval": "300ms", "start_period": "100ms", "retries": 15}
    project.write({"web": networked(command=command, healthcheck=health)})
    killed_at(project, proxy, "/start", "after")
    project.apply(code=code)
    assert project.container("web")["State"]["Health"]["Status"] == ("unhealthy" if code else "healthy")
    project.must_be_settled()


@pytest.mark.parametrize(("path", "when"), [("/networks/create", "before"), ("/start", "before")])
def test_a_network_that_a_dead_run_took_a_container_out_of_is_no_drift(
    path: str, when: str, project: Project, proxy: Proxy
) -> None:
    """It was made anew: who is told that somebody changed it by hand would look for them."""
    web = networked(restart="always", networks=["front"])
    project.write({"web": web}, networks={"front": {}})
    project.apply()
    project.write({"web": web}, networks={"front": {"labels": {"edition": "two"}}})
    killed_at(project, proxy, path, when)
    (change,) = [each for each in project.plan_json()["changes"] if each["address"] == "service.web[1]"][-1:]
    notes = {field["field"]: field["note"] for field in change["fields"]}
    assert notes["state"] == "left so by the apply of revision 2, which died"
    shown = project.plan_text()
    assert "drift" not in shown
    assert "Changed by hand" not in project.plan_text("--format", "markdown")
    project.apply()
    project.must_be_settled()
