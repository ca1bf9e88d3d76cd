"""The user's own `x-` keys, put back where Compose shows them, with nothing sensitive in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from deployer.fields.sensitive import MASK, holds_secret
from deployer.render.key_order import ByName
from deployer.stack.extensions import Extensions
from deployer.stack.mistakes import Path
from deployer.stack.model import Stack
from deployer.stack.variables import is_extension

_FORGOTTEN = ("ipam", "config")
"""Compose keeps none of an address pool."""


def with_extensions_at_the_top(tree: Mapping[str, Any], stack: Stack) -> dict[str, Any]:
    """A tree of the whole stack with the keys that are its own."""
    return {**tree, **_own(stack.extensions, stack, ())}


def with_extensions(tree: Any, stack: Stack) -> Any:
    """A tree of the whole stack with the keys of all that it shows."""
    return _with(tree, stack.extensions, stack, ()) if stack.extensions else tree


def _with(shown: Any, said: Extensions, stack: Stack, path: Path) -> Any:
    if path[-2:] == _FORGOTTEN:
        return shown
    if isinstance(shown, list):
        items = cast("list[Any]", shown)
        return [_with(item, said.get(at, {}), stack, (*path, at)) for at, item in enumerate(items)]
    entries = cast("dict[str, Any]", shown or {})
    own = _own(said, stack, path)
    if not (own or entries) or not isinstance(entries, dict):
        return shown
    below = {
        key: _with(value, said[key], stack, (*path, key)) if key in said else value for key, value in entries.items()
    }
    return type(entries)({**below, **own})


def _own(said: Extensions, stack: Stack, path: Path) -> dict[str, Any]:
    keys = sorted(key for key in said if isinstance(key, str) and is_extension(key))
    sensitive = stack.sensitive_in(str(path[1])) if path[:1] == ("services",) and len(path) > 1 else stack.sensitive
    return {key: _harmless(said[key], (*path, key), sensitive, stack) for key in keys}


def _harmless(value: Any, path: Path, sensitive: tuple[str, ...], stack: Stack, hidden: bool = False) -> Any:
    """The value less what a sensitive variable went into, and what has the name of something sensitive."""
    name = str(path[-1]) if isinstance(path[-1], str) else ""
    if isinstance(value, str) and not name:
        name = value.partition("=")[0]
    hidden = (
        hidden or path in stack.tainted or (*path[:-1], name) in stack.tainted or holds_secret(name, value, sensitive)
    )
    match value:
        case dict():
            entries = cast("dict[str, Any]", value)
            return ByName(
                {key: _harmless(item, (*path, key), sensitive, stack, hidden) for key, item in entries.items()}
            )
        case list():
            items = cast("list[Any]", value)
            return [_harmless(item, (*path, at), sensitive, stack, hidden) for at, item in enumerate(items)]
        case _:
            return MASK if hidden and value not in (None, "") else value
