"""`deployer plan`: what apply would do, and why, changing nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.apply import KeepBuilds, KeepOrphans, Only, services_of
from deployer.cli.carry_out import lines_told
from deployer.cli.state import Files, state_of
from deployer.errors import DeployerError, Diagnostic, Exit, Place, WrongUsage
from deployer.sources.chosen import keeps_orphans

if TYPE_CHECKING:
    from deployer.cli.output import Output
    from deployer.plan.model import Plan
    from deployer.project import Project


class PlanFormat(StrEnum):
    """The forms of a plan."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


def plan(
    context: typer.Context,
    files: Files = None,
    format: Annotated[
        PlanFormat,
        typer.Option(help="text, markdown for the comment of a review, json for programs, or html: a page of its own."),
    ] = PlanFormat.TEXT,
    link: Annotated[
        str,
        typer.Option(
            "--link",
            metavar="URL",
            help="Where the checkout's files can be read, such as https://HOST/ME/REPO/blob/COMMIT, for markdown and "
            "html to lead to the lines that ask for a change.",
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Save the plan, for deployer apply FILE to carry out just that."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="SNAPSHOT|git:REV",
            help="Ask no engine: what runs is what a file of `deployer snapshot` says, or, with git:main and the like, "
            "the stack as it was at that revision.",
        ),
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
    Example: deployer plan --against git:main
    """
    from deployer.plan.planner import Options
    from deployer.reconcile.sizes import with_sizes
    from deployer.render.harmless import harmless
    from deployer.sources.links import links_to
    from deployer.sources.noted import noting

    state = state_of(context)
    if against is not None and out:
        hint = "a plan that is to be applied is made with the engine: plan --out"
        raise WrongUsage(
            Diagnostic("usage", "--out: a plan that is made --against something cannot be applied", hint=hint)
        )
    if volumes and not destroy:
        hint = "only a removal of the stack removes volumes: plan --destroy --volumes"
        raise WrongUsage(Diagnostic("usage", "--volumes is said without --destroy", hint=hint))
    with noting() as seen:
        named = [*(only or ()), *(replace or ())]
        going = destroy and not out
        project = state.project_to_go(files) if going else state.project(files, named=named, warn=False)
    said = () if going else project.stack.warnings
    spared = keep_orphans or keeps_orphans(project.stack.environment)  # which the saved plan's options hold
    with _else_said(said):
        chosen, anew = services_of(project, only, replace)
    options = Options(
        keep_orphans=spared, volumes=volumes, adopt=adopt, only=chosen, replace=anew, keep_builds=keep_builds
    )
    reader = None
    if against is not None:
        from deployer.cli.against import plan_against

        with lines_told(project.stack), _else_said(said):
            found, observed = plan_against(state, project, against, options, destroy=destroy)
    else:
        with _else_said(said):
            reader = state.reader(project)
            with noting(seen) as seen, lines_told(project.stack):
                found, observed = project.plan_destroy(reader, options) if destroy else project.plan(reader, options)
            found = with_sizes(reader, found)
    if record := observed.records.at_work:
        who = harmless(str(record.holder))
        state.output.say(f"An apply of {found.stack} is at work ({who}): what it has begun shows here.")
    shown = _Shown(show_all=all, destroy=destroy, link_to=links_to(link, Path.cwd()))
    _show(state.output, project, found if going else project.with_warnings(found), format, shown)
    if out and reader:
        from deployer.cli.saved_plan import save

        save(state, files, out, (found, options, seen), reader, destroy=destroy)
    if detailed_exitcode and not found.is_empty:
        raise typer.Exit(Exit.CHANGES)


@contextmanager
def _else_said(warnings: Sequence[Diagnostic]) -> Iterator[None]:
    """What a plan would have said is said where there is none: it may well be why."""
    try:
        yield
    except DeployerError as error:
        error.warnings = (*warnings, *error.warnings)
        raise


@dataclass(frozen=True, slots=True)
class _Shown:
    """How a plan is shown in any form."""

    show_all: bool
    destroy: bool
    link_to: Callable[[Place], str]


def _show(output: Output, project: Project, plan: Plan, format: PlanFormat, how: _Shown) -> None:
    match format:
        case PlanFormat.HTML:
            from deployer.render.graph import graph_of
            from deployer.render.plan_html import as_html

            graph = graph_of(project.stack, project.sources.build_needs())
            output.result(as_html(plan, graph, how.link_to, destroy=how.destroy))
        case PlanFormat.JSON:
            from deployer.render.plan_json import as_json

            output.result(as_json(plan, show_all=how.show_all))
        case PlanFormat.MARKDOWN:
            from deployer.render.plan_markdown import as_markdown

            output.result(as_markdown(plan, how.link_to, show_all=how.show_all, destroy=how.destroy))
        case PlanFormat.TEXT:
            from deployer.render.plan_text import as_text

            text = as_text(plan, color=output.color, verbose=output.verbose, show_all=how.show_all, destroy=how.destroy)
            output.result(text)
