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
    SNAPSHOT = "snapshot"


def schema(
    context: typer.Context,
    which: Annotated[
        Which,
        typer.Argument(
            metavar="stack|plan|snapshot",
            help="stack: the stack file; plan: `plan --format json`; snapshot: `snapshot`.",
        ),
    ] = Which.STACK,
) -> None:
    """Print a JSON Schema (draft 2020-12).

    With the stack's, an editor completes and explains: put the line
    `# yaml-language-server: $schema=stack.schema.json` first in the stack file.

    Example: deployer schema stack > stack.schema.json
    """
    match which:
        case Which.STACK:
            from deployer.stack.schema import stack_schema as schema_of
        case Which.PLAN:
            from deployer.render.plan_schema import plan_schema as schema_of
        case Which.SNAPSHOT:
            from deployer.snapshot.form import snapshot_schema as schema_of
    state_of(context).output.result(json.dumps(schema_of(), indent=2, ensure_ascii=False))
