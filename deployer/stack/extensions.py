"""The `x-` keys of a stack: the user's own, which mean nothing, and which `config` shows where Compose does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from deployer.fields.parse import listing, mapping
from deployer.stack.variables import FREE, is_extension

Extensions: TypeAlias = Mapping[str | int, Any]
"""What a value says besides: the `x-` keys themselves, and of each other key or place in a list what is below it."""


def extensions(value: Any) -> Extensions:
    """All `x-` keys of a tree, and nothing else of it. In mappings whose keys are the user's own there are none."""
    found: dict[str | int, Any] = {}
    for key, item in _entries(value):
        if isinstance(key, str) and is_extension(key):
            found[key] = item
        elif key not in FREE and (below := extensions(item)):
            found[key] = below
    return found


def _entries(value: Any) -> list[tuple[str | int, Any]]:
    items = listing(value)
    if items is not None:
        return list(enumerate(items))
    return cast("list[tuple[str | int, Any]]", list((mapping(value) or {}).items()))


def without_extensions(value: Any, free: bool = False) -> Any:
    """The tree less its `x-` keys; `x-deployer` is ours."""
    if isinstance(value, dict):
        return {
            key: without_extensions(item, key in FREE)
            for key, item in cast("dict[str, Any]", value).items()
            if free or not is_extension(key)
        }
    if isinstance(value, list):
        return [without_extensions(item) for item in cast("list[Any]", value)]
    return value
