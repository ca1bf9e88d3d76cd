"""Lists of texts: those whose order has a meaning, and those that are sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from deployer.fields.field import Kind, Value
from deployer.fields.kinds import show_text, show_words


def or_alone(read: Callable[[Any], str]) -> Callable[[Any], Any]:
    """Takes a text alone for a list of it; `read` reads it, so that a mistake is told of the text itself."""

    def form(written: Any) -> Any:
        return [read(written)] if isinstance(written, str) else written

    return form


def without_repeats(texts: tuple[str, ...]) -> tuple[str, ...]:
    """What is said twice is said once, as Compose reads lists."""
    return tuple(dict.fromkeys(texts))


def ordered(notation: Any, canonical: Callable[[str], str]) -> Kind:
    """The kind of a list whose order counts."""

    def normal(texts: Iterable[str], _: object = None) -> Value:
        return tuple(dict.fromkeys(map(canonical, texts)))

    return Kind(notation, normal, list, normal, show_words)


def unordered(notation: Any, canonical: Callable[[str], str], wire: Callable[[str], str] = str) -> Kind:
    """The kind of a list that is a set to the engine; `wire` is how it is sent an item."""

    def normal(texts: Iterable[str], _: object = None) -> Value:
        return frozenset(map(canonical, texts))

    def encode(items: Value) -> list[str]:
        return [wire(item) for item in sorted(items)]

    return Kind(notation, normal, encode, normal, show_set)


def show_set(items: Value) -> str:
    return ", ".join(show_text(item) for item in sorted(items))
