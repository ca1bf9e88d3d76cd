"""What the agent tells: a plain line an event, or one JSON object a line."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from deployer.gitops.rules import Condition, Reason
from deployer.gitops.status import AgentStatus, StackStatus
from deployer.render.harmless import harmless
from deployer.render.times import timestamp

if TYPE_CHECKING:
    from deployer.plan import events

Tell = Callable[[str, str, "dict[str, Any]"], None]
"""An event's kind, the line that a person reads, and what else a program gets."""


_TROUBLE = ("failed", "bug", "invalid", "refused", "unreachable", "notify")
"""The kinds of events that tell what is in the way of the agent itself, or of who is to be notified."""


def as_text(*, quiet: bool = False) -> Tell:
    """A line an event on stderr, after the time; where it is to be `quiet`, of what is not as it should be alone."""

    def tell(kind: str, line: str, details: dict[str, Any]) -> None:
        if not quiet or _is_bad(kind, details):
            for each in (line, *_beneath(details)):
                print(f"{timestamp(time.time())} {harmless(each)}", file=sys.stderr, flush=True)

    return tell


def as_json() -> Tell:
    """`{"time": ..., "event": "condition", "message": ..., ...}` on stdout."""

    def tell(kind: str, line: str, details: dict[str, Any]) -> None:
        said = {"time": timestamp(time.time()), "event": kind, "message": line, **details}
        print(json.dumps(said), flush=True)

    return tell


def both(one: Tell, other: Callable[[str, Sequence[str]], None]) -> Tell:
    """The same, with each line told once more, and what stands beneath it."""

    def tell(kind: str, line: str, details: dict[str, Any]) -> None:
        one(kind, line, details)
        other(line, details.get("lines", ()))

    return tell


def cleaned(tell: Tell, clean: Callable[[str], str]) -> Tell:
    """The same, with each line made plain."""

    def told(kind: str, line: str, details: dict[str, Any]) -> None:
        tell(kind, clean(line), details)

    return told


def _is_bad(kind: str, details: dict[str, Any]) -> bool:
    """What is being applied is on its way, and no trouble yet."""
    if kind != "condition":
        return kind in _TROUBLE
    return details["condition"] != Condition.READY and details["reason"] != Reason.APPLYING


def _beneath(details: dict[str, Any]) -> list[str]:
    return [f"    {line}" for line in details.get("lines", ())]


def condition(tell: Tell, status: StackStatus) -> None:
    """That a stack's condition, or the reason of it, is another one now."""
    at = f" at {status.at}" if status.commit else ""
    tell("condition", f"{status.label}: {status.condition}{at}: {status.message}", details_of(status))


PUT_BACK = "what was in flight has ended or was put back; the next round goes on from there"
ABORTED = "what was in flight is left as it is; the next round goes on from there"
"""What became of what was in flight when the agent was stopped."""


def ended(tell: Tell, status: AgentStatus, why: str, left: str) -> None:
    """That the agent ends, `why`, what is `left` of what was in flight, and how things stand."""
    ready = [each for each in status.stacks if each.condition is Condition.READY]
    others = (f"{each.label} {each.condition}" for each in status.stacks if each.condition is not Condition.READY)
    stand = [f"{len(ready)} of {len(status.stacks)} stacks Ready", *others] if status.stacks else ["no stack is known"]
    said = "; ".join(filter(None, (why, left, ", ".join(stand), status.trouble)))
    tell("ended", f"the agent ends: {said}", {"why": why})


def progress(tell: Tell, stack: str) -> Callable[[events.Event], None]:
    """What an apply tells while it goes on."""
    from deployer.render.progress import as_object, lines_of

    def listen(event: events.Event) -> None:
        said = as_object(event)
        for line in lines_of(event):
            tell("progress", f"{stack}: {line}", {"stack": stack, "progress": said})

    return listen


def details_of(status: StackStatus) -> dict[str, Any]:
    """A condition as programs get it, in the log and in a notification."""
    return {
        "stack": status.stack,
        "path": status.path,
        "condition": status.condition.value,
        "reason": status.reason.value,
        "commit": status.commit,
        "tag": status.tag,
        "since": timestamp(status.since),
        "lines": list(status.lines),
        "warnings": list(status.warnings),
    }
