"""`deployer exec` and `deployer port` on a real engine, with pipes and with a terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import deployer
from deployer.cli.exec import _shown, _wire, variable
from deployer.errors import WrongUsage
from tests.cli.conftest import Cli
from tests.terminal import Terminal, in_terminal

STACK = """\
services:
  web:
    image: busybox:1.37
    command: [sleep, "1000"]
    stop_grace_period: 0s
    ports: ["127.0.0.1::80", "127.0.0.1::53/udp"]
  silent:
    image: busybox:1.37
    command: [sleep, "1000"]
    stop_grace_period: 0s
    scale: 2
"""
ROOT = Path(deployer.__file__).parents[1]


@pytest.fixture
def up(cli: Cli, stack_name: str) -> str:
    """The name of a stack that runs."""
    applied = cli("apply", "-p", stack_name, "--yes", stack=STACK)
    assert applied.code == 0, applied.err
    return stack_name


def deployer_(stack: str, *arguments: str, given: bytes | None = b"") -> subprocess.CompletedProcess[bytes]:
    """A process of its own, as the bytes of exec go past Python's stdout."""
    command = [sys.executable, "-m", "deployer", "-p", stack, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, input=given, capture_output=True, env=environment, timeout=120)


@pytest.fixture
def terminal(up: str) -> Iterator[Terminal]:
    """A shell in `web`, in a terminal."""
    with in_terminal("-p", up, "exec", "web", "sh") as made:
        yield made


@pytest.mark.engine
def test_exec_is_a_command_like_any_other(up: str):
    """Its exit code, its two streams, and its input, whose bytes stay as they are and which ends."""
    noise = os.urandom(300_000) + b"\r\n\x00\x04"

    copied = deployer_(up, "exec", "-T", "web", "cat", given=noise)
    failed = deployer_(up, "exec", "web", "sh", "-c", "echo out; echo err >&2; exit 7")
    options = deployer_(up, "exec", "-e", "A=1", "-w", "/etc", "-u", "1000", "web", "sh", "-c", 'echo "$A $PWD"; id -u')

    assert (copied.returncode, copied.stdout == noise) == (0, True)
    assert (failed.returncode, failed.stdout, failed.stderr) == (7, b"out\n", b"err\n")
    assert options.stdout == b"1 /etc\n1000\n"
    assert deployer_(up, "exec", "web", "echo", "-p", "--verbose", "--").stdout == b"-p --verbose --\n"
    assert deployer_(up, "exec", "web", "no-such-program").returncode in (126, 127)


@pytest.mark.engine
def test_exec_chooses_the_replica_and_need_not_wait(up: str):
    """--index names it; one that is not there is an error that says which are."""
    second = deployer_(up, "exec", "-d", "--index", "2", "silent", "touch", "/here")
    third = deployer_(up, "exec", "--index", "3", "silent", "true")

    assert (second.returncode, second.stdout) == (0, b"")
    assert deployer_(up, "exec", "--index", "2", "silent", "sh", "-c", "sleep 0.2; ls /here").returncode == 0
    assert deployer_(up, "exec", "--index", "1", "silent", "ls", "/here").returncode == 1
    assert third.returncode == 1
    assert b"silent has no container 3" in third.stderr
    assert b"it has: 1, 2" in third.stderr


@pytest.mark.engine
def test_a_terminal_goes_through(terminal: Terminal):
    """Keys, Ctrl-C and the window's size go to the command; at the end the terminal is as it was."""
    before = termios.tcgetattr(terminal.theirs)
    terminal.until(b"# ")
    terminal.ask_size_until(b"24 80")
    terminal.resize(30, 100)
    terminal.ask_size_until(b"30 100")
    terminal.type(b"sleep 1000\r")
    terminal.until(b"sleep 1000\r\n")
    time.sleep(0.5)
    terminal.type(b"\x03")
    terminal.until(b"# ")
    terminal.type(b"exit 9\r")
    assert terminal.process.wait(60) == 9
    assert termios.tcgetattr(terminal.theirs) == before


@pytest.mark.engine
def test_port_says_where(cli: Cli, up: str):
    """As it really is; what is not published is an error that says what is."""
    one = cli("port", "-p", up, "web", "80")
    udp = cli("port", "-p", up, "web", "53/udp")
    all_ = cli("port", "-p", up, "web")
    none = cli("port", "-p", up, "web", "81")

    assert re.fullmatch(r"127\.0\.0\.1:\d+\n", one.out)
    assert all_.out == f"53/udp -> {udp.out}80/tcp -> {one.out}"
    assert (none.code, none.out) == (1, "")
    assert "does not publish port 81/tcp" in none.err
    assert "it publishes: 53/udp, 80/tcp" in none.err
    assert (cli("port", "-p", up, "silent").code, cli("port", "-p", up, "nope").code) == (1, 64)


@pytest.mark.parametrize(
    ("bindings", "shown"),
    [
        ([{"HostIp": "::", "HostPort": "1"}, {"HostIp": "0.0.0.0", "HostPort": "2"}], "0.0.0.0:2"),
        ([{"HostIp": "::1", "HostPort": "1"}], "[::1]:1"),
        ([{"HostIp": "", "HostPort": "1"}], "0.0.0.0:1"),
    ],
)
def test_a_published_port_is_one_line(bindings: list[dict[str, str]], shown: str):
    """IPv4 before IPv6, and what can be put into a URL."""
    assert _shown(bindings) == shown


@pytest.mark.parametrize("given", ["x", "80/icmp", "80/", "-1"])
def test_what_is_no_port_is_wrong_usage(given: str):
    """Said before an engine is asked."""
    with pytest.raises(WrongUsage, match="no port"):
        _wire(given)


def test_a_variable_without_a_value_has_the_one_here(monkeypatch: pytest.MonkeyPatch):
    """As docker has it; one that is not set here is empty."""
    monkeypatch.setenv("HERE", "a=b")
    monkeypatch.delenv("NOT_HERE", raising=False)

    assert [variable(each) for each in ("HERE", "NOT_HERE", "A=b=c")] == ["HERE=a=b", "NOT_HERE=", "A=b=c"]


def test_a_terminal_that_is_not_there_is_wrong_usage(cli: Cli):
    """-t with a pipe on stdin, and -t with -T."""
    assert cli("exec", "-t", "web", "sh", stack=STACK).code == 64
    assert cli("exec", "-tT", "web", "sh", stack=STACK).code == 64
