"""What an examination finds: one thing that was looked at, how it is, and the mend."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from deployer.errors import Diagnostic, Place


class Status(StrEnum):
    """PROBLEM: something does not work, or will not. WARNING: it works, and is not as it should be."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` names what was looked at: one word that stays the same. `hint` is the mend, or what is worth to know."""

    check: str
    status: Status
    detail: str
    hint: str = ""
    place: Place | None = None


def ok(check: str, detail: str, hint: str = "", place: Place | None = None) -> Finding:
    return Finding(check, Status.OK, detail, hint, place)


def warning(check: str, detail: str, hint: str, place: Place | None = None) -> Finding:
    return Finding(check, Status.WARNING, detail, hint, place)


def problem(check: str, detail: str, hint: str, place: Place | None = None) -> Finding:
    return Finding(check, Status.PROBLEM, detail, hint, place)


def told(
    check: str, diagnostics: Iterable[Diagnostic], status: Status = Status.PROBLEM, breaking: Collection[str] = ()
) -> Iterator[Finding]:
    """What others found, each as a finding; those whose code is `breaking` are problems in any case."""
    for each in diagnostics:
        hint = "; ".join(filter(None, (each.hint, *each.notes)))
        worst = Status.PROBLEM if each.code in breaking else status
        yield Finding(check, worst, each.message, hint, each.place)
