"""What is shown now: the agent writes it, whoever asks reads it. The one place where their threads meet."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from deployer.gitops.status import AgentStatus
from deployer.history.entries import Entry

_LINES = 500


@dataclass(frozen=True, slots=True)
class Line:
    """What the agent said, and when, in seconds since 1970."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """All of it at one moment; `number` grows with every change. `history` is by the path of the stack's file."""

    number: int = 0
    status: AgentStatus = field(default_factory=lambda: AgentStatus("", ""))
    history: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict[str, tuple[Entry, ...]])
    lines: tuple[Line, ...] = ()


class Board:
    """`wake` is set where somebody asks for a round before its time."""

    def __init__(self) -> None:
        self.wake = threading.Event()
        self._lock = threading.Lock()
        self._lines: deque[Line] = deque(maxlen=_LINES)
        self._shown = Shown()
        self._alive = time.monotonic()

    def show(self, status: AgentStatus, history: Mapping[str, tuple[Entry, ...]]) -> None:
        with self._lock:
            if (status, history) != (self._shown.status, self._shown.history):
                self._shown = Shown(self._shown.number + 1, status, dict(history), tuple(self._lines))

    def tell(self, text: str) -> None:
        with self._lock:
            self._lines.append(Line(time.time(), text))
            before = self._shown
            self._shown = Shown(before.number + 1, before.status, before.history, tuple(self._lines))

    def now(self) -> Shown:
        with self._lock:
            return self._shown

    def beat(self) -> None:
        self._alive = time.monotonic()

    def silent(self) -> float:
        """For how many seconds nothing was seen of the agent."""
        return time.monotonic() - self._alive
