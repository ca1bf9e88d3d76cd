"""What is shown of a change: its values as a user would write them, and the line of the file that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from deployer.errors import Place
from deployer.fields.field import Context, Field, Value
from deployer.fields.mount_forms import target_path
from deployer.fields.sensitive import mask_user_info
from deployer.plan.model import Shows
from deployer.resources.desired import DesiredService

if TYPE_CHECKING:
    from deployer.plan.diff import PlaceOf

ABSENT = object()
"""What stands for an entry that is not there, as None is a value that one may have."""


def shows(row: Field, entry: str, value: Any) -> Shows:
    return Shows.UNSET if _is_unset(row, entry, value) else Shows.EMPTY if value == "" else Shows.NOTHING


def _is_unset(row: Field, entry: str, value: Any) -> bool:
    return value is ABSENT or value is None or (not entry and value in (row.unset, frozenset()))


def shown(row: Field, entry: str, have: Any, want: Any, sensitive: bool) -> tuple[str | None, str | None]:
    """Both values as a user would write them, whole: a part of a list would read as if the rest were not there."""
    if sensitive:
        return None, None

    def text(value: Any) -> str | None:
        return None if _is_unset(row, entry, value) else mask_user_info(row.shown(entry, value))

    return text(have), text(want)


def line_of_value(service: DesiredService, place: PlaceOf, row: Field, entry: str, have: Any) -> Place | None:
    """Where the value stands; an entry that has a target is found in its list by that, or by what it is called here,
    and of a list without an order it is the first item that is not there.
    """
    said = service.written.get(row.name)
    path = ("services", service.name, *(said.name if said else row.name).split("."))
    written = said.value if said else None
    listed = cast("tuple[Any, ...]", written) if isinstance(written, tuple) else ()
    if entry:
        index = next((index for index, item in enumerate(listed) if _target(item) == entry), None)
        return place(*path, *(row.kind.path_of(entry) if index is None else (index,)))
    if isinstance(have, frozenset):
        there = cast("frozenset[Value]", have)
        new = (index for index, item in enumerate(listed) if not _items(row, item, service.context) <= there)
        if (index := next(new, None)) is not None:
            return place(*path, index)
    return place(*path)


def _items(row: Field, written: Any, context: Context) -> frozenset[Value]:
    """What one item of a list stands for, a range of ports for many."""
    found = row.kind.normal((written,), context)
    return cast("frozenset[Value]", found) if isinstance(found, frozenset) else frozenset()


def _target(item: Any) -> str:
    """The path in the container that an item of a list is for: its target, or what a text begins with."""
    if isinstance(item, str):
        return target_path(item.partition(":")[0])
    return getattr(item, "entry", getattr(item, "target", ""))
