"""A plan is made, shown, asked for and carried out: what all commands share that change something in their turn."""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import typer

from deployer.cli.output import Format, Output, fail, outliving_its_readers
from deployer.errors import DeployerError, Diagnostic, Exit, InvalidStack, WrongUsage

if TYPE_CHECKING:
    from deployer.plan.model import Plan
    from deployer.project import Project
    from deployer.reconcile.apply import Planned
    from deployer.reconcile.calls import World
    from deployer.reconcile.protocol import Engine
    from deployer.reconcile.run import Outcome
    from deployer.reconcile.turn import Patience
    from deployer.render.progress import Progress
    from deployer.resources.records import Records
    from deployer.resources.revisions import KeptImage
    from deployer.stack.model import Stack

STOPPING = "Stopping when what is in flight is done; Ctrl-C again aborts."


class Shown(Enum):
    """Where a plan is shown: as a result, beside the results of something else, or not, for what was typed says all
    that it does.
    """

    RESULT = auto()
    ASIDE = auto()
    NOT = auto()


@dataclass(frozen=True, slots=True)
class Way:
    """How a plan is made and carried out; `look` plans anew while the turn of that revision is held. One that
    `asks_nothing_new` leaves what was applied last as it is in the records, whatever the file says by now. `command` is
    what the history calls it; `only` are the services that it is about, all where none are named; of the revisions that
    succeeded, as many stay as `keep` says, or else as the last apply said. `images` are what is known already of those
    that will run; `is_saved`: it was made before, and must still hold.
    """

    look: Callable[[int], Planned]
    yes: bool
    patience: Patience
    command: str
    parallel: int = 8
    seconds: float = 1800.0
    longest_wait: float = math.inf
    put_back: bool = True
    format: Format = Format.TEXT
    question: str = "Apply this plan?"
    agreement: str = "--yes"
    destroy: bool = False
    shown: Shown = Shown.RESULT
    asks_nothing_new: bool = False
    only: frozenset[str] = frozenset()
    keep: int | None = None
    images: Mapping[str, KeptImage] = field(default_factory=dict[str, "KeptImage"])
    is_saved: bool = False

    @property
    def may_reuse(self) -> bool:
        """Whether a plan that was made a moment ago may be carried out as it is; one that somebody was asked about, or
        that was saved, is made again in the turn.
        """
        return self.yes and not self.is_saved


def carry_out(output: Output, project: Project, engine: Engine, way: Way) -> Outcome:
    """Make the plan, show it, ask where that is to be asked, carry it out, and report."""
    from deployer.reconcile import apply as reconcile
    from deployer.reconcile import turn
    from deployer.reconcile.sizes import with_sizes

    with lines_told(project.stack):
        looked, shown = time.monotonic(), way.look(0)
    if shown[1].records.at_work:
        turn.await_free(engine, shown[0].stack, way.patience)
        looked, shown = time.monotonic(), way.look(0)
    records = shown[1].records
    sized = with_sizes(engine, shown[0])
    _show(output, sized, way)
    if not sized.is_empty and not way.yes:
        _ask(output, sized, way)
    with outliving_its_readers(), _progress(output, way.format) as tell, _signals(output) as listen:
        job = reconcile.Job(
            look=way.look,
            agreed=lambda plan: _agreed(output, with_sizes(engine, plan), way),
            tell=tell,
            sources=project.sources,
            looked=looked if way.may_reuse else -math.inf,
            desired="" if shown[0].is_empty else _asked_for(project, engine, way, records),
            parallel=way.parallel,
            seconds=way.seconds,
            longest_wait=way.longest_wait,
            put_back=way.put_back,
            patience=way.patience,
            forget=way.destroy,
            about=lambda plan, salt, became: project.about(way.command, plan, way.keep or records.keep, salt, became),
            images=_images_besides(project, engine, way, records),
        )
        outcome = reconcile.apply(engine, shown, job, listen)
    with outliving_its_readers():
        output.warn(outcome.warnings)
        for error in outcome.errors:
            fail(output, at_their_lines(error, project.stack))
        if not shown[0].is_empty:
            _report(output, outcome, "destroy" if way.destroy else "apply")
    return outcome


@contextmanager
def lines_told(stack: Stack) -> Iterator[None]:
    """Why the plan is refused, with the lines of the stack file that it is about."""
    try:
        yield
    except InvalidStack as error:
        raise at_their_lines(error, stack) from error


def at_their_lines(error: DeployerError, stack: Stack) -> DeployerError:
    """The error with the lines of the stack file that it is about."""
    from deployer.stack.blame import at_its_line

    return error.with_diagnostics(at_its_line(each, stack) for each in error.diagnostics)


def _asked_for(project: Project, engine: Engine, way: Way, records: Records) -> str:
    """The stack that the new record is to hold, compressed."""
    from deployer.reconcile.apply import asked_last

    if not way.asks_nothing_new and not way.only:
        return project.asked_for()
    before = asked_last(engine, project.stack.name, records)
    return before if way.asks_nothing_new else project.asked_for(before, way.only)


def _images_besides(project: Project, engine: Engine, way: Way, records: Records) -> Mapping[str, KeptImage] | None:
    """The images of what is left alone, or is known already; None where no stack is asked for."""
    from deployer.reconcile.apply import images_last

    if way.asks_nothing_new or way.destroy:
        return None
    return images_last(engine, project.stack.name, records) if way.only else way.images


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
    """The plan, its warnings among it; of one that nobody looks at, these alone."""
    from deployer.render import plan_text

    aside = way.shown is Shown.ASIDE
    nobody_looks = way.format is Format.JSON or way.shown is Shown.NOT or (output.quiet and way.yes)
    if nobody_looks or (aside and plan.is_empty):
        output.warn(plan.warnings)
        return
    color = output.error_color if aside else output.color
    text = plan_text.as_text(plan, color=color, verbose=output.verbose, destroy=way.destroy)
    (output.insist if aside else output.result)(text)


def _ask(output: Output, plan: Plan, way: Way) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise WrongUsage(
            Diagnostic(
                "needs-yes", "there is no terminal to ask on", hint=f"look at the plan, then give {way.agreement}"
            )
        )
    if not _confirmed(plan, way):
        output.say("Nothing was changed.")
        raise typer.Exit(Exit.FAILED)


def _agreed(output: Output, plan: Plan, way: Way) -> bool:
    """The engine has moved since the plan was shown: what has become of it is shown, and asked for again."""
    if way.shown is not Shown.NOT:
        output.say("The engine has changed since; the plan is now:")
    _show(output, plan, way)
    return way.yes or _confirmed(plan, way)


def _confirmed(plan: Plan, way: Way) -> bool:
    from deployer.render.plan_words import question

    return typer.confirm(question(plan, way.question), err=True)


def _report(output: Output, outcome: Outcome, command: str) -> None:
    """What became of it; `command` is what goes on from there."""
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
            output.insist(f"{what}: {', '.join(addresses)}")
    if outcome.interrupted:
        output.insist(f"{'Aborted' if outcome.aborted else 'Interrupted'}; the next {command} goes on from here.")
    elif outcome.half_done:
        output.insist(f"The next {command} goes on from here.")
    elif not outcome.errors:
        output.say(
            f"Done: {len(outcome.done)} carried out"
            + (f", {len(outcome.skipped)} not needed." if outcome.skipped else ".")
        )


@contextmanager
def _signals(output: Output) -> Iterator[Callable[[World], None]]:
    """On Ctrl-C, SIGTERM or SIGHUP nothing new is started, and what is in flight ends; the second one aborts."""
    worlds: list[World] = []

    def stop(_number: int, _frame: Any) -> None:
        if not worlds or worlds[0].stop.is_set():
            raise KeyboardInterrupt
        worlds[0].stop.set()
        worlds[0].waker.wake()
        # In a thread: what was interrupted may hold the very lock that printing needs.
        threading.Thread(target=output.say, args=(STOPPING,), daemon=True).start()

    hangs_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN  # as under nohup
    numbers = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hangs_up else ()))
    before = {number: signal.signal(number, stop) for number in numbers}
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
