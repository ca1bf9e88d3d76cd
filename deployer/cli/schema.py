"""`deployer schema`: the JSON Schemas of what people write and programs read."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from deployer.cli.state import state_of


class Which(StrEnum):
    """What there is a schema of."""

    STACK = "stack"
    PLAN = "plan"


def schema(
    context: typer.Context,
    which: Annotated[
        Which, typer.Argument(metavar="stack|plan", help="stack: the stack file; plan: `plan --format json`.")
    ] = Which.STACK,
) -> None:
    """Print a JSON Schema (draft 2020-12).

    With the stack's, an editor completes and explains: put the line
    `# yaml-language-server: $schema=stack.schema.json` first in the stack file.

    Example: deployer schema stack > stack.schema.json
    """
    from deployer.render.plan_json import plan_schema
    from deployer.stack.schema import stack_schema

    found = stack_schema() if which is Which.STACK else plan_schema()
    state_of(context).output.result(json.dumps(found, indent=2, ensure_ascii=False))
