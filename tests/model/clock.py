"""The time of the model: it passes when somebody sleeps, and a little with each request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """What stands in the place of the module `time`, too."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def sleep(self, seconds: float) -> None:
        self.seconds += max(seconds, 0.001)

    def monotonic(self) -> float:
        return self.seconds

    def time(self) -> float:
        return self.seconds

    def stamp(self) -> str:
        """Now, as the engine writes it."""
        return (_BEGINNING + timedelta(seconds=self.seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def since_1970(self) -> float:
        return _BEGINNING.timestamp() + self.seconds
