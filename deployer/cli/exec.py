"""`deployer exec` and `deployer port`: into a container that runs, and what of it can be reached from outside."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployer.cli.inside import Env, Interactive, NoTty, Tty, User, Workdir
from deployer.cli.services import one_of, replicas_of
from deployer.cli.state import state_of
from deployer.cli.terminal import raw_terminal, talk, wants_terminal
from deployer.errors import Diagnostic, OperationFailed, WrongUsage

if TYPE_CHECKING:
    from deployer.reconcile.protocol import Engine

Service = Annotated[str, typer.Argument(metavar="SERVICE", help="Which service.")]
Index = Annotated[
    int | None,
    typer.Option("--index", metavar="N", min=1, help="Which replica; the first that runs unless given."),
]

_SOON = 10.0
"""Seconds in which the engine, busy as it may be, knows the exit code of a command whose output has ended."""

_KILLED = 137
"""The exit code of a command whose container was removed: that ends it by SIGKILL, and the engine knows it no more."""


def exec(
    context: typer.Context,
    service: Service,
    command: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="What is run there, with its arguments.")],
    _interactive: Interactive = False,
    tty: Tty = False,
    no_tty: NoTty = False,
    index: Index = None,
    env: Env = None,
    workdir: Workdir = "",
    user: User = "",
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Start it, and do not wait for it.")] = False,
    privileged: Annotated[bool, typer.Option("--privileged", help="It may do all that the host's root may.")] = False,
) -> None:
    """Run a command in a service's container.

    Exits with the command's own code. Options of deployer stand before the service: all that follows is the command's.
    Without a terminal, Ctrl-C ends deployer and not the command.

    \b
    Example: deployer exec web sh
    Example: deployer exec -T db pg_dump shop > shop.sql
    """
    state = state_of(context)
    terminal = wants_terminal(tty=tty, no_tty=no_tty, detach=detach)
    stack, engine = state.project().stack, state.engine()
    replica = one_of(replicas_of(engine, stack.name), stack.services, service, index)
    body: dict[str, Any] = {
        "Cmd": command[1:] if command[0] == "--" else command,
        "Env": [variable(each) for each in env or ()],
        "WorkingDir": workdir,
        "User": user,
        "Privileged": privileged,
        "Tty": terminal,
        "AttachStdin": not detach,
        "AttachStdout": not detach,
        "AttachStderr": not detach,
    }
    made = engine.create_exec(replica.id, body)
    if detach:
        engine.start_exec_detached(made, tty=terminal)
        return
    raise typer.Exit(_attached(engine, made, terminal))


def _attached(engine: Engine, made: str, terminal: bool) -> int:
    def resize(rows: int, columns: int) -> None:
        engine.resize_exec(made, rows=rows, columns=columns)

    session = engine.start_exec(made, tty=terminal)
    with raw_terminal(resize) if terminal else nullcontext():
        talk(session, listens=sys.stdin is not None)
    deadline = time.monotonic() + _SOON
    while (found := engine.exec(made)) and found["Running"] and time.monotonic() < deadline:
        time.sleep(0.02)
    return int(found.get("ExitCode") or 0) if found else _KILLED


def variable(given: str) -> str:
    """`NAME=VALUE` of --env; a name alone has its value from here, and is passed on empty where it has none."""
    name, equals, _ = given.partition("=")
    if not name:
        raise WrongUsage(Diagnostic("usage", "--env: a name is missing", hint="write it as NAME=VALUE, or NAME"))
    return given if equals else f"{name}={os.environ.get(name, '')}"


def port(
    context: typer.Context,
    service: Service,
    private_port: Annotated[
        str | None,
        typer.Argument(metavar="PRIVATE_PORT[/udp]", help="The port in the container; all of them unless given."),
    ] = None,
    index: Index = None,
) -> None:
    """Print where a service's port is published: ADDRESS:PORT, as it really is, a random one too.

    \b
    Example: deployer port web 80
    Example: curl "http://$(deployer port web 80)/"
    """
    state = state_of(context)
    name = _wire(private_port) if private_port else ""
    stack, engine = state.project().stack, state.engine()
    replica = one_of(replicas_of(engine, stack.name), stack.services, service, index)
    found = engine.container(replica.id) or {}
    ports = {name: where for name, where in ((found.get("NetworkSettings") or {}).get("Ports") or {}).items() if where}
    if not ports or (name and name not in ports):
        there = ", ".join(sorted(ports, key=_by_number))
        hint = f"it publishes: {there}" if there else "`ports` of the service says what it is to publish"
        what = f"does not publish port {name}" if name else "publishes no port"
        raise OperationFailed(Diagnostic("port-not-published", f"{replica.name} {what}", hint=hint))
    if name:
        state.output.result(_shown(ports[name]))
    else:
        for each in sorted(ports, key=_by_number):
            state.output.result(f"{each} -> {_shown(ports[each])}")


def _wire(given: str) -> str:
    number, slash, protocol = given.partition("/")
    if not number.isdecimal() or (slash and protocol not in ("tcp", "udp", "sctp")):
        hint = "write it as 80 or 53/udp"
        raise WrongUsage(Diagnostic("usage", f"{given!r} is no port", hint=hint))
    return f"{int(number)}/{protocol or 'tcp'}"


def _by_number(name: str) -> tuple[int, str]:
    number, _, protocol = name.partition("/")
    return int(number), protocol


def _shown(bindings: Sequence[Mapping[str, str]]) -> str:
    """The first one, IPv4 before IPv6: one line, so that a script can use it."""
    first = min(bindings, key=lambda binding: ":" in binding.get("HostIp", ""))
    host = first.get("HostIp") or "0.0.0.0"
    return f"{f'[{host}]' if ':' in host else host}:{first['HostPort']}"
