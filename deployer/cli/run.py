"""`deployer run`: one command in a container of its own, with a service's settings."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployer.cli.carry_out import Shown, Way, carry_out
from deployer.cli.exec import variable
from deployer.cli.inside import Env, Interactive, NoTty, Tty, User, Workdir
from deployer.cli.output import Output
from deployer.cli.services import refuse_unknown
from deployer.cli.state import state_of
from deployer.cli.terminal import Relay, raw_terminal, talk, wants_terminal
from deployer.errors import DeployerError, Diagnostic, Exit, WrongUsage
from deployer.home import from_home

if TYPE_CHECKING:
    from deployer.plan.model import Plan
    from deployer.plan.one_off import NewOneOff, OneOff
    from deployer.project import Project
    from deployer.reconcile.protocol import Engine, Session

_SOON = 2.0
"""Seconds in which a program whose terminal has closed has ended; one that has not runs on without us."""


def run(
    context: typer.Context,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Whose settings it has.")],
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND...", help="What is run; what the service runs unless given."),
    ] = None,
    rm: Annotated[bool, typer.Option("--rm", help="Remove the container when its command has ended.")] = False,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Start it, print its name, and do not wait for it.")
    ] = False,
    _interactive: Interactive = False,
    tty: Tty = False,
    no_tty: NoTty = False,
    env: Env = None,
    user: User = "",
    workdir: Workdir = "",
    entrypoint: Annotated[
        str | None, typer.Option("--entrypoint", metavar="PROGRAM", help="In place of the service's and the image's.")
    ] = None,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="The container's name; STACK-SERVICE-run-... unless given.")
    ] = "",
    volume: Annotated[
        list[str] | None,
        typer.Option("--volume", "-v", metavar="SOURCE:TARGET", help="A further volume or folder; repeatable."),
    ] = None,
    publish: Annotated[
        list[str] | None,
        typer.Option("--publish", "-p", metavar="HOST:CONTAINER", help="Publish a port; repeatable."),
    ] = None,
    service_ports: Annotated[
        bool, typer.Option("--service-ports", "-P", help="Publish the ports that the service publishes.")
    ] = False,
    no_deps: Annotated[bool, typer.Option("--no-deps", help="Do not bring up what the service depends on.")] = False,
) -> None:
    """Run a command in a new container with a service's settings: image, environment, volumes, networks, secrets.

    What the service depends on is brought up first, and its own image, as apply would; that plan is shown. The
    container is no replica: it has none of the service's names in networks, publishes none of its ports, is never
    restarted, and plan and status do not count it. `destroy` and `rm` remove it. Exits with the command's own code;
    Ctrl-C and SIGTERM go to the command. Options of deployer stand before the service. Here -p publishes a port; the
    stack's name is given by --project-name.

    \b
    Example: deployer run --rm web sh
    Example: deployer run --rm -e STEP=2 migrate ./migrate.sh
    """
    from deployer.reconcile import one_off

    state = state_of(context)
    terminal = wants_terminal(tty=tty, no_tty=no_tty, detach=detach)
    said = _said(command or (), entrypoint, user, workdir)
    said |= {"tty": terminal, "stdin_open": True} if not detach else {"tty": True} if tty else {}
    wish = _wish(said, env or (), volume or (), publish or (), service_ports=service_ports, remove=rm)
    project = state.project(named=[service])
    engine = state.engine(project)
    refuse_unknown([service], project.stack.services)
    plan = _brought_up(state.output, project, engine, service, alone=no_deps)
    called = name or _name(project.stack.name, service)
    made = one_off.create(engine, called, _new(project, engine, service, wish, plan), project.sources.archive)
    if detach:
        _start(engine, made)
        state.output.result(called)
    else:
        raise typer.Exit(_attached(state.output, engine, called, made, terminal=terminal, remove=rm))


def _said(command: Sequence[str], entrypoint: str | None, user: str, workdir: str) -> dict[str, Any]:
    """The rows that are said in place of the service's."""
    words = list(command[1:] if command[:1] == ["--"] else command)
    rows = {"command": words, "user": user, "working_dir": workdir}
    given = {"entrypoint": entrypoint} if entrypoint is not None else {}
    return {**{name: value for name, value in rows.items() if value}, **given}


def _wish(
    said: Mapping[str, Any],
    env: Sequence[str],
    volumes: Sequence[str],
    ports: Sequence[str],
    *,
    service_ports: bool,
    remove: bool,
) -> OneOff:
    from deployer.plan.one_off import OneOff

    variables = {name: value for name, _, value in (variable(each).partition("=") for each in env)}
    return OneOff(said, variables, tuple(map(_from_here, volumes)), tuple(ports), service_ports, remove)


def _from_here(volume: str) -> str:
    """A folder is relative to where the command is typed, as docker has it."""
    source, colon, rest = volume.partition(":")
    is_path = source in (".", "..", "~") or source.startswith(("./", "../", "~/"))
    return f"{from_home(source).absolute()}{colon}{rest}" if is_path else volume


def _name(stack: str, service: str) -> str:
    from deployer.resources.identity import one_off_name

    return one_off_name(stack, service, secrets.token_hex(6))


def _brought_up(output: Output, project: Project, engine: Engine, service: str, *, alone: bool) -> Plan:
    """The plan once there is nothing to do: what the service needs is there. Ends the command where it cannot be."""
    from deployer.plan.planner import Options
    from deployer.reconcile.turn import AT_ONCE

    options = Options(only=frozenset({service}), spared=frozenset({service}), alone=alone)
    plan, _ = project.plan(engine, options)
    if plan.is_empty:
        return plan
    way = Way(
        look=lambda holding: project.plan(engine, options, holding),
        yes=True,
        patience=AT_ONCE,
        command=f"run {service}",
        shown=Shown.ASIDE,
        asks_nothing_new=True,
    )
    outcome = carry_out(output, project, engine, way)
    if outcome.exit_code is not Exit.DONE:
        raise typer.Exit(outcome.exit_code)
    return project.plan(engine, options)[0]


def _new(project: Project, engine: Engine, service: str, wish: OneOff, plan: Plan) -> NewOneOff:
    from pydantic import ValidationError

    try:
        return project.one_off(engine, service, wish, plan)
    except ValidationError as error:
        found = error.errors()[0]
        hint = str((found.get("ctx") or {}).get("hint", ""))
        raise WrongUsage(Diagnostic("usage", str(found["msg"]), hint=hint)) from None


def _start(engine: Engine, made: str) -> None:
    from deployer.reconcile.one_off import discard

    try:
        engine.start_container(made)
    except BaseException:
        discard(engine, made)
        raise


def _attached(output: Output, engine: Engine, called: str, made: str, *, terminal: bool, remove: bool) -> int:
    """From before its start, so that no output is lost, to its end."""
    from deployer.reconcile.one_off import discard

    def resize(rows: int, columns: int) -> None:
        engine.resize_container(made, rows=rows, columns=columns)

    session: Session | None = None
    with Relay(lambda name: engine.kill_container(made, name)) as relay:
        try:
            session = engine.attach(made, tty=terminal, stdin=True)
            ending = engine.exit_of(made, "removed" if remove else "next-exit")
            engine.start_container(made)
            relay.begun = True
            with raw_terminal(resize) if terminal else nullcontext():
                talk(session, listens=sys.stdin is not None)
        except BaseException:
            if session:
                session.hang_up()
            if remove or not relay.begun:
                discard(engine, made)
            else:  # as a program ends that writes to a pipe which nobody reads
                with suppress(DeployerError):  # it has ended already, or the engine is gone
                    engine.kill_container(made, "SIGKILL")
            raise
        if terminal and runs_on(engine, made):
            output.say(f"\nDetached: {called} runs on.")
            return Exit.DONE
        return ending()


def runs_on(engine: Engine, container: str) -> bool:
    """Whether the program goes on though our connection to it has ended: the keys for that were typed."""
    deadline = time.monotonic() + _SOON
    while (found := engine.container(container)) and found["State"]["Running"]:
        if time.monotonic() > deadline:
            return True
        time.sleep(0.05)
    return False
