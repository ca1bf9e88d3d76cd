"""How the stack's services are, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from deployer.history.entries import Entry
from deployer.plan.model import Change
from deployer.render.harmless import harmless
from deployer.render.history import entry_object
from deployer.render.plan_json import field_object
from deployer.render.table import table
from deployer.render.times import time_text
from deployer.resources.records import AT_WORK, DIED, SUCCEEDED

FORMAT_VERSION = 1

_HEAD = ("SERVICE", "READY", "HEALTH", "PORTS", "IMAGE", "REVISION", "DRIFT")
_RESULTS = {DIED: "died, and was never ended", AT_WORK: "is at work"}
_GREEN, _YELLOW, _RED = "\x1b[32m", "\x1b[33m", "\x1b[31m"


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service: replicas wanted and ready, health in a word, published ports, the image that runs.

    `revisions` made its containers, none where none tells; `drift` names the fields that somebody changed since, and
    `drifted` has them as the plan does. Of one that is `inactive`, by its profiles, nothing is wanted, and what runs is
    left alone. Of one that is not `compared` with what was asked for, nobody knows what drifted.
    """

    service: str
    wanted: int
    ready: int
    health: str = ""
    ports: tuple[str, ...] = ()
    image: str = ""
    revisions: tuple[int, ...] = ()
    drift: tuple[str, ...] = ()
    drifted: tuple[Change, ...] = ()
    inactive: bool = False
    compared: bool = True


def as_text(rows: Iterable[ServiceStatus], *, color: bool = False, last: Entry | None = None) -> str:
    """A table with a line a service, `-` where there is nothing to say; then what drifted, in the plan's words, and
    what became of the `last` revision that asked for a stack, where it was not reached.
    """
    rows = list(rows)
    parts = [table(_HEAD, [_cells(row) for row in rows], [_style(row) for row in rows] if color else ())]
    if drifted := [change for row in rows for change in row.drifted]:
        from deployer.render.plan_text import fields_text

        parts.append(fields_text(drifted, color=color))
    if last and last.result != SUCCEEDED:
        parts.append(_not_reached(last))
    return "\n\n".join(parts)


def as_json(rows: Iterable[ServiceStatus], *, stack: str = "", last: Entry | None = None) -> str:
    """One object; `format_version` grows when a reader of the old form would be wrong."""
    found = [
        {**asdict(replace(row, drifted=())), "revision": max(row.revisions, default=None), "drifted": _drifted(row)}
        for row in rows
    ]
    told = entry_object(last) if last else None
    return json.dumps(
        {"format_version": FORMAT_VERSION, "stack": stack, "services": found, "last_apply": told}, indent=2
    )


def _not_reached(last: Entry) -> str:
    """`Revision 2 failed (apply, 2026-11-28 15:42:31 UTC, by anna on edge1): web ended with 3`."""
    by = f"by {last.user} on {last.host}" if last.user else ""
    how = ", ".join(filter(None, (last.command, time_text(last.at), by)))
    why = f": {last.failure}" if last.failure else ""
    result = _RESULTS.get(last.result, last.result)
    hint = "" if last.result == AT_WORK else "\nWhat is left to do: deployer plan"
    return f"{harmless(f'Revision {last.revision} {result} ({how}){why}')}{hint}"


def _drifted(row: ServiceStatus) -> list[dict[str, Any]]:
    """Each field as a plan's JSON has it, and what it is of."""
    return [{"address": change.address, **field_object(field)} for change in row.drifted for field in change.fields]


def _cells(row: ServiceStatus) -> tuple[str, ...]:
    return (
        row.service,
        str(row.ready) if row.inactive else f"{row.ready}/{row.wanted}",
        f"{row.health}; inactive" if row.inactive else row.health,
        ", ".join(row.ports),
        row.image,
        ", ".join(map(str, row.revisions)),
        ", ".join(row.drift) if row.compared else "not compared",
    )


def _style(row: ServiceStatus) -> str:
    if row.ready < row.wanted:
        return _RED if row.ready == 0 else _YELLOW
    return _YELLOW if row.drift else _GREEN
