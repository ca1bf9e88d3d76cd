"""The history as lines: what each record says of its revision, in a few words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from deployer.history.choice import why_not
from deployer.resources.records import Record, Records


@dataclass(frozen=True, slots=True)
class Entry:
    """One revision: its number, when it began (seconds since 1970, 0 where nothing says), who called what where, what
    it changed (in a line, and all of it, a text each), the commit and whether the checkout was dirty, what became of
    it, and why it cannot be gone back to, "" where it can. What is not known is "". `became` are the changes by what
    became of them, none where all are done, or nothing tells.
    """

    revision: int
    at: float
    user: str
    host: str
    command: str
    change: str
    commit: str
    dirty: bool
    result: str
    why_not: str
    changes: tuple[str, ...] = ()
    failure: str = ""
    became: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def entries(records: Records) -> Iterator[Entry]:
    """Oldest first."""
    for record in records.all:
        yield entry_of(record, records)


def last_asking(records: Records) -> Entry | None:
    """The newest revision that asked for a stack; None where there is none."""
    asking = (record for record in reversed(records.all) if record.about.asks)
    return next((entry_of(record, records) for record in asking), None)


def entry_of(record: Record, records: Records) -> Entry:
    holder, about = record.holder, record.about
    return Entry(
        record.revision,
        record.made,
        holder.user if holder else "",
        holder.host if holder else "",
        about.command,
        about.change,
        about.commit,
        about.dirty,
        records.result_of(record),
        why_not(record),
        about.changes or tuple(filter(None, about.change.split("; "))),
        about.failure,
        about.became,
    )
