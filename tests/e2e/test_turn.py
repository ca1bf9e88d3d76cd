"""One apply at a time; what a dead one left is finished by the next."""

from __future__ import annotations

import subprocess
import threading

import pytest

from tests.e2e.project import Project, ended, sleeper
from tests.e2e.proxy import Proxy, Request

pytestmark = pytest.mark.engine


def test_an_apply_while_another_is_at_work_is_busy_and_names_it(project: Project, proxy: Proxy) -> None:
    """Exit 75, nothing written; the one at work ends well."""
    project.write({"web": sleeper()})
    reached, go_on = threading.Event(), threading.Event()

    def hold(request: Request) -> None:
        if request.path.endswith("/start"):
            reached.set()
            assert go_on.wait(60)

    proxy.before = hold
    with held(project.start("apply", "--yes", "--engine", proxy.url)) as holder:
        assert reached.wait(60)
        volumes = project.records()
        result = project.run("apply", "--yes")
        assert result.code == 75, result.err
        assert f"process {holder.pid}" in result.err
        assert project.records() == volumes
        assert project.run("plan").code == 0, "a plan never needs the turn"
        assert project.run("destroy", "--yes").code == 75
        go_on.set()
        first = ended(holder)
        assert first.code == 0, first.err
    project.must_be_settled()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["/create", "/start", "/stop", "/rename", "DELETE"])
def test_a_replacement_that_was_killed_is_finished_by_the_next_apply(
    call: str, when: str, project: Project, proxy: Proxy
) -> None:
    """Killed around any of its calls, before the engine saw it or after; nothing is left over."""
    project.write({"web": sleeper(restart="always", networks=["front", "back"])}, networks={"front": {}, "back": {}})
    project.apply()
    project.write(
        {"web": sleeper(restart="always", networks=["front", "back"], user="1000")},
        networks={"front": {}, "back": {}},
    )
    killed_at(project, proxy, call, when)
    project.apply()
    project.must_be_settled()
    after = project.container("web")
    assert after["Config"]["User"] == "1000"
    assert after["HostConfig"]["RestartPolicy"]["Name"] == "always"
    assert after["State"]["Status"] == "running"
    assert project.containers() == {project.container_name("web")}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["/networks/create", "/containers/create", "/connect", "/start"])
def test_a_first_apply_that_was_killed_is_finished_by_the_next_one(
    call: str, when: str, project: Project, proxy: Proxy
) -> None:
    project.write({"web": sleeper(networks=["front", "back"])}, networks={"front": {}, "back": {}})
    killed_at(project, proxy, call, when)
    project.apply()
    project.must_be_settled()
    assert project.containers() == {project.container_name("web")}
    assert len(project.container("web")["NetworkSettings"]["Networks"]) == 2


def test_records_are_not_needed_to_go_on(project: Project, proxy: Proxy) -> None:
    """What is half done is told by names, labels and states alone."""
    project.write({"web": sleeper()})
    project.apply()
    project.write({"web": sleeper(user="1000")})
    killed_at(project, proxy, "/start", "before")
    for record in project.records():
        project.engine.remove_volume(record)
    project.apply()
    project.must_be_settled()
    assert project.containers() == {project.container_name("web")}
    assert project.container("web")["Config"]["User"] == "1000"


def killed_at(project: Project, proxy: Proxy, call: str, when: str) -> None:
    """An apply that is killed, as `kill -9` does, at the first request that makes this call."""
    process: list[subprocess.Popen[str]] = []

    def kill(request: Request) -> None:
        if process and not request.is_record and (request.path.endswith(call) or request.method == call):
            process.pop().kill()
            proxy.cut()

    setattr(proxy, when, kill)
    started = project.start("apply", "--yes", "--engine", proxy.url)
    process.append(started)
    result = ended(started)
    assert result.code == -9, f"it got by: {result}"


class held:
    """A process that does not outlive the test."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def __enter__(self) -> subprocess.Popen[str]:
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
