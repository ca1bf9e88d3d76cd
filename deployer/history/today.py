"""What no revision keeps, as it is sensitive: taken from the stack file of today."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.fields.sensitive import MASK, mask_user_info, user_infos, with_user_infos
from deployer.resources.revisions import Tree

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Filled:
    """A tree without gaps; the paths of what was `taken` from today's, of where that was only the `user_infos` of URLs,
    and of what is `missing` there.
    """

    tree: Tree
    taken: list[Path] = field(default_factory=list[Path])
    user_infos: list[Path] = field(default_factory=list[Path])
    missing: list[Path] = field(default_factory=list[Path])


def filled(then: Tree, today: Tree, bare: Tree) -> Filled:
    """A revision's tree with each masked value as today's has it at the same place.

    `today` is the tree of the stack file as it is now, masked, `bare` the same with all that is sensitive.
    """
    found = Filled({})
    found.tree = cast("Tree", _filled(then, today, bare, (), found))
    return found


def _filled(then: Any, today: Any, bare: Any, path: Path, found: Filled) -> Any:
    if isinstance(then, dict):
        there, open = _mapping(today), _mapping(bare)
        return {
            key: _filled(value, there.get(key), open.get(key), (*path, key), found)
            for key, value in cast("Tree", then).items()
        }
    if isinstance(then, list):
        items = cast("list[Any]", then)
        return [
            _filled(item, *_beside(item, items[:index].count(item), today, bare), (*path, _key(item, index)), found)
            for index, item in enumerate(items)
        ]
    if not isinstance(then, str) or MASK not in then:
        return then
    value = _value(then, today, bare)
    if value is None:
        found.missing.append(path)
        return then
    in_part = then != MASK and isinstance(value, str) and mask_user_info(value) == then
    (found.user_infos if in_part else found.taken).append(path)
    return value


def _value(then: str, today: Any, bare: Any) -> Any:
    """What stands behind the mask; None where today's stack file does not tell. Of a URL only its user info."""
    if then in (MASK, today):
        return bare
    infos = user_infos(bare) if isinstance(bare, str) else []
    return with_user_infos(then, infos) if infos and len(infos) == then.count(MASK) else None


def _beside(item: Any, before: int, today: Any, bare: Any) -> tuple[Any, Any]:
    """The item of today's list that is the same: by all that can be seen of it, else by its name (`NAME=value`). Where
    several look the same, and so many do `before` this one, it is the one after as many.
    """
    if not isinstance(today, list) or not isinstance(bare, list):
        return None, None
    pairs = list(zip(cast("list[Any]", today), cast("list[Any]", bare), strict=False))
    same = [pair for pair in pairs if pair[0] == item]
    named = (
        pair
        for pair in pairs
        if isinstance(item, str) and isinstance(pair[0], str) and pair[0].partition("=")[0] == item.partition("=")[0]
    )
    return same[min(before, len(same) - 1)] if same else next(named, (None, None))


def _key(item: Any, index: int) -> str | int:
    """As the places of a stack name what stands in a list as NAME=value."""
    name, equals, _ = item.partition("=") if isinstance(item, str) else ("", "", "")
    return name if equals else index


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def refuse_missing(missing: list[Path], revision: int) -> None:
    """Raises InvalidStack with each value that is nowhere to be had."""
    if missing:
        raise InvalidStack(
            *(
                Diagnostic(
                    "rollback-secret",
                    f"{_dotted(path)} is sensitive, so no revision keeps it, and the stack file does not say it now",
                    Place(f"revision {revision}", 0, 0),
                    f"say {_dotted(path)} in the stack file, then roll back",
                )
                for path in missing
            )
        )


def told(found: Filled, known: Collection[str], changed: Collection[str], revision: int) -> Iterator[Diagnostic]:
    """What of a revision is not had again, each on its own; then which of today's values are taken besides.

    `known` are the places, as text, of which the revision has digests, and `changed` those that are not as they were.
    """
    places = _places(found, known)
    for place in changed:
        message = f"{places.get(place, place)} differs from revision {revision} in what no revision keeps"
        yield Diagnostic("rollback-differs", f"{message}; it is as the stack file says it today")
    sources = [
        f"{section}.{name}"
        for section in ("secrets", "configs")
        for name, said in _mapping(found.tree.get(section)).items()
        if "content" not in said
    ]
    unknown = [*sources, *(name for place, name in places.items() if place not in known)]
    same = [name for place, name in places.items() if place in known and place not in changed]
    parts = [f"revision {revision} is applied with today's {', '.join(unknown)}"] if unknown else []
    parts += [f"the same today as in revision {revision}: {', '.join(same)}"] if same else []
    if parts:
        yield Diagnostic("rollback-today", f"no revision keeps what is sensitive: {'; '.join(parts)}")


def _places(found: Filled, known: Collection[str]) -> dict[str, str]:
    """What today's values were taken for, by the place that the revision has a digest of where it has one: in words."""
    whole = {_known_as(path, known) for path in found.taken}
    in_part = {_known_as(path, known) for path in found.user_infos} - whole
    return {place: f"the user info in {place}" if place in in_part else place for place in sorted(whole | in_part)}


def _known_as(path: Path, known: Collection[str]) -> str:
    """A list has one digest as a whole."""
    above = (_dotted(path[:length]) for length in range(len(path), 0, -1))
    return next((place for place in above if place in known), _dotted(path))


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
