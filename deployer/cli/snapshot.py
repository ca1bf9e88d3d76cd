"""`deployer snapshot`: what the engine has of a stack, for plans where no engine can be reached."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployer.cli.state import Files, state_of


def snapshot(
    context: typer.Context,
    files: Files = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where it is written; stdout unless given.")
    ] = None,
) -> None:
    """Keep what the engine has of a stack, for `deployer plan --against FILE` where no engine can be reached.

    It is what a plan needs to know: the stack's containers, networks, volumes and images, and what of others is
    in their way. What may be secret is in it as salted digests, which tell whether it changed. Changes nothing.

    \b
    Example: deployer snapshot --out snapshot.json
    Example: deployer snapshot stack.yaml > snapshot.json
    """
    from deployer.snapshot.form import as_json
    from deployer.snapshot.take import take

    state = state_of(context)
    project = state.project(files)
    text = as_json(take(project, state.reader(project)))
    if out is None:
        state.output.result(text.removesuffix("\n"))
        return
    from deployer.cli.whole_file import written_whole

    with written_whole(out, 0o600) as write:
        write(text.encode())
    state.output.say(f"Kept. A plan of it, anywhere: deployer plan --against {out}")
