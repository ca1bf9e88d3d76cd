"""One apply at a time; what a dead one left is finished by the next."""

from __future__ import annotations

import signal
import subprocess
import threading
import time

import pytest

from deployer.resources.record_labels import begin_body
from deployer.resources.records import Holder, Record
from tests.e2e.kill import killed_at
from tests.e2e.project import BASE, Project, ended, sleeper, until
from tests.e2e.proxy import Proxy, Request

pytestmark = pytest.mark.engine


def test_an_apply_while_another_is_at_work_is_busy_and_names_it(project: Project, proxy: Proxy) -> None:
    """Exit 75, nothing written; the one at work ends well."""
    project.write({"web": sleeper()})
    reached, go_on = held_at_a_start(proxy)
    with held(project.start("apply", "--yes", "--engine", proxy.url)) as holder:
        assert reached.wait(60)
        volumes = project.records()
        result = project.run("apply", "--yes")
        assert result.code == 75, result.err
        assert f"process {holder.pid}" in result.err
        assert project.records() == volumes
        assert project.run("plan").code == 0, "a plan never needs the turn"
        assert project.run("destroy", "--yes").code == 75
        assert "is at work" in project.run("plan").err
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


def test_who_is_patient_gets_the_turn_when_it_is_free(project: Project, proxy: Proxy) -> None:
    """It says whom it waits for, then plans anew, on what the other one has left."""
    project.write({"web": sleeper()})
    reached, go_on = held_at_a_start(proxy)
    with held(project.start("apply", "--yes", "--engine", proxy.url)) as holder:
        assert reached.wait(60)
        with held(project.start("apply", "--yes", "--lock-timeout", "1m")) as patient:
            assert patient.stderr is not None
            assert f"process {holder.pid}" in patient.stderr.readline()
            go_on.set()
            assert ended(holder).code == 0
            assert ended(patient).code == 0
    assert len(project.records()) == 2, "there was nothing left to do, so it took no turn"


def test_a_holder_that_slept_gives_up_when_its_turn_was_taken_over(project: Project, proxy: Proxy) -> None:
    """Woken in the middle of its apply, it asks for nothing more that writes: exit 75."""
    project.write({"web": sleeper(), "api": sleeper(depends_on=["web"])})
    process: list[subprocess.Popen[str]] = []

    def stop(request: Request) -> None:
        if process and request.path.endswith("/start"):
            process.pop().send_signal(signal.SIGSTOP)

    proxy.before = stop
    with held(project.start("apply", "--yes", "--engine", proxy.url)) as sleeping:
        process.append(sleeping)
        until(lambda: not process)
        assert project.run("apply", "--yes").code == 75
        taken = project.run("apply", "--yes", "--take-over")
        assert taken.code == 0, taken.err
        assert "revision.1" in taken.out
        project.must_be_settled()
        before = project.id_of("web"), project.id_of("api")
        written = len(proxy.written)
        sleeping.send_signal(signal.SIGCONT)
        woken = ended(sleeping)
    assert (woken.code, "turn-lost" in woken.err) == (75, True), woken.err
    assert len(proxy.written) == written
    assert (project.id_of("web"), project.id_of("api")) == before
    project.must_be_settled()


def test_an_apply_that_died_is_told_and_its_record_is_ended(project: Project, proxy: Proxy) -> None:
    """The plan names the revision that never ended; the next apply ends it, and nothing of it is told again."""
    project.write({"web": sleeper()})
    killed_at(project, proxy, "/start", "after")
    assert project.changes()["revision.1"]["action"] == "recover"
    project.apply()
    project.must_be_settled()
    assert {f"{project.name}.deployer.r{name}" for name in ("1", "1.done", "2", "2.done")} == project.records()


def test_what_a_dead_apply_had_changed_in_place_was_asked_for(project: Project, proxy: Proxy) -> None:
    """So taking it out of the stack file again is an edit, and no drift."""
    project.write({"web": sleeper(mem_limit="32m")})
    project.apply()
    project.write({"web": sleeper(mem_limit="64m")})
    killed_at(project, proxy, "/update", "after")
    until(lambda: project.container("web")["HostConfig"]["Memory"] == 64 << 20)
    project.write({"web": sleeper(mem_limit="32m")})
    assert project.fields("service.web[1]")["mem_limit"]["causes"] == ["edit"]
    project.apply()
    project.must_be_settled()


@pytest.mark.parametrize("fate", ["stop", "restart", "remove_container"])
def test_a_holder_in_a_container_dies_with_it(fate: str, project: Project) -> None:
    """Its container has ended, was started again, or is gone: the turn is free."""
    project.write({"web": sleeper()})
    name = f"{project.name}-agent"
    made = project.engine.create_container(BASE, ["sleep", "1000"], name=name)["Id"]
    project.engine.start(made)
    started = project.engine.inspect_container(made)["State"]["StartedAt"]
    holder = Holder("agent", "another boot", "another namespace", 1, "1", "root", made, started)
    record = Record(1, nonce="n", holder=holder, expires=time.time() + 600)
    body = begin_body(project.name, record, "")
    project.engine.create_volume(body["Name"], labels=dict(body["Labels"]))
    busy = project.run("apply", "--yes")
    assert (busy.code, made[:12] in busy.err) == (75, True), busy.err
    getattr(project.engine, fate)(made, **({"force": True} if fate == "remove_container" else {"timeout": 0}))
    project.apply()
    project.must_be_settled()


def test_who_has_outlived_its_time_holds_nothing(project: Project) -> None:
    """By the engine's clock, on whatever machine it was."""
    project.write({"web": sleeper()})
    holder = Holder("elsewhere", "another boot", "another namespace", 1, "1", "root")
    body = begin_body(project.name, Record(1, nonce="n", holder=holder, expires=time.time() + 4), "")
    project.engine.create_volume(body["Name"], labels=dict(body["Labels"]))
    assert project.run("apply", "--yes").code == 75
    project.apply("--lock-timeout", "30s")
    project.must_be_settled()


def test_a_damaged_record_is_nobodys_after_a_minute(project: Project) -> None:
    """Before that an engine may be about to write its labels; its number counts."""
    project.write({"web": sleeper()})
    project.engine.create_volume(f"{project.name}.deployer.r7")
    assert "damaged" in project.apply(code=75).err
    project.apply("--take-over")
    project.must_be_settled()
    assert f"{project.name}.deployer.r8" in project.records()


def test_destroy_removes_the_records_last(project: Project, proxy: Proxy) -> None:
    """Killed before its own is gone, it is ended by the next one, and nothing is left."""
    project.write({"web": sleeper(volumes=["data:/data"])}, volumes={"data": {}})
    project.apply()
    killed_at(project, proxy, "r2", "before", "destroy", "--volumes", records=True)
    assert project.records() == {f"{project.name}.deployer.r2"}
    project.destroy("--volumes")
    assert (project.records(), project.volumes(), project.containers()) == (set(), set(), set())


def held_at_a_start(proxy: Proxy) -> tuple[threading.Event, threading.Event]:
    """The first start is held back: it has come when the one event is set, and goes on when the other one is."""
    reached, go_on = threading.Event(), threading.Event()

    def hold(request: Request) -> None:
        if request.path.endswith("/start"):
            reached.set()
            assert go_on.wait(60)

    proxy.before = hold
    return reached, go_on


class held:
    """A process that does not outlive the test."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def __enter__(self) -> subprocess.Popen[str]:
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
