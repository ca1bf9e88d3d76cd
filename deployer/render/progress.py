"""What apply tells while it goes on: a line an event, JSON lines, or live on a terminal.

Each is called with one event after the other, from any thread, and is a context that it is used in:

    with PlainProgress(sys.stderr) as progress:
        progress(ChangeDone("service.web[1]", Action.CREATE))
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from threading import Lock
from typing import Any, Protocol, Self, TextIO

from deployer.fields.sensitive import mask_line
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
from deployer.render import diagnostics
from deployer.render.harmless import harmless

DONE = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.RESTART: "restarted",
    Action.REPLACE: "replaced",
    Action.START: "started",
    Action.STOP: "stopped",
    Action.RENAME: "renamed",
    Action.REMOVE: "removed",
    Action.BUILD: "built",
    Action.PULL: "pulled",
    Action.PUSH: "pushed",
    Action.LOAD: "loaded",
    Action.RECOVER: "recovered",
    Action.KEPT: "kept",
    Action.KILL: "sent a signal",
    Action.PAUSE: "paused",
    Action.UNPAUSE: "unpaused",
}

SLOW = (Call.PULL, Call.PUSH, Call.LOAD, Call.BUILD, Call.STOP, Call.RESTART, Call.AWAIT_READY, Call.AWAIT_COMPLETED)
"""The steps whose beginning is told, so that nobody wonders what is waited for."""


class Progress(Protocol):
    """Whoever shows an apply."""

    def __call__(self, _event: Event, /) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


class Quiet:
    """Says nothing."""

    def __call__(self, _event: Event) -> None:
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class PlainProgress:
    """One line an event, for logs and files: what begins and takes long, what was done, what failed.

    `verbose` tells every step, and what builds and pulls say.
    """

    def __init__(self, stream: TextIO, *, verbose: bool = False) -> None:
        self._stream, self._verbose = stream, verbose
        self._lock = Lock()
        self._last: dict[str, str] = {}

    def __call__(self, event: Event) -> None:
        with self._lock:
            for line in self._lines(event):
                self._stream.write(f"{line}\n")
            self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def _lines(self, event: Event) -> Sequence[str]:
        if isinstance(event, Transfer):
            line = transfer_line(event)
            if not (self._verbose or event.progress.aloud) or self._last.get(event.address) == line:
                return ()
            self._last[event.address] = line
            return (line,)
        return lines_of(event, verbose=self._verbose)


def lines_of(event: Event, *, verbose: bool = False) -> tuple[str, ...]:
    """The event for people; nothing where nobody waits for it. Secrets that a line of a log names are masked."""
    where = harmless(event.address)
    match event:
        case StepStarted(step=step):
            return (f"{where}: {step_text(step)} ...",) if verbose or (step.call in SLOW and not step.done) else ()
        case StepDone(step=step, seconds=seconds):
            return (f"{where}: {step_text(step)}: done in {seconds:.1f}s",) if verbose else ()
        case StepFailed(step=step):
            return (f"{where}: {step_text(step)}: {'interrupted' if event.is_interrupted else 'failed'}",)
        case Undone(step=step):
            return (f"{where}: taken back: {step_text(step)}",)
        case ChangeDone(action=action):
            return (f"{where}: {DONE[action]}",)
        case ChangeSkipped(reason=reason):
            return (f"{where}: skipped: {harmless(reason)}",)
        case Transfer():
            return (transfer_line(event),) if verbose or event.progress.aloud else ()


def step_text(step: Step) -> str:
    """The step, as one line that does no harm."""
    return harmless(str(step))


def transfer_line(event: Transfer) -> str:
    """`image.redis: 3f2a91: Downloading`, without the bytes."""
    parts = (event.address, event.progress.item, shown_line(event.progress.status))
    return ": ".join(harmless(part) for part in parts if part)


def shown_line(line: str) -> str:
    """A line of a log or of a build's output, harmless and without what it says after names of secrets."""
    return harmless(mask_line(line.rstrip("\r\n")))


class JsonProgress:
    """One JSON object a line and an event: its kind, the address, and what it tells; never what a step sends."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = Lock()

    def __call__(self, event: Event) -> None:
        line = json.dumps(as_object(event))
        with self._lock:
            self._stream.write(f"{line}\n")
            self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def as_object(event: Event) -> dict[str, Any]:
    """`{"event": "step_done", "address": ..., "call": "start", "step": "start web-1", "seconds": 0.2}`."""
    return {"event": _KINDS[type(event)], "address": event.address, **_details(event)}


_KINDS: dict[type[Event], str] = {
    StepStarted: "step_started",
    StepDone: "step_done",
    StepFailed: "step_failed",
    Undone: "undone",
    Transfer: "transfer",
    ChangeDone: "change_done",
    ChangeSkipped: "change_skipped",
}


def _details(event: Event) -> dict[str, Any]:
    match event:
        case StepStarted(step=step) | Undone(step=step):
            return _step(step)
        case StepDone(step=step, seconds=seconds):
            return {**_step(step), "seconds": round(seconds, 3)}
        case StepFailed(step=step, diagnostics=found):
            return {**_step(step), "diagnostics": json.loads(diagnostics.as_json(found))["diagnostics"]}
        case Transfer(progress=progress):
            status = mask_line(progress.status)
            return {"item": progress.item, "status": status, "done": progress.done, "total": progress.total}
        case ChangeDone(action=action):
            return {"action": action.value}
        case ChangeSkipped(reason=reason):
            return {"reason": reason}


def _step(step: Step) -> dict[str, Any]:
    return {"call": step.call.value, "step": str(step)}
