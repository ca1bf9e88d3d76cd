"""`deployer doctor`: whether engine, host, registries and stack are as they should be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from deployer.cli.output import Format
from deployer.cli.state import Files, state_of
from deployer.errors import Exit


def doctor(
    context: typer.Context,
    files: Files = None,
    config: Annotated[
        str | None,
        typer.Option(
            "--config", metavar="FILE", help="The engine's daemon.json; /etc/docker/daemon.json here unless given."
        ),
    ] = None,
    format: Annotated[Format, typer.Option(help="text, or json for programs.")] = Format.TEXT,
) -> None:
    """Examine the engine, its host, the registries and the stack, and say how to mend what is wrong.

    Each line is ok, a warning or a problem. Exits with 0 when nothing is a problem, with 1 otherwise, also where no
    engine answers; warnings alone are 0. Without a stack file, the rest is examined. Nothing is changed.

    \b
    Example: deployer doctor
    Example: deployer doctor stack.yaml --format json
    """
    from deployer.doctor.finding import Status
    from deployer.examine.checks import examine
    from deployer.examine.subject import Subject
    from deployer.render import doctor as render

    state = state_of(context)
    found = list(examine(Subject(state.with_files(files), config, datetime.now(UTC))))
    shown = render.as_json(found) if format is Format.JSON else render.as_text(found, color=state.output.color)
    state.output.result(shown)
    if any(each.status is Status.PROBLEM for each in found):
        raise typer.Exit(Exit.FAILED)
