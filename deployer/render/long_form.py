"""Models of the stack file written out again, each value in the notation that Compose prints."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, cast, get_args

from pydantic import BeforeValidator

from deployer.fields import parse
from deployer.fields.health import Healthcheck
from deployer.fields.kinds import Model
from deployer.render.key_order import ByName
from deployer.stack.service import Deploy, UpdateConfig

_ORDERS: dict[type[Model], tuple[str, ...]] = {
    Healthcheck: ("test", "timeout", "interval", "retries", "start_period", "start_interval", "disable"),
    Deploy: ("mode", "replicas", "labels", "update_config", "rollback_config", "resources"),
    UpdateConfig: ("monitor", "order"),
}
"""Where Compose's order is not ours."""


def long_form(model: Model, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """The keys that are said, as a mapping."""
    fields = type(model).model_fields
    found: dict[str, Any] = {}
    for name in (*_ORDERS.get(type(model), ()), *fields):
        value = getattr(model, name)
        if name in model.model_fields_set and value is not None and name not in leave_out:
            field = fields[name]
            parsers = [*_parsers(field.annotation), *_parsers_in(field.metadata)]
            found[field.alias or name] = _value(value, parsers)
    return found


def long_value(value: Any, notation: Any) -> Any:
    """A validated value whose type, with what reads it, is `notation`."""
    return _value(value, list(_parsers(notation)))


def _value(value: Any, parsers: list[Callable[..., Any]]) -> Any:
    match value:
        case Model():
            return long_form(value)
        case dict():
            return ByName({key: _value(item, parsers) for key, item in cast("dict[str, Any]", value).items()})
        case tuple() | list():
            return [_value(item, parsers) for item in value]
        case bool() | str():
            return value
        case int():
            return next((_SHOWN[parser](value) for parser in parsers if parser in _SHOWN), value)
        case _:
            return value


def _parsers(annotation: Any) -> Iterator[Callable[..., Any]]:
    """The functions that read what the user wrote, anywhere in an annotation."""
    yield from _parsers_in(getattr(annotation, "__metadata__", ()))
    for part in get_args(annotation):
        yield from _parsers(part)


def _parsers_in(metadata: Any) -> Iterator[Callable[..., Any]]:
    yield from (item.func for item in metadata if isinstance(item, BeforeValidator))


def processors(billionths: int) -> int | float:
    whole, rest = divmod(billionths, parse.SECOND)
    return billionths / parse.SECOND if rest else whole


def go_duration(nanoseconds: int) -> str:
    """`1h0m0s`, `1m30s`, `1.5s`, `500ms`: as Go prints a duration."""
    if nanoseconds == 0:
        return "0s"
    if nanoseconds < parse.SECOND:
        unit, size = next(
            (unit, size) for unit, size in (("ms", 10**6), ("µs", 10**3), ("ns", 1)) if nanoseconds >= size
        )
        return f"{_decimal(nanoseconds, size)}{unit}"
    minutes, rest = divmod(nanoseconds, 60 * parse.SECOND)
    hours, minutes = divmod(minutes, 60)
    shown = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{shown}{_decimal(rest, parse.SECOND)}s"


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    digits = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)


_SHOWN: dict[Callable[..., Any], Callable[[int], Any]] = {
    parse.size: str,
    parse.cpus: processors,
    parse.duration: go_duration,
}
"""How a number is written that was read with one of these."""
