"""`deployer apply` and `deployer destroy`: plan, show, ask, carry out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.output import Format
from deployer.cli.patience import LockTimeout, TakeOver, WaitTimeout, longest, patience, seconds
from deployer.cli.services import refuse_unknown
from deployer.cli.state import Files, state_of
from deployer.errors import Diagnostic, WrongUsage
from deployer.resources.revisions import KEPT
from deployer.sources.chosen import keeps_orphans

if TYPE_CHECKING:
    from deployer.project import Project

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed where there is no terminal.")]
Parallel = Annotated[int, typer.Option("--parallel", min=1, max=64, help="How many steps run at once.")]
Timeout = Annotated[str, typer.Option("--timeout", metavar="DURATION", help="How long the whole may take, such as 5m.")]
NoRollback = Annotated[
    bool, typer.Option("--no-rollback", help="Leave what fails as it is, to look at; the next apply recovers it.")
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="SERVICE", help="Only this service and what it needs; repeatable."),
]
KeepOrphans = Annotated[bool, typer.Option("--keep-orphans", help="Leave alone what the stack no longer names.")]
KeepBuilds = Annotated[
    int | None,
    typer.Option(
        "--keep-builds",
        metavar="N",
        min=0,
        help="How many images of each build stay, the newest; unless given, three, and those of all revisions.",
    ),
]


_SHAPES = ("keep_orphans", "only", "replace", "keep_builds", "adopt")
"""The options that a saved plan has of its own."""


def apply(
    context: typer.Context,
    files: Files = None,
    yes: Yes = False,
    parallel: Parallel = 8,
    timeout: Timeout = "30m",
    wait_timeout: WaitTimeout = None,
    no_rollback: NoRollback = False,
    lock_timeout: LockTimeout = "0s",
    take_over: TakeOver = False,
    keep_orphans: KeepOrphans = False,
    only: Only = None,
    replace: Annotated[
        list[str] | None,
        typer.Option(
            "--replace", metavar="SERVICE", help="Make its containers anew though nothing changed; repeatable."
        ),
    ] = None,
    keep_builds: KeepBuilds = None,
    keep_revisions: Annotated[
        int,
        typer.Option("--keep-revisions", metavar="N", min=1, help="How many revisions stay that can be gone back to."),
    ] = KEPT,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over what another folder or repository made under this name.")
    ] = False,
    format: Annotated[Format, typer.Option(help="text, or json: an event a line.")] = Format.TEXT,
) -> None:
    """Make the engine what the stack says: plans, shows the plan, asks, and carries it out.

    A replaced container's predecessor is put back as it was if the new one fails. With --only, the plan is about that
    service and what it needs, and all else is left alone. With --replace, a service that runs once runs again. Old
    images of the stack's builds go at the end of an apply that changed something and succeeded.

    FILE may be a plan that `deployer plan --out` saved: the same is planned again, and carried out if it is the very
    plan; else nothing is, and what differs is said (75). What shaped it is not said again.

    \b
    Example: deployer apply stack.yaml --yes
    Example: deployer apply --only web --replace web
    Example: deployer apply plan.json --yes
    """
    from deployer.cli import saved_plan
    from deployer.cli.carry_out import Way, carry_out
    from deployer.plan.planner import Options

    state = state_of(context)
    saved = saved_plan.saved_in(state.with_files(files).files)
    if saved:
        saved_plan.refuse_said_twice(context, _SHAPES, state.choices)
        project, seen = saved_plan.loaded(state, saved)
        engine = state.engine(project)
        look = saved_plan.looking(saved, project, engine, seen, take_over)
        chosen = saved.planned_with(take_over=take_over).only
    else:
        project = state.project(files, named=[*(only or ()), *(replace or ())])
        engine = state.engine(project)
        chosen, anew = services_of(project, only, replace)
        options = Options(
            keep_orphans=keep_orphans or keeps_orphans(project.stack.environment),
            adopt=adopt,
            take_over=take_over,
            only=chosen,
            replace=anew,
            keep_builds=keep_builds,
        )
        look = partial(project.plan, engine, options)

    way = Way(
        look,
        yes,
        patience(state.output, lock_timeout, take_over),
        "destroy" if saved and saved.destroy else "apply",
        parallel=parallel,
        seconds=seconds("--timeout", timeout),
        longest_wait=longest(wait_timeout),
        put_back=not no_rollback,
        format=format,
        destroy=saved is not None and saved.destroy,
        only=chosen,
        keep=keep_revisions,
        is_saved=saved is not None,
    )
    raise typer.Exit(carry_out(state.output, project, engine, way).exit_code)


def destroy(
    context: typer.Context,
    files: Files = None,
    yes: Yes = False,
    volumes: Annotated[bool, typer.Option("--volumes", help="Remove the volumes too, with all their data.")] = False,
    images: Annotated[
        bool,
        typer.Option("--images", help="Remove the images that it has built or loaded, but for what others run."),
    ] = False,
    parallel: Parallel = 8,
    timeout: Timeout = "30m",
    lock_timeout: LockTimeout = "0s",
    take_over: TakeOver = False,
    format: Annotated[Format, typer.Option(help="text, or json: an event a line.")] = Format.TEXT,
) -> None:
    """Remove all that the stack owns. Its volumes stay, with their data, unless --volumes is given, and so do images.

    With --images, those go that were built, or loaded from an archive; what was pulled stays. An image that has other
    names stays under those, and one that somebody else's container was made from stays as it is.

    Volumes that the stack protects stay whatever is said. Where the stack file is gone or wrong, -p names the stack.
    One that is right is read: then -p only gives it another name, and a stack of that name which is not this file's
    is refused.

    \b
    Example: deployer destroy stack.yaml --yes
    Example: deployer -p shop destroy
    Example: deployer destroy --volumes --images
    """
    from deployer.cli.carry_out import Way, carry_out
    from deployer.plan.planner import Options

    state = state_of(context)
    project, engine = state.project_to_go(files), state.engine()
    options = Options(volumes=volumes, take_over=take_over)
    way = Way(
        lambda holding: project.plan_destroy(engine, options, holding, images=images),
        yes,
        patience(state.output, lock_timeout, take_over),
        "destroy",
        parallel=parallel,
        seconds=seconds("--timeout", timeout),
        format=format,
        question="Remove all this?",
        destroy=True,
    )
    raise typer.Exit(carry_out(state.output, project, engine, way).exit_code)


def services_of(
    project: Project, only: Sequence[str] | None, replace: Sequence[str] | None = None
) -> tuple[frozenset[str], frozenset[str]]:
    """The services of --only and of --replace. Raises WrongUsage where there is no such service, or it is left out."""
    from deployer.resources.from_stack import desired
    from deployer.resources.narrowed import narrowed

    chosen, anew = frozenset(only or ()), frozenset(replace or ())
    refuse_unknown([*(only or ()), *(replace or ())], project.stack.services)
    outside = anew - narrowed(desired(project.stack, "", {}), chosen).services.keys() if chosen and anew else None
    if outside:
        what = ", ".join(sorted(outside))
        hint = f"name it too: --only {sorted(outside)[0]}"
        raise WrongUsage(Diagnostic("usage", f"--replace {what}: --only leaves that alone", hint=hint))
    return chosen, anew
