"""A plan is made, shown, asked for and carried out: what `apply`, `destroy`, `start`, `stop` and `restart` share."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from deployer.cli.output import Format, Output, fail
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

STOPPING = "Stopping when what is in flight is done; Ctrl-C again aborts."


@dataclass(frozen=True, slots=True)
class Way:
    """How a plan is made and carried out; `look` plans anew while the turn of that revision is held. Where it is not
    `shown`, what was typed says all that it does. What the stack file asks for is asked `anew`, or else stays what it
    was when that was last said.
    """

    look: Callable[[int], Planned]
    yes: bool
    parallel: int
    seconds: float
    format: Format
    patience: Patience
    destroy: bool = False
    shown: bool = True
    anew: bool = True


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
            sources=project,
            desired=project.resolved() if way.shown and way.anew else reconcile.asked_last(engine, shown[1].records),
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
