"""`deployer events`: what happens to the stack's containers, as it happens."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployer.cli.logs import moment
from deployer.cli.output import Format
from deployer.cli.services import refuse_unknown, replicas_of
from deployer.cli.start import Services
from deployer.cli.state import state_of
from deployer.errors import Exit
from deployer.fields.sensitive import mask_line
from deployer.render.harmless import harmless

if TYPE_CHECKING:
    from deployer.reconcile.protocol import Json


def events(
    context: typer.Context,
    services: Services = None,
    format: Annotated[Format, typer.Option(help="text, or json: an event a line.")] = Format.TEXT,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Also those from then on: 10m ago, or a time.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Only those until then, and end: 0s is now.")
    ] = None,
) -> None:
    """Show what happens to the stack's containers, a line an event, until Ctrl-C.

    Those of one-offs are among them. The engine remembers only the last 256 events of all that it runs, so --since may
    find less than there was.

    \b
    Example: deployer events web
    Example: deployer events --since 10m --until 0s --format json
    """
    from deployer.resources import identity

    state = state_of(context)
    now = time.time()
    start = None if since is None else moment(since, now)
    end = None if until is None else moment(until, now, "--until")
    stack, engine = state.project().stack, state.engine()
    refuse_unknown(services or (), {*stack.services, *(each.service for each in replicas_of(engine, stack.name))})
    try:
        with engine.events(labels={identity.PROJECT: stack.name}, since=start, until=end) as found:
            for event in found:
                labels: Mapping[str, str] = (event.get("Actor") or {}).get("Attributes") or {}
                if not services or labels.get(identity.SERVICE) in services:
                    told = _told(event, labels)
                    print(json.dumps(told) if format is Format.JSON else _line(told), flush=True)
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None


def _told(event: Json, attributes: Mapping[str, str]) -> dict[str, Any]:
    """What is worth telling of an event: of its attributes those that are no labels of the container."""
    from deployer.resources import identity

    happened = event.get("timeNano") or event.get("time", 0) * 1_000_000_000
    seconds, nanoseconds = divmod(happened, 1_000_000_000)
    kept = ("name", "image", "exitCode", "signal", "execID")
    return {
        "time": f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z",
        "service": attributes.get(identity.SERVICE, ""),
        "number": identity.number_of(attributes),
        "one_off": identity.is_one_off(attributes),
        "action": mask_line(str(event.get("Action", ""))),
        "id": (event.get("Actor") or {}).get("ID", ""),
        "attributes": {name: attributes[name] for name in kept if name in attributes},
    }


def _line(told: Mapping[str, Any]) -> str:
    attributes = dict(told["attributes"])
    name = attributes.pop("name", told["id"][:12])
    more = ", ".join(f"{key}={value}" for key, value in attributes.items())
    return harmless(f"{told['time']} {name} {told['action']} ({more})")
