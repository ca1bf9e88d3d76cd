"""`deployer top` and `deployer stats`: what runs in the containers, and what they use."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.output import Format
from deployer.cli.services import Replica, refuse_unknown, replicas_of
from deployer.cli.start import Services
from deployer.cli.state import state_of
from deployer.errors import Exit
from deployer.render.harmless import harmless

if TYPE_CHECKING:
    from deployer.reconcile.protocol import Json, Reader
    from deployer.render.stats import Usage
    from deployer.stack.model import Stack

_HOME_AND_CLEAR = "\x1b[H\x1b[J"
_AT_ONCE = 64


def top(context: typer.Context, services: Services = None) -> None:
    """List the processes of the containers that run.

    Example: deployer top web
    """
    state = state_of(context)
    stack, engine = state.project().stack, state.engine()
    for replica in _running(engine, stack, services or ()):
        found = engine.top(replica.id)
        state.output.result(f"{harmless(replica.name)}\n{_table([found['Titles'], *(found['Processes'] or ())])}\n")


def _table(lines: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need be; the last one, the command, as long as it is."""
    shown = [[harmless(cell) for cell in line] for line in lines]
    widths = [max(len(line[column]) for line in shown) for column in range(len(shown[0]))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in shown
    )


def stats(
    context: typer.Context,
    services: Services = None,
    no_stream: Annotated[
        bool, typer.Option("--no-stream", help="Look once; so it is where stdout is no terminal, too.")
    ] = False,
    format: Annotated[Format, typer.Option(help="text, or json: an object for each look.")] = Format.TEXT,
) -> None:
    """Show what the containers use: processor, memory, network, disk, processes.

    A look takes the engine a second or two, all containers at once. On a terminal it goes on until Ctrl-C. Numbers are
    those of docker stats: CPU % is of one processor, memory is without files that the kernel can drop.

    \b
    Example: deployer stats
    Example: deployer stats web --format json --no-stream
    """
    from deployer.render import stats as render

    state = state_of(context)
    stack, engine = state.project().stack, state.engine()
    again = not no_stream and sys.stdout.isatty()
    try:
        while True:
            usages = _measured(engine, _running(engine, stack, services or ()))
            if format is Format.JSON:
                state.output.result(render.as_json(usages, stack=stack.name))
            else:
                state.output.result((_HOME_AND_CLEAR if again else "") + render.as_text(usages))
            if not again:
                return
            sys.stdout.flush()
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None


def _measured(engine: Reader, replicas: Sequence[Replica]) -> list[Usage]:
    """All at once, as each takes its time; one that ended meanwhile is left out."""
    from concurrent.futures import ThreadPoolExecutor

    from deployer.render.stats import usage_of

    if not replicas:
        return []
    with ThreadPoolExecutor(min(_AT_ONCE, len(replicas))) as pool:
        found: Iterable[Json | None] = pool.map(lambda replica: engine.stats(replica.id), replicas)
        pairs = list(zip(replicas, found, strict=True))
    return [usage_of(each.name, each.service, each.number, measured) for each, measured in pairs if measured]


def _running(engine: Reader, stack: Stack, wanted: Sequence[str]) -> list[Replica]:
    replicas = replicas_of(engine, stack.name)
    refuse_unknown(wanted, {*stack.services, *(each.service for each in replicas)})
    return [each for each in replicas if each.state in ("running", "paused") and (not wanted or each.service in wanted)]
