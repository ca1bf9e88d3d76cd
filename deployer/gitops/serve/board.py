"""What is shown now: the agent's status as it stands, and what it has said. Here its thread and the page's meet."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deployer.gitops.status import AgentStatus

_LINES = 500


@dataclass(frozen=True, slots=True)
class Line:
    """What the agent said, and when, in seconds since 1970; `beneath` are the last lines of what failed."""

    at: float
    text: str
    beneath: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """All of it at one moment; `number` is another one after each change."""

    number: int
    status: AgentStatus
    lines: tuple[Line, ...] = ()


class Board:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: deque[Line] = deque(maxlen=_LINES)
        self._shown = Shown(0, AgentStatus("", ""))
        self._status = lambda: self._shown.status
        self._changed = time.monotonic()

    def follow(self, status: Callable[[], AgentStatus]) -> None:
        """From now on it is this one that is shown: a new value after each change."""
        self._status = status

    def tell(self, text: str, beneath: Sequence[str] = ()) -> None:
        with self._lock:
            self._lines.append(Line(time.time(), text, tuple(beneath)))
            self._renew(self._status())

    def now(self) -> Shown:
        with self._lock:
            status = self._status()
            if status is not self._shown.status:
                self._renew(status)
            return self._shown

    def silent(self) -> float:
        """For how many seconds nothing has changed: each round of an agent that is well changes something."""
        self.now()
        return time.monotonic() - self._changed

    def _renew(self, status: AgentStatus) -> None:
        self._shown = Shown(self._shown.number + 1, status, tuple(self._lines))
        self._changed = time.monotonic()
