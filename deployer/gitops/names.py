"""Which stack file has which name: two of one commit cannot have the same."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from deployer.errors import Diagnostic, InvalidStack

if TYPE_CHECKING:
    from deployer.gitops.tree import StackFile
    from deployer.stack.model import Stack


def names_in(
    seen: Mapping[str, str], applied: Mapping[str, str], files: Iterable[StackFile], changed: Collection[str]
) -> dict[str, str]:
    """The paths of a commit's stack files by the name that each has: as it was `seen` to have (a path by name) when it
    was looked at, and is not `changed` since; else the one that its stack on the engine has, which was `applied` last
    (a name by path).
    """
    there = {each.path: set(each.files).isdisjoint(changed) for each in files}
    known = {name: path for name, path in seen.items() if there.get(path)}
    return known | {name: path for path, name in applied.items() if path in there and path not in known.values()}


def named(names: Mapping[str, str], name: str, path: str) -> dict[str, str]:
    """The same, with the name that a stack file was seen to have, and no other of it."""
    return {**{other: each for other, each in names.items() if each != path}, name: path}


def refuse_another(names: Mapping[str, str], stack: Stack, path: str) -> None:
    """Raises InvalidStack where the stack's name is that of another stack file."""
    other = names.get(stack.name, path)
    if other != path:
        message = f"the name {stack.name!r} is that of {other}, too"
        hint = "give one of them another `name:`"
        raise InvalidStack(Diagnostic("same-name", message, stack.place("name"), hint))
