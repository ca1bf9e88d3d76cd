"""What an examination found, as lines for people and as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from deployer.doctor.finding import Finding, Status
from deployer.render.harmless import display_width, harmless

FORMAT_VERSION = 1

_GREEN, _YELLOW, _RED, _PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"
_COLOR = {Status.OK: _GREEN, Status.WARNING: _YELLOW, Status.PROBLEM: _RED}
_STATUS_WIDTH = max(map(len, Status))


def as_text(findings: Sequence[Finding], *, color: bool = False) -> str:
    """A line for each, the place and the mend beneath it, and how many there are of what is not ok."""
    width = max((display_width(harmless(each.check)) for each in findings), default=0)
    lines = [line for each in findings for line in _lines(each, width, color)]
    return "\n".join([*lines, "", _summary(findings)])


def as_json(findings: Iterable[Finding]) -> str:
    """One object; `format_version` grows when a reader of the old form would be wrong."""
    found = [
        {
            "check": each.check,
            "status": each.status.value,
            "detail": each.detail,
            "hint": each.hint,
            "place": {"file": each.place.file, "line": each.place.line, "column": each.place.column}
            if each.place
            else None,
        }
        for each in findings
    ]
    return json.dumps({"format_version": FORMAT_VERSION, "findings": found}, indent=2)


def _lines(finding: Finding, width: int, color: bool) -> Iterator[str]:
    status = finding.status.value.ljust(_STATUS_WIDTH)
    shown = f"{_COLOR[finding.status]}{status}{_PLAIN}" if color else status
    first, *rest = finding.detail.splitlines() or [""]
    indent = " " * (_STATUS_WIDTH + 2 + width + 2)
    check = harmless(finding.check)
    yield f"{shown}  {check}{' ' * (width - display_width(check))}  {harmless(first)}"
    yield from (f"{indent}{harmless(line)}" for line in rest)
    if finding.place:
        yield f"{indent}--> {harmless(str(finding.place))}"
    yield from (f"{indent}= {harmless(line)}" for line in finding.hint.splitlines())


def _summary(findings: Iterable[Finding]) -> str:
    counted = Counter(each.status for each in findings)
    told = [
        f"{counted[status]} {status.value}{'s' if counted[status] > 1 else ''}"
        for status in (Status.PROBLEM, Status.WARNING)
        if counted[status]
    ]
    return ", ".join(told) or "all is well"
