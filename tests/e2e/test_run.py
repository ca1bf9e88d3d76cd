"""run and attach: one-offs with a service's settings, and the program that a container runs."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading

import pytest

from tests.e2e.project import BASE, ROOT, Project, ended, free_port, sleeper, until
from tests.e2e.proxy import Instead, Proxy, Request
from tests.terminal import in_terminal

pytestmark = pytest.mark.engine

SECRETS = {"key": {"content": "s3cret"}}


def shop(**more: object) -> dict[str, object]:
    web = {
        "environment": {"A": "1"},
        "volumes": ["data:/data"],
        "secrets": ["key"],
        "networks": ["front", "back"],
        "hostname": "shop",
        "restart": "always",
        "ports": [f"127.0.0.1:{free_port()}:80"],
        "depends_on": {"db": {"condition": "service_healthy"}},
        **more,
    }
    healthy = {"test": ["CMD", "true"], "interval": "1s"}
    return {"db": sleeper(healthcheck=healthy, networks=["back"]), "web": sleeper(**web)}


def write(project: Project, **more: object) -> None:
    project.write(shop(**more), volumes={"data": {}}, networks={"front": {}, "back": {}}, secrets=SECRETS)


def run_in(project: Project, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """A process of its own: what a command writes goes past Python's stdout."""
    command = [sys.executable, "-m", "deployer", "run", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=project.folder, input=given, capture_output=True, env=environment, timeout=120, check=False
    )


def one_offs(project: Project) -> set[str]:
    return {name for name in project.containers() if "-run-" in name}


def test_a_command_runs_with_the_services_settings(project: Project) -> None:
    """What the service depends on is brought up, shown aside; the service itself is not, and nothing is left over."""
    write(project)
    script = "cat; echo $A $B; cat /run/secrets/key; echo kept > /data/file; nslookup db >/dev/null && exit 5"
    done = run_in(project, "--rm", "-e", "B=2", "web", "sh", "-c", script, given=b"in\n")
    assert (done.returncode, done.stdout) == (5, b"in\n1 2\ns3cret"), done.stderr.decode()
    assert b"+ service.db[1]" in done.stderr
    assert project.containers() == {project.container_name("db")}
    assert set(project.changes()) == {"service.web[1]"}
    labels = [each["Labels"] or {} for each in project.engine.volumes()["Volumes"]]
    assert not [each for each in labels if each.get("io.deployer.copies") == project.name]

    again = run_in(project, "--rm", "--no-deps", "--entrypoint", "cat", "-w", "/data", "web", given=b"")
    assert (again.returncode, again.stdout, again.stderr) == (0, b"", b"")
    wrong = run_in(project, "--rm", "-v", "nonsense", "web", "true")
    assert (wrong.returncode, b"expected a volume" in wrong.stderr) == (64, True), wrong.stderr
    absent = run_in(project, "web", "no-such-program")
    assert (absent.returncode, b"command-not-found" in absent.stderr) == (1, True), absent.stderr
    assert one_offs(project) == set()


def test_what_ended_a_run_is_told_also_where_the_command_cannot_be_ended(project: Project, proxy: Proxy) -> None:
    """Nobody reads what it writes, and then the engine does not answer."""
    project.write({"web": sleeper()})
    proxy.after = lambda request: Instead() if request.path.endswith("/kill") else None
    process = project.start("run", "--engine", proxy.url, "web", "yes")
    assert process.stdout
    assert process.stdout.readline() == "y\n"
    process.stdout.close()
    assert process.wait(60) == 1


def test_a_one_off_is_no_replica_and_goes_with_the_stack(project: Project) -> None:
    """It takes no port and no name of the service, plan and status do not see it, and destroy says that it goes."""
    write(project)
    project.apply()
    started = run_in(project, "-d", "web", "sleep", "1000")
    name = started.stdout.decode().strip()
    assert (started.returncode, one_offs(project)) == (0, {name}), started.stderr.decode()
    made = project.engine.inspect_container(name)
    assert made["Config"]["Labels"]["com.docker.compose.oneoff"] == "True"
    assert (made["HostConfig"]["RestartPolicy"]["Name"] in ("", "no"), made["HostConfig"]["PortBindings"] or {}) == (
        True,
        {},
    )
    aliases = [set(each["Aliases"] or ()) for each in made["NetworkSettings"]["Networks"].values()]
    assert [each - {made["Id"][:12], made["Config"]["Hostname"]} for each in aliases] == [set(), set()]
    project.must_be_settled()
    assert "1/1" in project.run("status").out.splitlines()[2]
    assert f"run.{name}" in project.plan_text("--destroy")
    finished = run_in(project, "-T", "--name", f"{project.name}-finished", "web", "true")
    assert finished.returncode == 0, finished.stderr
    assert f"{project.name}-finished" in project.run("rm", "-f", "web").err
    project.destroy("--volumes")
    assert (project.containers(), project.networks(), project.volumes()) == (set(), set(), set())


def test_signals_go_to_the_command(project: Project) -> None:
    """SIGTERM is its own to answer; where nobody reads what it writes, it ends. Either way --rm removes it."""
    project.write({"web": sleeper()})
    answers = "trap 'echo got; exit 3' TERM; echo ready; while :; do sleep 0.1; done"
    process = project.start("run", "--rm", "web", "sh", "-c", answers)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    result = ended(process)
    assert (result.code, result.out) == (3, "got\n"), result.err
    process = project.start("run", "--rm", "web", "yes")
    assert process.stdout
    assert process.stdout.readline() == "y\n"
    process.stdout.close()
    assert process.wait(60) == 1
    until(lambda: not one_offs(project))


def test_who_is_interrupted_before_the_start_leaves_nothing(project: Project, proxy: Proxy) -> None:
    """Exit 130, and the container that was made for it is gone."""
    project.write({"web": sleeper()})
    project.apply()
    reached, go_on = threading.Event(), threading.Event()

    def hold(request: Request) -> None:
        if request.path.endswith("/start"):
            reached.set()
            assert go_on.wait(60)

    proxy.before = hold
    process = project.start("run", "--engine", proxy.url, "web", "true")
    try:
        assert reached.wait(60)
        assert len(one_offs(project)) == 1
        process.send_signal(signal.SIGTERM)
        until(lambda: not one_offs(project))
        go_on.set()
        assert ended(process).code == 130
    finally:
        process.kill()
    assert one_offs(project) == set()


def test_a_terminal_goes_to_the_command_and_can_be_left(project: Project) -> None:
    """run in a terminal is a shell like any other; attach is left by its keys, and the program runs on."""
    project.write({"shell": {"image": BASE, "command": ["sh"], "tty": True, "stdin_open": True}})
    project.apply()
    with in_terminal("run", "--rm", "--no-deps", "shell", folder=project.folder) as terminal:
        terminal.until(b"# ")
        terminal.ask_size_until(b"24 80")
        terminal.type(b"exit 9\r")
        assert terminal.process.wait(60) == 9
    with in_terminal("attach", "shell", "--detach-keys", "ctrl-x", folder=project.folder) as terminal:
        terminal.ask_size_until(b"24 80")
        terminal.type(b"\x18")
        terminal.until(b"runs on")
        assert terminal.process.wait(60) == 0
    process = project.start("attach", "shell", "--no-stdin")
    assert process.stdout
    while not select.select([process.stdout], [], [], 0.2)[0]:  # until it is attached, and hears it
        project.inside("shell", "sh", "-c", "echo hi >/proc/1/fd/1")
    project.engine.kill(project.container_name("shell"))
    assert (ended(process).code, one_offs(project)) == (137, set())
