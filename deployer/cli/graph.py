"""`deployer graph`: what of the stack needs what."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from deployer.cli.state import Files, state_of


class GraphFormat(StrEnum):
    """The forms of a graph."""

    TEXT = "text"
    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"


def graph(
    context: typer.Context,
    files: Files = None,
    format: Annotated[
        GraphFormat, typer.Option(help="text, mermaid (for Markdown), dot (for Graphviz) or svg (a picture).")
    ] = GraphFormat.TEXT,
) -> None:
    """Show the dependency graph.

    As text, what stands under one number starts at the same time. Needs no engine.

    \b
    Example: deployer graph
    Example: deployer graph stack.yaml --format svg > stack.svg
    """
    from deployer.render import graph as render

    forms = {
        GraphFormat.TEXT: render.as_text,
        GraphFormat.MERMAID: render.as_mermaid,
        GraphFormat.DOT: render.as_dot,
        GraphFormat.SVG: render.as_svg,
    }
    state = state_of(context)
    project = state.project(files)
    state.output.result(forms[format](render.graph_of(project.stack, project.sources.build_needs())))
