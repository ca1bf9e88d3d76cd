"""`deployer attach`: to the program that a container runs."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.exec import Index, Service
from deployer.cli.run import runs_on
from deployer.cli.services import one_of, replicas_of
from deployer.cli.state import state_of
from deployer.cli.terminal import Relay, both_are_terminals, raw_terminal, talk
from deployer.errors import Exit

if TYPE_CHECKING:
    from deployer.reconcile.protocol import Engine


class Switch(StrEnum):
    """An option that docker's users write with its value: `--sig-proxy=false`."""

    ON = "true"
    OFF = "false"


def attach(
    context: typer.Context,
    service: Service,
    index: Index = None,
    detach_keys: Annotated[
        str, typer.Option("--detach-keys", metavar="KEYS", help="What leaves it running: ctrl-p,ctrl-q unless given.")
    ] = "",
    no_stdin: Annotated[bool, typer.Option("--no-stdin", help="Pass nothing on of what is typed or piped.")] = False,
    sig_proxy: Annotated[
        Switch, typer.Option("--sig-proxy", help="Whether Ctrl-C and SIGTERM go to the program.")
    ] = Switch.ON,
) -> None:
    """Attach to the program that a service's container runs: what it writes from now on, and what it reads.

    Exits with the program's own code when it ends. It reads only where the service says `stdin_open`, and has a
    terminal where it says `tty`; then the keys of --detach-keys leave it running. Without a terminal Ctrl-C ends the
    program, unless --sig-proxy=false.

    \b
    Example: deployer attach web --no-stdin --sig-proxy=false
    Example: deployer attach console --detach-keys ctrl-x
    """
    state = state_of(context)
    stack, engine = state.project().stack, state.engine()
    replica = one_of(replicas_of(engine, stack.name), stack.services, service, index)
    config = (engine.container(replica.id) or {}).get("Config") or {}
    tty, reads = bool(config.get("Tty")), bool(config.get("OpenStdin")) and not no_stdin

    def resize(rows: int, columns: int) -> None:
        engine.resize_container(replica.id, rows=rows, columns=columns)

    ending = engine.exit_of(replica.id)
    session = engine.attach(replica.id, tty=tty, stdin=reads, detach_keys=detach_keys)
    with _passing_on(engine, replica.id, sig_proxy):
        with raw_terminal(resize) if tty and reads and both_are_terminals() else nullcontext():
            talk(session, listens=reads and sys.stdin is not None)
        if runs_on(engine, replica.id):
            state.output.say(f"\nDetached: {replica.name} runs on.")
            raise typer.Exit(Exit.DONE)
        raise typer.Exit(ending())


def _passing_on(engine: Engine, container: str, sig_proxy: Switch) -> AbstractContextManager[object]:
    if sig_proxy is Switch.OFF:
        return nullcontext()
    relay = Relay(lambda name: engine.kill_container(container, name))
    relay.begun = True
    return relay
