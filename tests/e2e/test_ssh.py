"""Engines over ssh, by a real sshd: each way to fail has its message, and nothing of it is left when deployer ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from deployer.engine.client import connect
from deployer.engine.locate import Location, locate
from deployer.engine.ssh import LOOK
from deployer.errors import Diagnostic, Exit, Unreachable
from deployer.resources import identity
from tests.e2e.project import Project, ended, free_port, sleeper, until
from tests.e2e.proxy import Proxy, Request
from tests.e2e.sshd import Edge

pytestmark = pytest.mark.engine

ANOTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMqqzpSPVbWcU3B9mB5P9h4Jjzr0qXWQxWyo4Zz5cyzA"


def located(url: str) -> Location:
    return locate(url, None, {}, Path("/nowhere"))


def failure(url: str) -> Diagnostic:
    with pytest.raises(Unreachable) as caught:
        connect(located(url))
    assert caught.value.exit_code == Exit.UNREACHABLE
    return caught.value.diagnostics[0]


@pytest.fixture
def url(edge: Edge) -> str:
    """The engine of the tests, by ssh."""
    return edge.url(os.environ["DOCKER_HOST"])


def test_one_login_carries_all_requests_and_streams(edge: Edge, url: str, project: Project) -> None:
    """Eight inspects at once and the events come through the one ssh, which ends with deployer."""
    project.write({"web": sleeper(deploy={"replicas": 8})})
    project.apply()
    before = edge.sshd.logins()

    engine = connect(located(url))
    found = engine.inspected([project.id_of("web", number) for number in range(1, 9)])
    with engine.events(labels={identity.PROJECT: project.name}) as events:
        engine.kill_container(project.id_of("web"), "KILL")
        event = next(iter(events))
    engine.close()

    assert len(found) == 8
    assert event["Actor"]["ID"] == project.id_of("web")
    assert edge.sshd.logins() == before + 1
    assert not edge.running()


def test_an_unknown_host_key_says_how_to_make_it_known(edge: Edge, url: str) -> None:
    edge.configure(known="")
    found = failure(url)
    assert found.code == "ssh-host-key-unknown"
    assert "connect once" in found.hint
    assert "ssh edge" in found.hint


def test_a_host_key_that_changed_names_the_old_one_and_the_new_fingerprint(edge: Edge, url: str) -> None:
    """The line of known_hosts to remove, and what to compare before that."""
    edge.configure(known=ANOTHER_KEY)
    found = failure(url)
    fingerprint = subprocess.run(
        ["ssh-keygen", "-lf", str(edge.sshd.folder / "host.pub")], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    assert found.code == "ssh-host-key-changed"
    assert f"{edge.folder}/known_hosts:1" in found.hint
    assert found.notes == (f"it shows the ED25519 key {fingerprint}",)


def test_a_refused_login_says_that_it_must_work_without_a_question(edge: Edge, url: str) -> None:
    edge.configure(key="stranger")
    found = failure(url)
    assert found.code == "ssh-login"
    assert "Permission denied (publickey)" in found.message
    assert "ssh edge true" in found.hint


def test_a_port_that_nobody_listens_on_is_told_in_sshs_words(edge: Edge, url: str) -> None:
    edge.configure(port=free_port())
    found = failure(url)
    assert found.code == "engine-unreachable"
    assert "Connection refused" in found.message


@pytest.mark.usefixtures("edge")
def test_a_name_that_cannot_be_looked_up_is_told() -> None:
    found = failure("ssh://engine.invalid")
    assert found.code == "engine-unreachable"
    assert "Could not resolve hostname engine.invalid" in found.message


def test_a_host_that_never_answers_is_given_up(edge: Edge) -> None:
    """Something listens, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        edge.configure(port=silent.getsockname()[1])
        with pytest.raises(Unreachable) as caught:
            connect(located("ssh://edge"), timeout=0.5)
    assert caught.value.diagnostics[0].code == "engine-timeout"
    assert not edge.running()


def test_without_the_program_ssh_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = failure("ssh://edge")
    assert found.code == "ssh-missing"
    assert "openssh-client" in found.hint


@pytest.mark.usefixtures("edge")
def test_a_login_without_an_engine_names_the_socket_that_is_missing() -> None:
    """Docker is not there, or its socket is elsewhere: how to name it is told."""
    found = failure("ssh://edge/nowhere/docker.sock")
    assert found.code == "engine-unreachable"
    assert "ssh logs in, and there is no socket /nowhere/docker.sock" in found.message
    assert "ssh://host/run/user/1000/docker.sock" in found.hint


@pytest.mark.usefixtures("edge")
def test_an_engine_that_is_down_is_told_from_one_that_is_not_there(tmp_path: Path) -> None:
    """A killed engine leaves its socket: ssh logs in, and nobody listens."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(f"{tmp_path}/dead.sock")
    found = failure(f"ssh://edge{tmp_path}/dead.sock")
    assert found.code == "engine-unreachable"
    assert "sshd there could not connect to the engine's socket" in found.message


def test_an_sshd_that_does_not_forward_says_what_must_be_allowed(edge: Edge, url: str) -> None:
    """A hardened sshd, or a key with `restrict`."""
    edge.configure(key="restricted")
    found = failure(url)
    assert found.code == "engine-unreachable"
    assert "AllowStreamLocalForwarding" in found.hint


@pytest.mark.parametrize(("mode", "answer"), [(0o666, "usable"), (0o600, "denied"), (None, "missing")])
def test_what_looks_for_the_socket_tells_those_that_may_not_be_used(mode: int | None, answer: str) -> None:
    """Run as a user of no rights, the path on stdin."""
    if os.geteuid():
        pytest.skip("needs root, to be somebody else")
    path = f"/tmp/look-{os.getpid()}.sock"
    with socket.socket(socket.AF_UNIX) as there:
        if mode is not None:
            there.bind(path)
            os.chmod(path, mode)
        try:
            looked = subprocess.run(["sh", "-c", LOOK], input=f"{path}\n", text=True, capture_output=True, user=65534)
        finally:
            Path(path).unlink(missing_ok=True)
    assert looked.stdout == f"deployer: {answer} {path}\n"
    assert looked.returncode == 0, "it ends with its stdin"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_following_logs_works_and_leaves_no_ssh_behind(
    edge: Edge, url: str, project: Project, ending: signal.Signals
) -> None:
    """However it ends: by Ctrl-C, or killed."""
    project.write({"web": sleeper(command=["sh", "-c", "while :; do echo beat; sleep 0.2; done"])})
    project.apply()
    process = project.start("logs", "--follow", "--engine", url)
    try:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(3)]
        (ssh,) = edge.running()
        folder = control_folder(ssh)
        process.send_signal(ending)
        result = ended(process, 20)
    finally:
        process.kill()
    assert all("beat" in line for line in lines)
    assert result.code == (130 if ending is signal.SIGINT else -signal.SIGKILL)
    until(lambda: not edge.running())
    assert folder.exists() is (ending is signal.SIGKILL), "only who is killed leaves the folder, with nothing in use"
    shutil.rmtree(folder, ignore_errors=True)


def control_folder(ssh: int) -> Path:
    """The private folder that deployer made for that ssh."""
    arguments = Path(f"/proc/{ssh}/cmdline").read_text().split("\0")
    return next(Path(each.partition("=")[2]).parent for each in arguments if each.startswith("-oControlPath="))


def test_ctrl_c_in_an_apply_does_not_cut_the_way_to_the_engine(edge: Edge, project: Project, proxy: Proxy) -> None:
    """The terminal sends it to all of its processes: what is in flight ends all the same, and the turn with it."""
    project.write({"one": sleeper(), "two": sleeper(depends_on=["one"])})
    reached, go_on = threading.Event(), threading.Event()
    proxy.before = _hold("/start", reached, go_on)
    process = project.start("apply", "--yes", "--engine", edge.url(proxy.url), start_new_session=True)
    try:
        assert reached.wait(60)
        os.killpg(process.pid, signal.SIGINT)
        go_on.set()
        result = ended(process)
    finally:
        process.kill()
    assert result.code == 130, result.err
    assert "engine-lost" not in result.err
    assert any(name.endswith(".done") for name in project.records())
    assert not edge.running()
    project.apply()
    project.must_be_settled()


def test_an_ssh_that_breaks_in_the_middle_is_69_and_the_next_apply_goes_on(
    edge: Edge, project: Project, proxy: Proxy
) -> None:
    """What is half done is said."""
    project.write({"web": sleeper()})
    project.apply()
    project.write({"web": sleeper(user="1000")})

    def cut(request: Request) -> None:
        if request.path.endswith("/start"):
            for pid in edge.running():
                os.kill(pid, signal.SIGKILL)

    proxy.before = cut
    result = project.run_apart("apply", "--yes", "--engine", edge.url(proxy.url))
    assert result.code == 69, result.err
    assert "the ssh to ssh://edge" in result.err
    assert "Traceback" not in result.err
    assert result.told("half done") == {"service.web[1]"}
    project.apply()
    project.must_be_settled()
    assert project.containers() == {project.container_name("web")}


def _hold(path: str, reached: threading.Event, go_on: threading.Event) -> Callable[[Request], None]:
    def hold(request: Request) -> None:
        if request.path.endswith(path) and not reached.is_set():
            reached.set()
            assert go_on.wait(60)

    return hold
