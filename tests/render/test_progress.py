"""What apply tells while it goes on, in its three forms."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from threading import Thread
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import Diagnostic, Place
from deployer.plan.events import (
    ChangeDone,
    ChangeSkipped,
    Event,
    StepDone,
    StepFailed,
    StepStarted,
    Transfer,
    Undone,
)
from deployer.plan.model import Action, Call, Step
from deployer.render.harmless import harmless
from deployer.render.live import LiveProgress, bar
from deployer.render.progress import DONE, JsonProgress, PlainProgress
from deployer.resources.wire import Progress

WEB = "service.web[1]"
OLD = "4f" * 32
START = Step(Call.START, "shop-web-1.next", {"Env": ["DB_PASSWORD=hunter2"]})
STOP = Step(Call.STOP, OLD, undo=(Step(Call.START, OLD),), name="shop-web-1")
REFUSED = Diagnostic("port-taken", "port 80 is taken", Place("stack.yaml", 3), "free it", WEB, ("by nginx",))
LAYER = Transfer("image.redis", Progress("3f2a", "Downloading", 5_000_000, 10_000_000))
EVENTS: tuple[Event, ...] = (
    StepStarted(WEB, START),
    StepDone(WEB, START, 0.25),
    StepFailed(WEB, START, (REFUSED,)),
    Undone(WEB, STOP),
    LAYER,
    ChangeDone(WEB, Action.CREATE),
    ChangeSkipped(WEB, "the image is the same"),
)


def plain(events: Sequence[Event], *, verbose: bool = False) -> list[str]:
    stream = StringIO()
    with PlainProgress(stream, verbose=verbose) as progress:
        for event in events:
            progress(event)
    return stream.getvalue().splitlines()


def test_every_event_is_tried_here() -> None:
    """A new one must be told, too."""
    assert {type(event) for event in EVENTS} == set(get_args(Event))


def test_plain_is_a_line_an_event() -> None:
    """What was done, what failed and why, what was taken back; quick steps are no news."""
    assert plain(EVENTS) == [
        "service.web[1]: start shop-web-1.next: failed",
        "service.web[1]: taken back: stop shop-web-1",
        "service.web[1]: created",
        "service.web[1]: skipped: the image is the same",
    ]


def test_verbose_tells_every_step_and_transfer() -> None:
    """Each with the time that it took."""
    assert plain([*EVENTS[:2], LAYER], verbose=True) == [
        "service.web[1]: start shop-web-1.next ...",
        "service.web[1]: start shop-web-1.next: done in 0.2s",
        "image.redis: 3f2a: Downloading",
    ]


@pytest.mark.parametrize("call", [Call.PULL, Call.BUILD, Call.STOP, Call.AWAIT_READY, Call.AWAIT_COMPLETED])
def test_what_takes_long_is_told_when_it_begins(call: Call) -> None:
    """So that nobody wonders what is waited for."""
    assert plain([StepStarted("x", Step(call, "y"))]) == [f"x: {call} y ..."]


def test_that_a_dead_run_has_stopped_is_not_waited_for():
    """It is asked for all the same, as it may have been started since."""
    assert plain([StepStarted("x", Step(Call.STOP, "y", done=True))]) == []


def test_the_same_status_is_told_once() -> None:
    """A layer reports a hundred times while it is on its way."""
    assert len(plain([LAYER, LAYER, LAYER], verbose=True)) == 1


def test_a_failure_is_one_line_and_its_reasons_come_at_the_end() -> None:
    """The reasons, with their hints, are told when all is over: not twice."""
    other = Diagnostic("other", "disk full")
    assert plain([StepFailed(WEB, START, (REFUSED, other))]) == ["service.web[1]: start shop-web-1.next: failed"]


def test_what_was_interrupted_is_no_failure() -> None:
    """A wait that ends because somebody stops the apply."""
    event = StepFailed(WEB, Step(Call.AWAIT_READY, "web-1"), (Diagnostic("interrupted", "stopped waiting"),))
    assert plain([event]) == ["service.web[1]: wait until ready web-1: interrupted"]
    both = replace(event, diagnostics=(*event.diagnostics, REFUSED))
    assert plain([both]) == ["service.web[1]: wait until ready web-1: failed"]


def test_every_action_has_its_word() -> None:
    """A new one must have, too."""
    assert set(DONE) == set(Action)


def test_json_is_an_object_a_line() -> None:
    """Its kind, the address, and what it tells."""
    stream = StringIO()
    with JsonProgress(stream) as progress:
        for event in EVENTS:
            progress(event)
    step = {"call": "start", "step": "start shop-web-1.next"}
    reason = {
        "code": "port-taken", "message": "port 80 is taken", "file": "stack.yaml", "line": 3, "column": 1,
        "hint": "free it", "address": WEB, "notes": ["by nginx"],
    }  # fmt: skip
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [
        {"event": "step_started", "address": WEB, **step},
        {"event": "step_done", "address": WEB, **step, "seconds": 0.25},
        {"event": "step_failed", "address": WEB, **step, "diagnostics": [reason]},
        {"event": "undone", "address": WEB, "call": "stop", "step": "stop shop-web-1"},
        {
            "event": "transfer", "address": "image.redis", "item": "3f2a", "status": "Downloading",
            "done": 5_000_000, "total": 10_000_000,
        },
        {"event": "change_done", "address": WEB, "action": "create"},
        {"event": "change_skipped", "address": WEB, "reason": "the image is the same"},
    ]  # fmt: skip


def told(event: Event) -> str:
    """What all three forms make of an event."""
    stream = StringIO()
    for progress in (PlainProgress(stream, verbose=True), JsonProgress(stream), LiveProgress(stream)):
        with progress:
            progress(event)
    return stream.getvalue()


@pytest.mark.parametrize("event", EVENTS)
def test_no_form_tells_what_a_step_sends(event: Event) -> None:
    """Payloads hold whole environments."""
    assert "hunter2" not in told(event)


def test_secrets_in_builds_are_masked() -> None:
    """What a line gives to a name of a secret, and the user info of URLs."""
    for line in ("ENV DB_PASSWORD=s3cret", "to https://me:s3cret@host/"):
        build = told(Transfer("build.web", Progress("Step 1/2", line)))
        assert "s3cret" not in build
        assert "(sensitive)" in build


TEXT = st.text(st.characters(codec=None), max_size=30)


@given(TEXT)
def test_nothing_that_is_told_steers_the_terminal(text: str) -> None:
    """Whatever names, reasons and logs hold: one line stays one, with no control in it."""
    step = Step(Call.BUILD, text, detail=text)
    events: list[Event] = [
        StepStarted(text, step),
        StepDone(text, step, 1),
        StepFailed(text, step, (Diagnostic("x", text),)),
        Undone(text, step),
        Transfer(text, Progress(text, text)),
        ChangeDone(text, Action.PULL),
        ChangeSkipped(text, text),
    ]
    stream = StringIO()
    with PlainProgress(stream, verbose=True) as progress:
        for event in events:
            progress(event)
    lines = stream.getvalue().split("\n")
    assert len(lines) == len(events) + 1
    assert all(harmless(line) == line for line in lines)


def test_events_may_come_from_several_threads() -> None:
    """No line is torn."""
    stream = StringIO()
    progress = PlainProgress(stream)
    events = [ChangeSkipped(WEB, "x" * 100)] * 20
    threads = [Thread(target=lambda: [progress(event) for event in events]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(stream.getvalue().splitlines()) == {f"{WEB}: skipped: {'x' * 100}"}


class Terminal(StringIO):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal of the usual kind, whatever runs the tests."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


def screen(written: str) -> list[str]:
    """The lines that a terminal shows after this was written to it: it knows line ends, up, and erase line."""
    lines, row = [""], 0
    for part in re.split(r"(\x1b\[[0-9;?]*[A-Za-z]|\n|\r)", written):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[1A":
            row -= 1
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part and part[0] not in "\x1b\r":
            lines[row] += part
    return [line for line in lines if line]


def test_live_shows_what_is_under_way(terminal: Terminal) -> None:
    """The step, how long it takes, and the layers that are on their way."""
    with LiveProgress(terminal) as progress:
        progress(StepStarted("image.redis", Step(Call.PULL, "redis:7")))
        progress(LAYER)
        progress._live.refresh()
        assert screen(terminal.getvalue()) == [
            "image.redis: pull redis:7  0s",
            "  3f2a [##########----------]  50% of 10.0 MB",
        ]


def test_live_leaves_what_was_done(terminal: Terminal) -> None:
    """What moved is gone at the end."""
    with LiveProgress(terminal) as progress:
        progress(StepStarted("image.redis", Step(Call.PULL, "redis:7")))
        progress(LAYER)
        progress._live.refresh()
        progress(StepDone("image.redis", Step(Call.PULL, "redis:7"), 1.0))
        progress(ChangeDone("image.redis", Action.PULL))
        progress(StepStarted(WEB, START))
        progress._live.refresh()
    assert screen(terminal.getvalue()) == ["image.redis: pulled"]


def test_live_shows_the_cursor_again(terminal: Terminal) -> None:
    """Whatever happened inside."""
    with pytest.raises(KeyboardInterrupt), LiveProgress(terminal):
        raise KeyboardInterrupt
    assert terminal.getvalue().rfind("\x1b[?25h") > terminal.getvalue().rfind("\x1b[?25l")


def test_live_takes_no_name_for_markup(terminal: Terminal) -> None:
    """Square brackets are part of addresses."""
    with LiveProgress(terminal) as progress:
        progress(ChangeSkipped("service.web[red]", "[bold]why[/bold] :smile:"))
    assert screen(terminal.getvalue()) == ["service.web[red]: skipped: [bold]why[/bold] :smile:"]


@pytest.mark.parametrize(
    ("done", "total", "shown"),
    [
        (0, 10**6, f"[{'-' * 20}]   0% of 1.0 MB"),
        (10**6, 10**6, f"[{'#' * 20}] 100% of 1.0 MB"),
        (2 * 10**6, 10**6, f"[{'#' * 20}] 100% of 1.0 MB"),
        (0, 0, f"[{'-' * 20}]   0% of 0.0 MB"),
    ],
)
def test_a_bar_never_leaves_its_brackets(done: int, total: int, shown: str) -> None:
    """Registries report more than all."""
    assert bar(done, total) == shown


def test_rich_is_imported_only_for_a_live_one() -> None:
    """Whoever logs pays nothing for it."""
    script = "import sys, deployer.render.live, deployer.render.progress; print('rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
