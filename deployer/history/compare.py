"""Two stacks as records keep them, compared: each value that differs, by its path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from deployer.fields.sensitive import MASK
from deployer.resources.revisions import About, KeptImage, Tree

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One value by its path, as in the stack file; None where there is none. `sign` is what became of it: + - ~."""

    path: str
    before: Any
    after: Any
    sign: str = "~"


def differences(before: Tree, after: Tree) -> Iterator[Difference]:
    """Mappings are compared key by key, lists as they are. What is sensitive is masked in both, and so is the same."""
    for section in (*before, *(key for key in after if key not in before)):
        nothing: Any = {} if isinstance(before.get(section, after.get(section)), dict) else _ABSENT
        yield from _between(before.get(section, nothing), after.get(section, nothing), section)


def _between(before: Any, after: Any, path: str) -> Iterator[Difference]:
    if before == after:
        return
    if before is _ABSENT or after is _ABSENT:
        sign = "+" if before is _ABSENT else "-"
        yield Difference(path, _known(before), _known(after), sign)
    elif isinstance(before, dict) and isinstance(after, dict):
        one, other = cast("Tree", before), cast("Tree", after)
        for key in (*one, *(key for key in other if key not in one)):
            yield from _between(one.get(key, _ABSENT), other.get(key, _ABSENT), f"{path}.{key}")
    else:
        yield Difference(path, before, after)


def _known(value: Any) -> Any:
    return None if value is _ABSENT else value


def masked(shown: Any, bare: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """What is masked in a stack as it is shown, by its path, with what is behind the mask."""
    if isinstance(shown, dict) and isinstance(bare, dict):
        one, other = cast("Tree", shown), cast("Tree", bare)
        for key in (key for key in one if key in other):
            yield from masked(one[key], other[key], f"{path}.{key}" if path else key)
    elif shown != bare:
        yield path, bare


def masked_between(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    """What differs behind the same mask, by the digests of both."""
    for path in sorted(before.keys() & after.keys()):
        if before[path] != after[path]:
            yield Difference(path, MASK, MASK)


def with_masked(found: Iterable[Difference], before: About, after: About) -> Iterator[Difference]:
    """The differences of two revisions' trees, with what can be shown around what is masked in them; then what else
    differs behind the same mask, and in what secrets and configs hold.
    """
    found = list(found)
    hidden = masked_between({**before.masked, **before.contents}, {**after.masked, **after.contents})
    others = (each for each in hidden if not any(f"{one.path}.".startswith(f"{each.path}.") for one in found))
    for each in (*found, *others):
        yield replace(each, before=_around(each.path, each.before, before), after=_around(each.path, each.after, after))


def _around(path: str, value: Any, about: About) -> Any:
    return about.around.get(path, value) if value == MASK else value


def images_between(before: Mapping[str, KeptImage], after: Mapping[str, KeptImage]) -> Iterator[Difference]:
    """The images that are others, though both revisions may call them the same; where both say which they were."""
    for address in sorted(before.keys() & after.keys()):
        one, other = before[address], after[address]
        if one.id != other.id:
            yield Difference(address, f"{one.reference} @ {one.id[7:13]}", f"{other.reference} @ {other.id[7:13]}")
