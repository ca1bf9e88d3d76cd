"""`deployer logs`: what the services' containers have written, told apart by prefixes and put in order of time."""

from __future__ import annotations

import heapq
import queue
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.services import refuse_unknown, replicas_of
from deployer.cli.state import state_of
from deployer.errors import DeployerError, Diagnostic, Exit, WrongUsage

if TYPE_CHECKING:
    from deployer.reconcile.protocol import Engine, LogLine
    from deployer.stack.model import Stack

_COLORS = ("\x1b[36m", "\x1b[33m", "\x1b[32m", "\x1b[35m", "\x1b[34m", "\x1b[96m", "\x1b[93m", "\x1b[92m", "\x1b[95m")
_PLAIN = "\x1b[0m"
_HELD = 100
"""How many lines of a container are looked through for an earlier one."""


@dataclass(frozen=True, slots=True)
class Source:
    """A container whose log is asked for; `name` is what its lines begin with."""

    name: str
    container: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a log; `time` as the engine writes it: always nine digits of a second, so that texts sort as times."""

    time: str
    source: Source
    text: str


@dataclass(frozen=True, slots=True)
class Style:
    """How a line is shown: `width` that of the longest prefix, 0 for none; `colors` by source."""

    width: int
    timestamps: bool
    colors: Mapping[Source, str]

    def shown(self, entry: Entry) -> str:
        prefix = f"{entry.source.name:<{self.width}}  | " if self.width else ""
        if prefix and (color := self.colors.get(entry.source)):
            prefix = f"{color}{prefix}{_PLAIN}"
        return f"{prefix}{f'{entry.time} ' if self.timestamps else ''}{entry.text}"


def logs(
    context: typer.Context,
    services: Annotated[
        list[str] | None, typer.Argument(metavar="SERVICE", help="Whose logs; all of the stack's unless given.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
    tail: Annotated[
        int | None, typer.Option("--tail", "-n", metavar="N", min=0, help="Only the last N lines of each container.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Only from then on: 10m ago, or 2025-01-31T12:00:00Z.")
    ] = None,
    timestamps: Annotated[bool, typer.Option("--timestamps", "-t", help="Put the time before each line.")] = False,
    no_log_prefix: Annotated[
        bool, typer.Option("--no-log-prefix", help="Leave out which container wrote the line.")
    ] = False,
) -> None:
    """Show what the services have written.

    Lines of several containers are put in the order of their times. With --follow it ends when all of the containers
    have stopped, or with Ctrl-C. Here -f means --follow; the stack file is named by --file.

    \b
    Example: deployer logs web --tail 20
    Example: deployer logs --follow --since 10m
    """
    state = state_of(context)
    start = None if since is None else moment(since, time.time())
    stack = state.project().stack
    engine = state.engine()
    sources = _sources(engine, stack, services or ())
    style = Style(
        width=0 if no_log_prefix else max((len(source.name) for source in sources), default=0),
        timestamps=timestamps,
        colors={source: _COLORS[at % len(_COLORS)] for at, source in enumerate(sources)} if state.output.color else {},
    )
    entries = followed(engine, sources, tail, start) if follow else written(engine, sources, tail, start)
    try:
        for entry in entries:
            print(style.shown(entry), flush=follow)
    except KeyboardInterrupt:  # the way out of --follow
        raise typer.Exit(Exit.INTERRUPTED) from None


def moment(given: str, now: float, option: str = "--since") -> float:
    """Seconds since 1970 of a time, or of a duration before now."""
    from deployer.fields.parse import SECOND, duration

    try:
        return now - duration(given) / SECOND
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", given)).timestamp()
    except (ValueError, OverflowError):
        hint = "write it as 10m, 1h30m or 2025-01-31T12:00:00Z"
        raise WrongUsage(Diagnostic("usage", f"{option}: {given!r} is no time", hint=hint)) from None


def _sources(engine: Engine, stack: Stack, wanted: Sequence[str]) -> list[Source]:
    """The containers of the services asked for, in the order of their names and numbers."""
    replicas = replicas_of(engine, stack.name)
    refuse_unknown(wanted, {*stack.services, *(each.service for each in replicas)})
    return [
        Source(f"{each.service}-{each.number}", each.id) for each in replicas if not wanted or each.service in wanted
    ]


def written(engine: Engine, sources: Sequence[Source], tail: int | None, since: float | None) -> Iterator[Entry]:
    """What there is, oldest first."""
    logs = [
        in_order(_entries(source, engine.logs(source.container, tail=tail, since=since, timestamps=True)))
        for source in sources
    ]
    return heapq.merge(*logs, key=lambda entry: entry.time)


def in_order(entries: Iterable[Entry]) -> Iterator[Entry]:
    """One container's lines in the order of their times.

    The engine takes a line's time before it waits to write it, so that those of the two streams may lie a moment out
    of order: https://github.com/moby/moby/blob/v20.10.24/daemon/logger/copier.go.
    """
    held: list[tuple[str, int, Entry]] = []
    for at, entry in enumerate(entries):
        heapq.heappush(held, (entry.time, at, entry))
        if len(held) > _HELD:
            yield heapq.heappop(held)[2]
    yield from (entry for _, _, entry in sorted(held))


def _entries(source: Source, lines: Iterator[LogLine]) -> Iterator[Entry]:
    for line in lines:
        stamp, _, text = line.text.partition(" ")
        yield Entry(stamp, source, text)


def followed(engine: Engine, sources: Sequence[Source], tail: int | None, since: float | None) -> Iterator[Entry]:
    """What there is, oldest first, then each line as it comes, until all of the containers have stopped."""
    last: dict[Source, list[Entry]] = {}
    for entry in written(engine, sources, tail, since):
        last[entry.source] = [*(seen for seen in last.get(entry.source, ()) if seen.time == entry.time), entry]
        yield entry
    lines: queue.Queue[Entry | DeployerError | None] = queue.Queue(maxsize=10_000)
    for source in sources:
        arguments = (engine, source, last.get(source, []), tail, since, lines)
        threading.Thread(target=_follow, args=arguments, daemon=True).start()
    running = len(sources)
    while running:
        match lines.get():
            case None:
                running -= 1
            case DeployerError() as error:
                raise error
            case entry:
                yield entry


def _follow(
    engine: Engine,
    source: Source,
    seen: list[Entry],
    tail: int | None,
    since: float | None,
    lines: queue.Queue[Entry | DeployerError | None],
) -> None:
    """Go on after what was seen last: asked from that second on, the engine tells once more what was written in it."""
    try:
        start = datetime.fromisoformat(seen[0].time[:19] + "+00:00").timestamp() if seen else since
        again = len(seen)
        for entry in _entries(
            source,
            engine.logs(source.container, tail=None if seen else tail, since=start, follow=True, timestamps=True),
        ):
            if seen and entry.time <= seen[0].time and (entry.time < seen[0].time or again):
                again -= entry.time == seen[0].time
                continue
            lines.put(entry)
    except DeployerError as error:
        lines.put(error)
    finally:
        lines.put(None)
