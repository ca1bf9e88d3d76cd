"""`deployer config`: the stack as deployer understands it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from deployer.cli.state import Files, state_of
from deployer.errors import Diagnostic, WrongUsage


class ConfigFormat(StrEnum):
    """The forms of a resolved stack."""

    YAML = "yaml"
    JSON = "json"


def config(
    context: typer.Context,
    files: Files = None,
    format: Annotated[ConfigFormat, typer.Option(help="yaml or json.")] = ConfigFormat.YAML,
    services: Annotated[bool, typer.Option("--services", help="Only the names of the services, one a line.")] = False,
    images: Annotated[bool, typer.Option("--images", help="Only the images that run, one a line.")] = False,
) -> None:
    """Print the stack as resolved.

    Variables are filled in, and short forms made long. Values that are secrets are masked. What Compose knows has the
    shape that `docker compose config` prints.

    \b
    Example: deployer config
    Example: deployer config stack.yaml --images
    """
    from deployer.render import config as render

    if services and images:
        raise WrongUsage(Diagnostic("usage", "--services and --images cannot be had together", hint="give one of them"))
    state = state_of(context)
    stack = state.project(files).stack
    if services or images:
        for name in render.services_of(stack) if services else render.images_of(stack):
            state.output.result(name)
    else:
        text = render.as_json(stack) if format is ConfigFormat.JSON else render.as_yaml(stack)
        state.output.result(text.rstrip("\n"))
