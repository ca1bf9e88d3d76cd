"""Ctrl-C: what is in flight ends, nothing new starts, and the next apply goes on."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import time

import pytest

from tests.e2e.project import BASE, ROOT, Project, Result, ended, sleeper
from tests.e2e.proxy import Proxy, Request

pytestmark = pytest.mark.engine


def test_an_interrupted_apply_starts_nothing_new_and_the_next_one_goes_on(project: Project, proxy: Proxy) -> None:
    """Exit 130; the request in flight is ended, and what was not begun is not begun."""
    services = {"one": sleeper(), "two": sleeper(depends_on=["one"]), "three": sleeper(depends_on=["two"])}
    project.write(services)
    project.apply()
    before = {name: project.id_of(name) for name in services}
    project.write({name: {**service, "user": "1000"} for name, service in services.items()})
    reached, go_on = threading.Event(), threading.Event()

    def hold(request: Request) -> None:
        if request.path.endswith("/start") and not reached.is_set():
            reached.set()
            assert go_on.wait(60)

    proxy.before = hold
    process = project.start("apply", "--yes", "--engine", proxy.url)
    try:
        assert reached.wait(60)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None, "it waits for what is in flight"
        go_on.set()
        result = ended(process)
    finally:
        process.kill()
    assert result.code == 130, result.err
    assert "Traceback" not in result.err
    assert "service.three[1]" in result.told("not done") | result.told("as before")
    started = [request.path.split("/")[2] for request in proxy.written if request.path.endswith("/start")]
    stopped = [request.path.split("/")[2] for request in proxy.written if request.path.endswith("/stop")]
    assert before["three"] not in stopped
    assert started[0] == f"{project.container_name('one')}.next"
    assert {project.container(name)["State"]["Status"] for name in services} == {"running"}
    project.apply()
    project.must_be_settled()
    assert project.containers() == {project.container_name(name) for name in services}


def test_a_wait_for_health_ends_when_it_is_interrupted(project: Project) -> None:
    """The old one is put back while the new one was not ready yet."""
    project.write({"web": sleeper()})
    project.apply()
    before = project.id_of("web")
    never = {"test": ["CMD", "false"], "interval": "1m", "start_period": "10m"}
    project.write({"web": sleeper(healthcheck=never)})
    process = project.start("apply", "--yes")
    try:
        assert process.stderr
        while "wait until ready" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        result = ended(process)
    finally:
        process.kill()
    assert result.code == 130, result.err
    assert f"wait until ready {project.container_name('web')}.next: interrupted" in result.err
    assert ": failed" not in result.err
    assert project.id_of("web") == before
    assert project.container("web")["State"]["Status"] == "running"
    assert project.containers() == {project.container_name("web")}


STOPPING = "Stopping when what is in flight is done; Ctrl-C again aborts."
NEVER = {"test": ["CMD", "false"], "interval": "1m", "start_period": "10m"}
STUBBORN = sleeper(command=["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"], stop_grace_period="2m")


def interrupted_twice(project: Project, *arguments: str, at: str) -> Result:
    """A run that is interrupted once it says so, and again when it has answered."""
    process = project.start(*arguments)
    assert process.stderr
    told: list[str] = []
    try:
        for until in (at, STOPPING):
            while until not in (line := process.stderr.readline()):
                told.append(line)
                assert process.poll() is None, told
            told.append(line)
            process.send_signal(signal.SIGINT)
        result = ended(process, seconds=60)
    finally:
        process.kill()
    return Result(result.code, result.out, "".join(told) + result.err)


def test_a_build_is_aborted_at_once_and_the_next_apply_makes_it(project: Project) -> None:
    """Nothing waits for its end, and it is told as half done."""
    project.write({"web": {**{key: value for key, value in sleeper().items() if key != "image"}, "build": "web"}})
    project.files(Dockerfile=f"FROM {BASE}\nRUN sleep 300\n")
    result = interrupted_twice(project, "apply", "--yes", at="build.web: build web ...")
    assert result.code == 130, result.err
    assert "build.web" in result.told("half done")
    assert "Aborted; the next apply goes on from here." in result.err
    assert "Traceback" not in result.err
    project.files(Dockerfile=f"FROM {BASE}\nRUN true\n")
    project.apply()
    project.must_be_settled()


def test_a_health_wait_is_aborted_and_the_next_apply_recovers(project: Project) -> None:
    """What was to take the container's place is left beside it, and is known for what it is."""
    project.write({"web": sleeper()})
    project.apply()
    before = project.id_of("web")
    project.write({"web": sleeper(healthcheck=NEVER)})
    result = interrupted_twice(project, "apply", "--yes", at="wait until ready")
    assert result.code == 130, result.err
    project.write({"web": sleeper()})
    project.apply()
    assert project.id_of("web") == before
    assert project.container("web")["State"]["Status"] == "running"
    assert project.containers() == {project.container_name("web")}
    project.must_be_settled()


def test_a_long_stop_is_aborted_at_once_and_the_next_apply_ends_it(project: Project) -> None:
    """The engine goes on with the stop that it was asked for; the next run finds whatever has become of it."""
    project.write({"web": STUBBORN, "two": sleeper()})
    project.apply()
    project.write({"web": {**STUBBORN, "user": "1000"}, "two": sleeper()})
    result = interrupted_twice(project, "apply", "--yes", at=f"stop {project.container_name('web')} ...")
    assert (result.code, result.told("half done")) == (130, {"service.web[1]"}), result.err
    project.engine.kill(project.container_name("web"))
    project.apply()
    project.must_be_settled()
    assert project.container("web")["Config"]["User"] == "1000"
    assert project.containers() == {project.container_name("web"), project.container_name("two")}


def held_apply(project: Project, proxy: Proxy) -> tuple[threading.Event, threading.Event]:
    """Events for a run that is held before its first start: that it has come there, and that it may go on."""
    project.write({"one": sleeper(), "two": sleeper(depends_on=["one"])})
    reached, go_on = threading.Event(), threading.Event()

    def hold(request: Request) -> None:
        if request.path.endswith("/start") and not reached.is_set():
            reached.set()
            assert go_on.wait(60)

    proxy.before = hold
    return reached, go_on


def test_a_terminal_that_is_closed_interrupts_as_ctrl_c_does(project: Project, proxy: Proxy) -> None:
    """The hang-up is heard, what is said to nobody does no harm, and the turn is given back."""
    reached, go_on = held_apply(project, proxy)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "deployer", "apply", "--yes", "--engine", proxy.url],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    try:
        while not reached.wait(0.05):  # a terminal whose output nobody reads stands still
            if select.select([ours], [], [], 0)[0]:
                os.read(ours, 4096)
        os.close(ours)
        time.sleep(2)  # on a busy machine
        go_on.set()
        assert process.wait(60) == 130
    finally:
        process.kill()
    assert project.containers() == set(), "what was begun is taken back"
    assert f"{project.name}.deployer.r1.done" in project.records()
    project.apply()
    project.must_be_settled()


def test_output_that_nobody_reads_any_more_stops_nothing(project: Project, proxy: Proxy) -> None:
    """The pipes of stdout and stderr are closed in the middle: the apply goes on to its end."""
    reached, go_on = held_apply(project, proxy)
    process = project.start("apply", "--yes", "--format", "json", "--verbose", "--engine", proxy.url)
    try:
        assert reached.wait(60)
        for stream in (process.stdout, process.stderr):
            assert stream
            stream.close()
        go_on.set()
        assert process.wait(60) == 0
    finally:
        process.kill()
    project.must_be_settled()
