"""`deployer apply` and `deployer destroy`: plan, show, ask, carry out."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployer.cli.output import Format, Output, fail
from deployer.cli.services import refuse_unknown
from deployer.cli.state import Files, state_of
from deployer.errors import Diagnostic, Exit, WrongUsage

if TYPE_CHECKING:
    from deployer.plan.model import Plan
    from deployer.reconcile.apply import Planned
    from deployer.reconcile.calls import World
    from deployer.reconcile.protocol import Engine
    from deployer.reconcile.run import Outcome
    from deployer.reconcile.turn import Patience
    from deployer.render.progress import Progress
    from deployer.wiring import Project

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed where there is no terminal.")]
Parallel = Annotated[int, typer.Option("--parallel", min=1, max=64, help="How many steps run at once.")]
Timeout = Annotated[str, typer.Option("--timeout", metavar="DURATION", help="How long the whole may take, such as 5m.")]

LockTimeout = Annotated[
    str, typer.Option("--lock-timeout", metavar="DURATION", help="How long to wait for another apply at work.")
]
TakeOver = Annotated[
    bool, typer.Option("--take-over", help="Take the turn from whoever has it: for one that you know to be dead.")
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="SERVICE", help="Only this service and what it needs; repeatable."),
]

STOPPING = "Stopping when what is in flight is done; Ctrl-C again aborts."


def apply(
    context: typer.Context,
    files: Files = None,
    yes: Yes = False,
    parallel: Parallel = 8,
    timeout: Timeout = "30m",
    lock_timeout: LockTimeout = "0s",
    take_over: TakeOver = False,
    keep_orphans: Annotated[
        bool, typer.Option("--keep-orphans", help="Leave alone what the stack no longer names.")
    ] = False,
    only: Only = None,
    replace: Annotated[
        list[str] | None,
        typer.Option(
            "--replace", metavar="SERVICE", help="Make its containers anew though nothing changed; repeatable."
        ),
    ] = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over what another folder or repository made under this name.")
    ] = False,
    format: Annotated[Format, typer.Option(help="text, or json: an event a line.")] = Format.TEXT,
) -> None:
    """Make the engine what the stack says: plans, shows the plan, asks, and carries it out.

    A replaced container's predecessor is put back as it was if the new one fails. With --only, the plan is about that
    service and what it needs, and all else is left alone. With --replace, a service that runs once runs again.

    \b
    Example: deployer apply stack.yaml --yes
    Example: deployer apply --only web --replace web
    """
    from deployer.plan.planner import Options

    state = state_of(context)
    project, engine = state.project(files), state.engine()
    chosen, anew = services_of(project, only, replace)
    options = Options(keep_orphans=keep_orphans, adopt=adopt, take_over=take_over, only=chosen, replace=anew)
    way = Way(
        lambda holding: project.plan(engine, options, holding),
        yes,
        parallel,
        seconds("--timeout", timeout),
        format,
        _patience(state.output, lock_timeout, take_over),
    )
    raise typer.Exit(carry_out(state.output, project, engine, way).exit_code)


def destroy(
    context: typer.Context,
    files: Files = None,
    yes: Yes = False,
    volumes: Annotated[bool, typer.Option("--volumes", help="Remove the volumes too, with all their data.")] = False,
    parallel: Parallel = 8,
    timeout: Timeout = "30m",
    lock_timeout: LockTimeout = "0s",
    take_over: TakeOver = False,
    format: Annotated[Format, typer.Option(help="text, or json: an event a line.")] = Format.TEXT,
) -> None:
    """Remove all that the stack owns. Its volumes stay, with their data, unless --volumes is given.

    Example: deployer destroy stack.yaml --yes
    """
    from deployer.plan.planner import Options

    state = state_of(context)
    project, engine = state.project(files), state.engine()
    options = Options(volumes=volumes, take_over=take_over)
    way = Way(
        lambda holding: project.plan_destroy(engine, options, holding),
        yes,
        parallel,
        seconds("--timeout", timeout),
        format,
        _patience(state.output, lock_timeout, take_over),
        destroy=True,
    )
    raise typer.Exit(carry_out(state.output, project, engine, way).exit_code)


def services_of(
    project: Project, only: Sequence[str] | None, replace: Sequence[str] | None = None
) -> tuple[frozenset[str], frozenset[str]]:
    """The services of --only and of --replace. Raises WrongUsage where there is no such service, or it is left out."""
    from deployer.resources.desired import desired, narrowed

    chosen, anew = frozenset(only or ()), frozenset(replace or ())
    refuse_unknown([*(only or ()), *(replace or ())], project.stack.services)
    whole = desired(project.stack, "", {})
    outside = anew - (narrowed(whole, chosen) if chosen else whole).services.keys()
    if outside:
        what = ", ".join(sorted(outside))
        hint = f"name it too: --only {sorted(outside)[0]}"
        raise WrongUsage(Diagnostic("usage", f"--replace {what}: --only leaves that alone", hint=hint))
    return chosen, anew


@dataclass(frozen=True, slots=True)
class Way:
    """How a plan is made and carried out; `look` plans anew while the turn of that revision is held. Where it is not
    `shown`, what was typed says all that it does.
    """

    look: Callable[[int], Planned]
    yes: bool
    parallel: int
    seconds: float
    format: Format
    patience: Patience
    destroy: bool = False
    shown: bool = True


def _patience(output: Output, lock_timeout: str, take_over: bool) -> Patience:
    from deployer.reconcile.turn import Patience

    return Patience(
        until=time.monotonic() + seconds("--lock-timeout", lock_timeout),
        take_over=take_over,
        waiting=lambda record: output.say(f"Waiting for another apply: {record.holder}, revision {record.revision}"),
    )


def carry_out(output: Output, project: Project, engine: Engine, way: Way) -> Outcome:
    """Make the plan, show it, ask where that is to be asked, carry it out, and report."""
    from deployer.reconcile import apply as reconcile
    from deployer.reconcile import turn

    shown = way.look(0)
    if shown[1].records.at_work:
        turn.await_free(engine, shown[0].stack, way.patience)
        shown = way.look(0)
    _show(output, shown[0], way)
    if not shown[0].is_empty and not way.yes:
        _ask(output, way)
    with _progress(output, way.format) as tell, _signals(output) as listen:
        job = reconcile.Job(
            look=way.look,
            agreed=lambda plan: _agreed(output, plan, way),
            tell=tell,
            write_context=project.write_context,
            archive=project.archive,
            built=project.remember,
            desired=project.resolved() if way.shown else reconcile.asked_last(engine, shown[1].records),
            parallel=way.parallel,
            seconds=way.seconds,
            patience=way.patience,
            forget=way.destroy,
        )
        outcome = reconcile.apply(engine, shown, job, listen)
    for error in outcome.errors:
        fail(output, error)
    if not shown[0].is_empty:
        _report(output, outcome)
    return outcome


def _progress(output: Output, format: Format) -> Progress:
    """Live on a terminal, a line an event elsewhere, JSON where programs listen."""
    from deployer.render.progress import JsonProgress, PlainProgress, Quiet

    if format is Format.JSON:
        return JsonProgress(sys.stdout)
    if output.quiet:
        return Quiet()
    if not output.error_color:
        return PlainProgress(sys.stderr, verbose=output.verbose)
    from deployer.render.live import LiveProgress

    return LiveProgress(sys.stderr, verbose=output.verbose)


def _show(output: Output, plan: Plan, way: Way) -> None:
    from deployer.render import plan_text

    output.warn(plan.warnings)
    if way.format is Format.TEXT and way.shown:
        output.result(plan_text.as_text(plan, color=output.color, verbose=output.verbose, destroy=way.destroy))


def _ask(output: Output, way: Way) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise WrongUsage(
            Diagnostic("needs-yes", "there is no terminal to ask on", hint="look at the plan, then give --yes")
        )
    if not typer.confirm("Remove all this?" if way.destroy else "Apply this plan?", err=True):
        output.say("Nothing was changed.")
        raise typer.Exit(Exit.FAILED)


def _agreed(output: Output, plan: Plan, way: Way) -> bool:
    """The engine has moved since the plan was shown: what has become of it is shown, and asked for again."""
    if way.shown:
        output.say("The engine has changed since; the plan is now:")
    _show(output, plan, way)
    return way.yes or typer.confirm("Apply this plan?", err=True)


def _report(output: Output, outcome: Outcome) -> None:
    if outcome.declined:
        output.say("Nothing was changed.")
        return
    told = (
        ("as before", outcome.put_back),
        ("half done", outcome.half_done),
        ("not done", outcome.not_begun),
        ("done", outcome.done),
    )
    for what, addresses in told:
        if addresses and (outcome.errors or outcome.interrupted):
            output.say(f"{what}: {', '.join(addresses)}")
    if outcome.interrupted:
        output.say(f"{'Aborted' if outcome.aborted else 'Interrupted'}; the next apply goes on from here.")
    elif outcome.half_done:
        output.say("The next apply goes on from here.")
    elif not outcome.errors:
        output.say(
            f"Done: {len(outcome.done)} carried out"
            + (f", {len(outcome.skipped)} not needed." if outcome.skipped else ".")
        )


def seconds(option: str, written: str) -> float:
    from deployer.fields.parse import SECOND, duration

    try:
        return duration(written) / SECOND
    except ValueError:
        raise WrongUsage(
            Diagnostic("usage", f"{option}: {written!r} is no duration", hint="write it as 90s, 5m or 1h30m")
        ) from None


@contextmanager
def _signals(output: Output) -> Iterator[Callable[[World], None]]:
    """On Ctrl-C or SIGTERM nothing new is started, and what is in flight ends; the second one aborts."""
    worlds: list[World] = []

    def stop(_number: int, _frame: Any) -> None:
        if not worlds or worlds[0].stop.is_set():
            raise KeyboardInterrupt
        worlds[0].stop.set()
        worlds[0].waker.wake()
        # In a thread: what was interrupted may hold the very lock that printing needs.
        threading.Thread(target=output.say, args=(STOPPING,), daemon=True).start()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield worlds.append
    except KeyboardInterrupt:
        if not worlds:
            raise
        output.say("Aborted; the next apply goes on from here.")
        raise typer.Exit(Exit.INTERRUPTED) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
