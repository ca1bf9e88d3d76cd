"""What all stacks of a round are compared with, asked for once: an engine lists everything that it has, for each of
many stacks anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from deployer.reconcile.protocol import Reader
    from deployer.resources.wire import Json


class Once:
    """The lists of an engine, and its images, as they were when they were first asked for. They are a moment old: a
    stack that differs from them is to be looked at anew before anything is said or done.
    """

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], Any] = {}

    def of(self, reader: Reader) -> Reader:
        """The same reader, but for what is known already."""
        return cast("Reader", _Known(reader, self._answers))

    def forget(self) -> None:
        """Somebody is about to change what is there."""
        self._answers.clear()


class _Known:
    def __init__(self, reader: Reader, answers: dict[tuple[str, str], Any]) -> None:
        self._reader, self._answers = reader, answers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def containers(self) -> Sequence[Json]:
        return self._once("containers")

    def networks(self) -> Sequence[Json]:
        return self._once("networks")

    def volumes(self, name: str = "") -> Sequence[Json]:
        return self._once("volumes", name)

    def image(self, reference: str) -> Json | None:
        return self._once("image", reference)

    def _once(self, what: str, name: str = "") -> Any:
        if (what, name) not in self._answers:
            self._answers[what, name] = getattr(self._reader, what)(*filter(None, [name]))
        return self._answers[what, name]
