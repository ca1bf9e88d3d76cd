"""What a change costs, in words: for how long a service is away, and why."""

from __future__ import annotations

from deployer.fields.parse import show_duration
from deployer.plan.model import Gap, Part

_SECOND = 1_000_000_000


def down_text(gap: Gap, *, long: bool = False) -> str:
    """`down for 1s to 11s: ...`, with whose place a new container takes."""
    return f"{_place(gap)}down for {_time_text(gap, long)}"


def gap_text(gap: Gap | None, *, long: bool = False) -> str:
    """`1s to 11s: stop up to 10s, start 1s`, with what it lasts besides and how many replicas it is about; with the
    fields that say so where it is to be `long`.
    """
    return f"{_place(gap)}{_time_text(gap, long)}" if gap else "none"


def _place(gap: Gap) -> str:
    return f"in the place of {', '.join(gap.instead_of)}: " if gap.instead_of else ""


def _time_text(gap: Gap, long: bool) -> str:
    parts = ", ".join(_part(part, long) for part in gap.parts)
    plus = f", plus as long as {', '.join(gap.plus)} take{'' if len(gap.plus) > 1 else 's'}" if gap.plus else ""
    more = " or more" if gap.or_more else ""
    return f"{_between(gap.least, gap.most)}{more}{plus}{f': {parts}' if parts else ''}{_replicas(gap)}"


def _replicas(gap: Gap) -> str:
    """How many go at once where that is not one, and how many stay."""
    meanwhile = f"; {gap.others} other replica{'s run' if gap.others > 1 else ' runs'} on" if gap.others else ""
    at_once = f"; {'' if gap.others else 'all '}{gap.at_once} replicas at once" if gap.at_once > 1 else ""
    return at_once + meanwhile


def _between(least: float, most: float) -> str:
    return _time(least) if least == most else f"{_time(least)} to {_time(most)}"


def _part(part: Part, long: bool) -> str:
    time = _time(part.most) if part.least == part.most else f"up to {_time(part.most)}"
    said_by = f" ({part.said_by})" if long and part.said_by else ""
    return f"{part.what} {time}{said_by}{' if the new image keeps it' if part.if_kept else ''}"


def _time(seconds: float) -> str:
    return show_duration(round(seconds * 1000) * _SECOND // 1000)
