"""`deployer status`: what is wanted, what is there, and what somebody changed by hand."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from deployer.cli.status import published, statuses
from deployer.engine.client import connect
from deployer.engine.locate import locate
from tests.cli.conftest import Cli
from tests.upgrades.kept import kept

STACK = """\
services:
  web:
    image: busybox:1.37
    command: sleep 600
    ports: ["127.0.0.1::80"]
    mem_limit: 16M
    init: true
    scale: 2
  once:
    image: busybox:1.37
    command: "true"
    restart: "no"
"""


def inspect(**ports: list[tuple[str, str]] | None) -> dict[str, Any]:
    """An inspect with these bindings; `_80_tcp` stands for 80/tcp."""
    wire = {
        name[1:].replace("_", "/"): bindings and [{"HostIp": ip, "HostPort": port} for ip, port in bindings]
        for name, bindings in ports.items()
    }
    return {"NetworkSettings": {"Ports": wire}}


def test_a_container_and_its_half_done_successor_are_one_replica():
    """An apply that was killed may leave both of them running."""
    found = kept("changes")
    old = found.container("web")
    labels = {**old["Config"]["Labels"], "io.deployer.replaces": old["Id"]}
    successor = {**old, "Id": "f" * 64, "Name": f"{old['Name']}.next", "Config": {**old["Config"], "Labels": labels}}
    found.state["containers"].append(successor)
    (row,) = [each for each in statuses(found.desired, None, found.observed) if each.service == "web"]
    assert (row.ready, row.wanted) == (1, 1)


def test_a_port_on_all_addresses_is_told_once():
    """IPv4 and IPv6 are two bindings of the engine and one thing to people."""
    assert published(inspect(_80_tcp=[("0.0.0.0", "8080"), ("::", "8080")])) == ["8080->80"]


def test_random_ports_that_differ_are_both_told():
    """Engine 20.10 can pick another one for IPv6."""
    found = published(inspect(_80_tcp=[("0.0.0.0", "49153"), ("::", "49154")]))

    assert found == ["0.0.0.0:49153->80", "[::]:49154->80"]


def test_an_address_and_a_protocol_are_told():
    """tcp goes without saying."""
    assert published(inspect(_53_udp=[("127.0.0.1", "5353"), ("::1", "5353")])) == [
        "127.0.0.1:5353->53/udp",
        "[::1]:5353->53/udp",
    ]


def test_ports_are_in_the_order_of_the_container():
    """As numbers; what is only exposed is not published."""
    found = published(inspect(_443_tcp=[("", "8443")], _80_tcp=[("", "8080")], _9000_tcp=None))

    assert found == ["8080->80", "8443->443"]
    assert published({"NetworkSettings": {}}) == []


def test_watch_needs_a_terminal(cli: Cli):
    """A file or a program gets what it can read."""
    assert cli("status", "--watch", stack=STACK).code == 64


@pytest.mark.engine
def test_status_follows_what_happens(cli: Cli, stack_name: str):
    """Before, after an apply, and after a change by hand: replicas, ports, revision and drift."""
    named = ("-p", stack_name, "--format", "json")
    before = json.loads(cli("status", *named, stack=STACK).out)
    applied = cli("apply", "-p", stack_name, "--yes")
    after = json.loads(cli("status", *named).out)
    engine = connect(locate(None, None, os.environ, Path.home()))
    engine.update_container(f"{stack_name}-web-2", {"Memory": 32 * 1024**2, "MemorySwap": 64 * 1024**2})
    engine.close()
    changed = json.loads(cli("ps", *named).out)

    assert applied.code == 0, applied.err
    assert [(row["service"], row["ready"], row["wanted"]) for row in before["services"]] == [
        ("web", 0, 2),
        ("once", 0, 1),
    ]
    web, once = after["services"]
    assert (web["ready"], web["health"], web["image"], web["revision"], web["drift"]) == (
        2, "running", "busybox:1.37", 1, [],
    )  # fmt: skip
    assert [port.rpartition("->")[2] for port in web["ports"]] == ["80", "80"]
    assert (once["ready"], once["health"]) == (1, "exited (0)")
    assert [row["drift"] for row in changed["services"]] == [["mem_limit"], []]


@pytest.mark.engine
def test_status_is_a_table_for_people(cli: Cli, stack_name: str):
    """A line a service, under a head; nothing in colour where there is no terminal."""
    result = cli("status", "-p", stack_name, stack=STACK)

    head, web, once = result.out.splitlines()
    assert (result.code, result.err) == (0, "")
    assert head.split() == ["SERVICE", "READY", "HEALTH", "PORTS", "IMAGE", "REVISION", "DRIFT"]
    assert web.split()[:2] == ["web", "0/2"]
    assert once.split()[:2] == ["once", "0/1"]


SECRET = (
    STACK
    + """\
  keyed:
    image: busybox:1.37
    command: sleep 600
    init: true
    secrets: [key]
    mem_limit: 16M
secrets:
  key: {file: ./key.txt}
"""
)


@pytest.mark.engine
def test_the_files_of_secrets_need_not_be_there(cli: Cli, folder: Path, stack_name: str):
    """Who looks after a machine need not have them: all else is compared, and that this is not is said."""
    (folder / "key.txt").write_text("x")
    assert cli("apply", "-p", stack_name, "--yes", stack=SECRET).code == 0
    (folder / "key.txt").unlink()
    engine = connect(locate(None, None, os.environ, Path.home()))
    engine.update_container(f"{stack_name}-keyed-1", {"Memory": 32 * 1024**2, "MemorySwap": 64 * 1024**2})
    engine.close()
    result = cli("status", "-p", stack_name)

    assert result.code == 0
    assert [line.split()[-1] for line in result.out.splitlines()[1:4]] == ["-", "-", "mem_limit"]
    assert "secrets" not in result.out
    assert "warning[file-missing]: key.txt does not exist" in result.err
    assert "note: what it holds is not compared" in result.err


@pytest.mark.engine
def test_what_a_plan_cannot_be_made_of_is_shown_all_the_same(cli: Cli, stack_name: str):
    """The state is the engine's; only the comparison is missing."""
    built = STACK + "  made: {build: ./not-here}\n"
    result = cli("status", "-p", stack_name, stack=built)

    assert (result.code, result.err.count("nothing is compared with the stack file")) == (0, 1)
    assert all(line.endswith("not compared") for line in result.out.splitlines()[1:])


@pytest.mark.engine
def test_that_the_last_apply_failed_is_said_until_one_succeeds(cli: Cli, stack_name: str):
    """When, by whom and why; history says why, too."""
    assert cli("apply", "-p", stack_name, "--yes", stack=STACK).code == 0
    failed = cli("apply", "-p", stack_name, "--yes", stack=STACK.replace("sleep 600", "no-such-program"))
    shown, kept = cli("status", "-p", stack_name), cli("history", "show", "2", "-p", stack_name)
    again = cli("apply", "-p", stack_name, "--yes", stack=STACK.replace("600", "601"))

    assert (failed.code, again.code) == (1, 0)
    line = next(line for line in shown.out.splitlines() if line.startswith("Revision 2 failed (apply, "))
    assert "exited with code 127" in line
    assert re.search(r", \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, by ", line)
    assert line.partition("): ")[2] in kept.out.splitlines()[0]
    assert "Revision" not in cli("status", "-p", stack_name).out
