"""The board as pages and as JSON. Pages need no script: one only brings them up to date."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from deployer.gitops.log import details_of
from deployer.gitops.rules import Reason
from deployer.gitops.serve.board import Shown
from deployer.gitops.status import StackStatus
from deployer.render.harmless import harmless
from deployer.render.history import changed_text, entry_object
from deployer.render.plan_words import SIGNS, closing, folded, words
from deployer.render.times import timestamp

if TYPE_CHECKING:
    from jinja2 import Environment

_FEW_LINES = 30
_UNITS = (("d", 86400), ("h", 3600), ("min", 60))


def overview(shown: Shown, now: float) -> str:
    """All stacks, and the end of the log."""
    return _rendered("overview.html", shown, now, lines_shown=shown.lines[-_FEW_LINES:])


def of_stack(shown: Shown, stack: StackStatus, now: float) -> str:
    """A stack: its condition, what its last plan does, and its history, the newest first."""
    history = tuple(reversed(stack.history))
    return _rendered("stack.html", shown, now, stack=stack, plan=_plan(stack), history=history)


def log(shown: Shown, now: float) -> str:
    return _rendered("log.html", shown, now, lines_shown=shown.lines)


def missing(shown: Shown, now: float) -> str:
    return _rendered("missing.html", shown, now)


def as_object(shown: Shown) -> dict[str, Any]:
    """The board for programs, without plans and history."""
    status = shown.status
    return {
        "repository": status.repository,
        "follow": status.follow,
        "commit": status.commit,
        "tag": status.tag,
        "synced": timestamp(status.synced) if status.synced else None,
        "trouble": status.trouble,
        "stacks": [_stack_object(stack) for stack in status.stacks],
    }


def stack_as_object(stack: StackStatus) -> dict[str, Any]:
    from deployer.render.plan_json import as_object

    history = [entry_object(entry) for entry in stack.history]
    plan = as_object(stack.plan) if stack.plan else None
    done = stack.outcome
    outcome = (
        {"revision": done.revision, "result": done.result, "at": timestamp(done.at) if done.at else None}
        if done
        else None
    )
    return {**_stack_object(stack), "plan": plan, "outcome": outcome, "history": history}


def find(shown: Shown, said: str) -> StackStatus | None:
    """The stack of that name, or else of that file: the one that the file is now, where it was another one's, too."""
    stacks = shown.status.stacks
    named = (each for each in stacks if each.stack == said)
    gone = (Reason.FILE_GONE, Reason.REMOVED)
    of_file = sorted((each for each in stacks if each.path == said), key=lambda each: each.reason in gone)
    return next(named, of_file[0] if of_file else None)


def age(seconds: float) -> str:
    """`3 min`: how long ago something was, in the largest unit that it fills."""
    return next(
        (f"{int(seconds // size)} {unit}" for unit, size in _UNITS if seconds >= size), f"{max(int(seconds), 0)} s"
    )


def part(name: str) -> str:
    return (files("deployer.gitops.serve") / "templates" / name).read_text("utf-8")


def _stack_object(stack: StackStatus) -> dict[str, Any]:
    return {**details_of(stack), "message": stack.message, "changes": stack.pending}


def _rendered(template: str, shown: Shown, now: float, **values: Any) -> str:
    return _environment().get_template(template).render(shown=shown, status=shown.status, now=now, **values)


def _plan(stack: StackStatus) -> Mapping[str, Any] | None:
    plan = stack.plan
    if plan is None:
        return None
    changes = [
        (SIGNS[each.action], each.action.value, each.address, words(each, verbose=False))
        for each in folded(plan.changes)
    ]
    now = stack.reason is Reason.APPLYING
    return {
        "closing": closing(plan),
        "changes": changes,
        "is_empty": plan.is_empty,
        "outcome": stack.outcome,
        "now": now,
    }


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, loader=FunctionLoader(part)
    )
    made.filters |= {"harmless": harmless, "moment": timestamp, "age": age, "path": lambda text: quote(text)}
    made.filters["changed"] = changed_text
    return made
