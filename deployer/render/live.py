"""Apply as it goes on, on a terminal: what is done scrolls by, what is under way stands below it and moves."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Self, TextIO

from deployer.plan.events import ChangeDone, ChangeSkipped, Event, StepDone, StepFailed, StepStarted, Transfer
from deployer.render.harmless import harmless
from deployer.render.progress import lines_of, shown_line, step_text

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_BAR = 20
_SHOWN_ITEMS = 4


@dataclass(slots=True)
class _UnderWay:
    """A change that is being carried out: its step, since when, and the layers that are on their way (done, total)."""

    step: str = ""
    since: float = 0.0
    items: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    status: str = ""


class LiveProgress:
    """For a terminal only. Rich is imported when one is made; it obeys NO_COLOR by itself."""

    def __init__(self, stream: TextIO, *, verbose: bool = False) -> None:
        from rich.console import Console
        from rich.live import Live

        self._verbose = verbose
        self._lock = Lock()
        self._under_way: dict[str, _UnderWay] = {}
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._live = Live(console=self._console, refresh_per_second=8, transient=True, get_renderable=self._table)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._note(event)
        if not isinstance(event, (StepStarted, Transfer)) or (isinstance(event, Transfer) and event.progress.aloud):
            for line in lines_of(event, verbose=self._verbose):
                self._console.print(_styled(line, event))

    def _note(self, event: Event) -> None:
        match event:
            case StepStarted(address=address, step=step):
                self._under_way[address] = _UnderWay(step_text(step), time.monotonic())
            case Transfer(address=address, progress=progress):
                if change := self._under_way.get(address):
                    change.status = shown_line(progress.status)
                    change.items.pop(harmless(progress.item), None)
                    if progress.total:
                        change.items[harmless(progress.item)] = (progress.done, progress.total)
            case StepDone(address=address) | StepFailed(address=address):
                self._under_way.pop(address, None)
            case ChangeDone(address=address) | ChangeSkipped(address=address):
                self._under_way.pop(address, None)
            case _:
                pass

    def _table(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        with self._lock:
            changes = [(address, change, dict(change.items)) for address, change in self._under_way.items()]
        lines: list[Text] = []
        for address, change, items in changes:
            seconds = time.monotonic() - change.since
            status = f": {change.status}" if change.status and not items else ""
            text = f"{harmless(address)}: {change.step}{status}  {seconds:.0f}s"
            lines.append(Text(text, style="cyan", no_wrap=True, overflow="ellipsis"))
            shown = list(items.items())[-_SHOWN_ITEMS:]
            lines += [Text(f"  {item} {bar(*sizes)}", no_wrap=True, overflow="ellipsis") for item, sizes in shown]
        return Group(*lines)


def bar(done: int, total: int) -> str:
    """`[##########----------]  50% of 12.0 MB`."""
    part = min(1.0, done / total) if total else 0.0
    filled = int(part * _BAR)
    return f"[{'#' * filled}{'-' * (_BAR - filled)}] {part:>4.0%} of {total / 1e6:.1f} MB"


def _styled(line: str, event: Event) -> Text:
    from rich.text import Text

    match event:
        case ChangeDone():
            return Text(line, style="green")
        case StepFailed():
            return Text(line, style="yellow" if event.is_interrupted else "red")
        case ChangeSkipped():
            return Text(line, style="dim")
        case _:
            return Text(line)
