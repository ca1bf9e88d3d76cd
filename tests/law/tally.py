"""How much of the field table holds on this engine, counted from the reports of the law's tests."""

from __future__ import annotations

import pytest


class Tally:
    """Which rows were proved: at least one test tried the row, and none failed."""

    def __init__(self) -> None:
        self.tried: set[str] = set()
        self.failed: set[str] = set()
        self.unproven: dict[str, str] = {}
        self.unseen: dict[str, str] = {}
        self.seconds = 0.0

    def add(self, report: pytest.TestReport) -> None:
        if report.nodeid.startswith("tests/law/test_law.py"):
            self.seconds += report.duration
        for name, value in report.user_properties:
            if name == "row":
                self.tried.add(str(value))
                self.failed |= {str(value)} if report.failed else set()
                if report.skipped and isinstance(report.longrepr, tuple):
                    self.unproven[str(value)] = report.longrepr[2].removeprefix("Skipped: ")
            elif name in ("unproven", "unseen"):
                row, _, reason = str(value).partition(": ")
                (self.unproven if name == "unproven" else self.unseen)[row] = reason
