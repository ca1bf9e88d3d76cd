"""`deployer plan`: what apply would do, and why, changing nothing."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.apply import KeepBuilds, KeepOrphans, Only, services_of
from deployer.cli.state import Files, state_of
from deployer.errors import Diagnostic, Exit, WrongUsage
from deployer.sources.chosen import keeps_orphans

if TYPE_CHECKING:
    from deployer.cli.output import Output
    from deployer.plan.model import Plan


class PlanFormat(StrEnum):
    """The forms of a plan."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def plan(
    context: typer.Context,
    files: Files = None,
    format: Annotated[
        PlanFormat, typer.Option(help="text, markdown for the comment of a review, or json for programs.")
    ] = PlanFormat.TEXT,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Save the plan, for deployer apply FILE to carry out just that."),
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 2 where there are changes, 0 where there are none.")
    ] = False,
    all: Annotated[bool, typer.Option("--all", help="List what stays as it is, too.")] = False,
    destroy: Annotated[bool, typer.Option("--destroy", help="What `deployer destroy` would do.")] = False,
    volumes: Annotated[bool, typer.Option("--volumes", help="With --destroy: and its --volumes.")] = False,
    adopt: Annotated[bool, typer.Option("--adopt", help="What `deployer apply --adopt` would do.")] = False,
    keep_orphans: KeepOrphans = False,
    only: Only = None,
    replace: Annotated[
        list[str] | None,
        typer.Option("--replace", metavar="SERVICE", help="What `deployer apply --replace` would do; repeatable."),
    ] = None,
    keep_builds: KeepBuilds = None,
) -> None:
    """Show what apply would do, and why: each field, its value before and after, and the line that asks for it.

    Changes nothing and needs no turn. With --out, the plan is kept in a file, with digests of all that it was made
    from, and nothing that is sensitive: `deployer apply FILE` carries out just that, or refuses.

    \b
    Example: deployer plan stack.yaml --detailed-exitcode
    Example: deployer plan stack.yaml --format markdown --out plan.json
    """
    from deployer.cli.saved_plan import save
    from deployer.plan.planner import Options
    from deployer.reconcile.sizes import with_sizes
    from deployer.render.harmless import harmless
    from deployer.sources.noted import noting

    state = state_of(context)
    if volumes and not destroy:
        hint = "only a removal of the stack removes volumes: plan --destroy --volumes"
        raise WrongUsage(Diagnostic("usage", "--volumes is said without --destroy", hint=hint))
    with noting() as seen:
        named = [*(only or ()), *(replace or ())]
        project = state.project_to_go(files) if destroy and not out else state.project(files, named=named)
    spared = keep_orphans or keeps_orphans(project.stack.environment)  # which the saved plan's options hold
    reader = state.reader(project)
    chosen, anew = services_of(project, only, replace)
    options = Options(
        keep_orphans=spared, volumes=volumes, adopt=adopt, only=chosen, replace=anew, keep_builds=keep_builds
    )
    with noting(seen) as seen:
        found, observed = project.plan_destroy(reader, options) if destroy else project.plan(reader, options)
    state.output.warn(found.warnings)
    if record := observed.records.at_work:
        who = harmless(str(record.holder))
        state.output.say(f"An apply of {found.stack} is at work ({who}): what it has begun shows here.")
    found = with_sizes(reader, found)
    _show(state.output, found, format, show_all=all, destroy=destroy)
    if out:
        save(state, files, out, (found, options, seen), reader, destroy=destroy)
    if detailed_exitcode and not found.is_empty:
        raise typer.Exit(Exit.CHANGES)


def _show(output: Output, plan: Plan, format: PlanFormat, *, show_all: bool, destroy: bool) -> None:
    match format:
        case PlanFormat.JSON:
            from deployer.render.plan_json import as_json

            output.result(as_json(plan, show_all=show_all))
        case PlanFormat.MARKDOWN:
            from deployer.render.plan_markdown import as_markdown

            output.result(as_markdown(plan, verbose=output.verbose, show_all=show_all, destroy=destroy))
        case PlanFormat.TEXT:
            from deployer.render.plan_text import as_text

            text = as_text(plan, color=output.color, verbose=output.verbose, show_all=show_all, destroy=destroy)
            output.result(text)
