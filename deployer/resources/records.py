"""What a stack's records say: who had the turn, what became of each revision, and which of them are still needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer.resources.revisions import KEPT, About

FORMAT = "1"

Updates = Mapping[str, Mapping[str, Any]]
"""By container id, then by row: what was asked of a living container, whose label cannot change."""


SUCCEEDED, FAILED, DIED, INTERRUPTED = "succeeded", "failed", "died", "interrupted"
"""What became of a revision."""

AT_WORK, DAMAGED = "at work", "damaged"
"""What is told of a revision that has no result: somebody has the turn, or nobody can tell."""

RESULTS = (SUCCEEDED, FAILED, DIED, INTERRUPTED, AT_WORK, DAMAGED)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the turn: enough to tell, on the same machine or engine, whether the process still lives.

    `container` is the one of this engine that it runs in, "" for none.
    """

    host: str
    boot: str
    pid_namespace: str
    pid: int
    started: str
    user: str
    container: str = ""
    container_started: str = ""

    def __str__(self) -> str:
        where = f", container {self.container[:12]}" if self.container else ""
        return f"{self.user} on {self.host} (process {self.pid}{where})"


@dataclass(frozen=True, slots=True)
class Record:
    """One revision.

    `holder` is None where the record is damaged, `nonce` "" where nobody can hold it; `result` is "" as long as it has
    not ended; `made` and `expires` count seconds since 1970 by the engine's clock, 0 where nothing says;
    `resources` are the addresses of what the revision leaves there; `volumes` are the names of the volumes that are
    the record. Of one that is `damaged` only the number, the nonce and what is plain text are known. `about` is how it
    came about; it `has_stack` where it says what was asked for, `format` is that of its labels. `protected` are the
    names of the volumes that no command removes, None where an earlier deployer did not say.
    """

    revision: int
    nonce: str = ""
    holder: Holder | None = None
    expires: float = 0.0
    made: float = 0.0
    origin: str | None = None
    salt: str = ""
    updates: Updates = field(default_factory=dict[str, Mapping[str, Any]])
    resources: frozenset[str] = frozenset()
    result: str = ""
    volumes: tuple[str, ...] = ()
    damaged: bool = False
    about: About = field(default_factory=About)
    has_stack: bool = False
    format: str = FORMAT
    protected: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """All of a stack's records, oldest first.

    `dead` are the revisions that have not ended, and whose holder is gone; `updates` is what was asked of living
    containers since they were made; `strays` are volumes that were a part of a record which is gone.
    """

    all: tuple[Record, ...] = ()
    salt: str = ""
    dead: frozenset[int] = frozenset()
    updates: Updates = field(default_factory=dict[str, Mapping[str, Any]])
    strays: tuple[str, ...] = ()

    @property
    def newest(self) -> Record | None:
        return self.all[-1] if self.all else None

    @property
    def revision(self) -> int:
        return self.all[-1].revision if self.all else 0

    @property
    def origin(self) -> str | None:
        return next((record.origin for record in reversed(self.all) if record.origin), None)

    @property
    def ended(self) -> Record:
        """The newest record whose own holder ended it: what it says was reached."""
        return next((record for record in reversed(self.all) if record.result not in ("", DIED)), Record(0))

    @property
    def at_work(self) -> Record | None:
        """The record of who has the turn now; None where nobody has."""
        newest = self.newest
        return newest if newest and not newest.result and newest.revision not in self.dead else None

    def result_of(self, record: Record) -> str:
        """One of RESULTS, also where the record itself has none."""
        if record.result:
            return record.result
        if record == self.at_work:
            return AT_WORK
        return DAMAGED if record.damaged else DIED

    @property
    def abandoned(self) -> tuple[Record, ...]:
        """Those that a dead holder has left without an end."""
        return tuple(record for record in self.all if record.revision in self.dead)

    @property
    def protected(self) -> dict[str, int]:
        """The names of the volumes that no command removes, with the revision that says so: the newest whose own holder
        ended it, and all that have begun since, for nobody knows how far these came.
        """
        found: dict[str, int] = {}
        for record in reversed(self.all):
            for name in sorted(record.protected or ()):
                found.setdefault(name, record.revision)
            if record.protected is not None and record.result not in ("", DIED):
                break
        return found

    @property
    def keep(self) -> int:
        """How many revisions are to stay, as the last apply has said."""
        return next((record.about.keep for record in reversed(self.all) if record.about.asks), KEPT)

    def outdated(self, keep: int = KEPT) -> list[Record]:
        """The records that so many newer ones which succeeded make needless; one that did not succeed, to which nobody
        can go back, also so many newer ones which failed.

        Of those that asked for a stack only such count, for ten restarts are no reason to lose the way back.
        """
        succeeded = [record for record in self.all if record.result == SUCCEEDED]
        asking = [record for record in succeeded if record.about.asks]
        failed = [record for record in self.all if record.result in (FAILED, INTERRUPTED)]

        def is_outdated(record: Record) -> bool:
            better = asking if record.about.asks else succeeded
            counting = (better,) if record.result == SUCCEEDED else (better, failed)
            return any(sum(each.revision > record.revision for each in newer) >= keep for newer in counting)

        return [record for record in self.all if is_outdated(record)]
