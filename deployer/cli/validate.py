"""`deployer validate`: whether the stack is right, as far as that can be told without an engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.state import Files, state_of
from deployer.errors import DeployerError, Diagnostic

if TYPE_CHECKING:
    from deployer.stack.model import Stack


class ValidateFormat(StrEnum):
    """The forms that the mistakes come in."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def validate(
    context: typer.Context,
    files: Files = None,
    format: Annotated[
        ValidateFormat, typer.Option(help="text, json for programs, or sarif (2.1.0) for code hosts and editors.")
    ] = ValidateFormat.TEXT,
) -> None:
    """Check the stack file, without an engine.

    Tells the mistakes together, each at its line and column: first those of form, then those between things, then what
    is wrong with files. Reads what the builds need, and whether secrets and configs are there. Exits with 65 where
    there is a mistake. Warnings are what can be carried out and is not wise, or will not do what is written: slips in
    Dockerfiles, images without a version or past their end of life, a registry that is open to everybody. As json or
    sarif, all is on stdout.

    \b
    Example: deployer validate
    Example: deployer validate stack.yaml --format sarif > deployer.sarif
    """
    from deployer.examine.advice import advice
    from deployer.project import Project
    from deployer.wiring import load_stack

    state = state_of(context)
    warnings: Sequence[Diagnostic] = ()
    try:
        stack, path = load_stack(state.with_files(files))
        project = Project(stack, path)
        warnings = [*stack.warnings, *advice(project, date.today())]
        project.check()
    except DeployerError as error:
        if format is ValidateFormat.TEXT:
            state.output.warn(warnings)
            raise
        state.output.result(_rendered(format, error.diagnostics, [*error.warnings, *warnings]))
        raise typer.Exit(error.exit_code) from error
    if format is ValidateFormat.TEXT:
        state.output.warn(warnings)
        state.output.result(f"{stack.file}: fine ({_counts(stack)})")
    else:
        state.output.result(_rendered(format, (), warnings))


def _rendered(format: ValidateFormat, errors: Sequence[Diagnostic], warnings: Sequence[Diagnostic]) -> str:
    from deployer.render.diagnostics import as_json
    from deployer.render.sarif import as_sarif

    return as_sarif(errors, warnings) if format is ValidateFormat.SARIF else as_json(errors, warnings)


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
