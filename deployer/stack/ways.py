"""Ways along what needs what, however long: a file may have a chain of more services than Python can call functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

Needs: TypeAlias = Callable[[str], Iterable[str]]


def needed_first(names: Iterable[str], needs: Needs) -> Iterator[str]:
    """The names and all that they need, each once and after what it needs; a circle is cut somewhere."""
    seen: set[str] = set()
    for start in names:
        trail = {} if start in seen else {start: iter(needs(start))}
        seen.add(start)
        while trail:
            name, rest = next(reversed(trail.items()))
            if (following := next((each for each in rest if each not in seen), None)) is not None:
                seen.add(following)
                trail[following] = iter(needs(following))
            else:
                del trail[name]
                yield name


def circle_from(start: str, needs: Needs, done: set[str]) -> list[str]:
    """The first circle on the ways from a name, each of it once; empty where there is none. `done` are those from which
    there is none, and grows.
    """
    trail = {} if start in done else {start: iter(needs(start))}
    while trail:
        name, rest = next(reversed(trail.items()))
        following = next((each for each in rest if each not in done), None)
        if following is None:
            del trail[name]
            done.add(name)
        elif following in trail:
            names = list(trail)
            return names[names.index(following) :]
        else:
            trail[following] = iter(needs(following))
    return []
