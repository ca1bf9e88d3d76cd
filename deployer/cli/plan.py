"""`deployer plan`: what apply would do, and why, changing nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from deployer.cli.apply import KeepBuilds, KeepOrphans, Only, services_of
from deployer.cli.output import Format
from deployer.cli.state import Files, state_of
from deployer.errors import Exit
from deployer.sources.chosen import keeps_orphans


def plan(
    context: typer.Context,
    files: Files = None,
    format: Annotated[Format, typer.Option(help="text, or json for programs.")] = Format.TEXT,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 2 where there are changes, 0 where there are none.")
    ] = False,
    all: Annotated[bool, typer.Option("--all", help="List what stays as it is, too.")] = False,
    destroy: Annotated[bool, typer.Option("--destroy", help="What `deployer destroy` would do.")] = False,
    adopt: Annotated[bool, typer.Option("--adopt", help="What `deployer apply --adopt` would do.")] = False,
    keep_orphans: KeepOrphans = False,
    only: Only = None,
    replace: Annotated[
        list[str] | None,
        typer.Option("--replace", metavar="SERVICE", help="What `deployer apply --replace` would do; repeatable."),
    ] = None,
    keep_builds: KeepBuilds = 3,
) -> None:
    """Show what apply would do, and why: each field, its value before and after, and the line that asks for it.

    Changes nothing and needs no turn.

    Example: deployer plan stack.yaml --detailed-exitcode
    """
    from deployer.plan.planner import Options
    from deployer.render import plan_json, plan_text

    state = state_of(context)
    project = state.project(files, named=[*(only or ()), *(replace or ())])
    engine = state.engine(project)
    chosen, anew = services_of(project, only, replace)
    spared = keep_orphans or keeps_orphans(project.stack.environment)
    options = Options(keep_orphans=spared, adopt=adopt, only=chosen, replace=anew, keep_builds=keep_builds)
    found, observed = project.plan_destroy(engine, options) if destroy else project.plan(engine, options)
    state.output.warn(found.warnings)
    if record := observed.records.at_work:
        state.output.say(f"An apply of {found.stack} is at work ({record.holder}): what it has begun shows here.")
    if format is Format.JSON:
        state.output.result(plan_json.as_json(found, show_all=all))
    else:
        state.output.result(
            plan_text.as_text(
                found, color=state.output.color, verbose=state.output.verbose, show_all=all, destroy=destroy
            )
        )
    if detailed_exitcode and not found.is_empty:
        raise typer.Exit(Exit.CHANGES)
