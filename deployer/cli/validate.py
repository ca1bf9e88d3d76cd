"""`deployer validate`: whether the stack is right, as far as that can be told without an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.output import Format
from deployer.cli.state import Files, state_of
from deployer.errors import DeployerError

if TYPE_CHECKING:
    from deployer.stack.model import Stack


def validate(
    context: typer.Context,
    files: Files = None,
    format: Annotated[Format, typer.Option(help="text, or json for programs.")] = Format.TEXT,
) -> None:
    """Check the stack file, without an engine.

    Tells all the mistakes at once, each at its line and column, and reads what the builds need. Exits with 65 where
    there is a mistake. As json, the mistakes are on stdout, none where all is fine.

    \b
    Example: deployer validate
    Example: deployer validate stack.yaml --format json
    """
    from deployer.render import diagnostics

    state = state_of(context)
    try:
        project = state.project(files)
        project.desired()
    except DeployerError as error:
        if format is Format.TEXT:
            raise
        state.output.result(diagnostics.as_json(error.diagnostics))
        raise typer.Exit(error.exit_code) from error
    if format is Format.JSON:
        state.output.result(diagnostics.as_json(()))
    else:
        state.output.result(f"{project.stack.file}: fine ({_counts(project.stack)})")


def _counts(stack: Stack) -> str:
    """`2 services, 1 volume`: what the file declares."""
    counted = {
        "service": len(stack.services),
        "build": len(stack.builds),
        "image": len(stack.images),
        "network": len(stack.networks),
        "volume": len(stack.volumes),
    }
    told = [f"{many} {kind}{'' if many == 1 else 's'}" for kind, many in counted.items() if many or kind == "service"]
    return ", ".join(told)
