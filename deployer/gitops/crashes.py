"""What fails by itself, though nobody has changed it: which containers end, or start again and again; and the last
lines of what they said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from deployer.errors import DeployerError, Diagnostic, OperationFailed
from deployer.fields.field import section
from deployer.reconcile import waits
from deployer.render.progress import shown_line
from deployer.resources import identity
from deployer.resources.inspected import moment

if TYPE_CHECKING:
    from deployer.plan.model import Plan
    from deployer.reconcile.protocol import Reader
    from deployer.resources.observed import ObservedContainer

BY_SIGNAL = (137, 143)
"""Exit codes of who was ended by SIGKILL or SIGTERM, as by `docker kill` and `docker stop`: that was somebody else."""

RECOVERED = 60.0
"""Seconds for which one that was restarted has to run to be well."""

_MOST = 3

_REMEMBERED = 3600.0
"""Seconds of the engine's events that are asked for: it has the last 256."""


def crashed(containers: Iterable[ObservedContainer], plan: Plan, now: float) -> list[ObservedContainer]:
    """Those that end by themselves: the plan has to start them, or the engine does so again and again. `now` is by the
    engine's clock.
    """
    start = _to_start(plan)
    return [
        each
        for each in containers
        if not each.one_off and (has_ended(each) if each.address in start else _keeps_restarting(each, now))
    ]


def ends_of(containers: Iterable[ObservedContainer], plan: Plan) -> list[str]:
    """How those ended that the plan has to start, with whatever code: `web exited with code 0 after 20.0 s`."""
    start = _to_start(plan)
    ended = [each for each in containers if not each.one_off and each.address in start]
    return [f"{each.service} {waits.describe(each.raw)}" for each in ended[:_MOST]]


def _to_start(plan: Plan) -> set[str]:
    from deployer.plan.model import Action

    return {change.address for change in plan.changes if change.action in (Action.START, Action.UNPAUSE)}


def has_ended(container: ObservedContainer) -> bool:
    out_of_memory = bool(container.raw["State"].get("OOMKilled"))
    return container.status in ("exited", "dead") and (container.exit_code not in (0, *BY_SIGNAL) or out_of_memory)


def _keeps_restarting(container: ObservedContainer, now: float) -> bool:
    """One restart is what the policy is for."""
    again, began = container.raw.get("RestartCount", 0) > 1, moment(container.started_at)
    recently = began is not None and now - began.timestamp() < RECOVERED
    return again and (container.status == "restarting" or (container.status == "running" and recently))


def failures(reader: Reader, containers: Sequence[ObservedContainer], secrets: Collection[str]) -> list[DeployerError]:
    """What became of each, and the end of its log, in which these secrets are masked; of three at most."""
    found = (waits.failed(reader, each.service, each.id, _became(reader, each)) for each in containers[:_MOST])
    return [OperationFailed(*(waits.without(each, secrets) for each in error.diagnostics)) for error in found]


def _became(reader: Reader, container: ObservedContainer) -> str:
    """Of one that runs again only the engine's events know the code."""
    told = waits.describe(container.raw)
    code = _last_code(reader, container) if told == waits.RESTARTS else ""
    return f"{told}: it exited with code {code}" if code else told


def _last_code(reader: Reader, container: ObservedContainer) -> str:
    now, labels = reader.now(), {identity.SERVICE: container.service}
    with suppress(DeployerError), reader.events(labels=labels, since=now - _REMEMBERED, until=now) as events:
        ends = [each for each in events if each.get("Action") == "die" and section(each, "Actor")["ID"] == container.id]
        return str(section(ends[-1], "Actor.Attributes").get("exitCode", "")) if ends else ""
    return ""


def lines_of(errors: Iterable[DeployerError]) -> tuple[str, ...]:
    """What goes with failures: the last health check, the last log lines; what they say after names of secrets is
    masked.
    """
    told = [each for error in errors for each in error.diagnostics]
    found = [(each.message.splitlines()[:1], _beneath(each)) for each in told if _beneath(each)]
    heads = len(found) > 1  # else the message tells whose they are
    return tuple(shown_line(line) for head, lines in found for line in (*(head if heads else ()), *lines))


def _beneath(told: Diagnostic) -> list[str]:
    return [*told.message.splitlines()[1:], *(line for note in told.notes for line in note.splitlines())]
