"""One parser for each notation that users write: sizes, durations, processor counts, signals, command lines."""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, cast

from pydantic_core import PydanticCustomError

KIB, MIB, GIB = 1024, 1024**2, 1024**3
SECOND = 1_000_000_000
"""The Engine API counts time in nanoseconds."""

_UNITS = {"": 1, "b": 1, "k": KIB, "m": MIB, "g": GIB, "t": 1024**4, "p": 1024**5}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?", re.IGNORECASE)

_HOUR = 3600 * SECOND
_PERIODS = {
    **{"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": _HOUR},
    **{"d": 24 * _HOUR, "w": 7 * 24 * _HOUR},
}
_PERIOD = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w)")


def refusal(code: str, message: str, hint: str = "") -> PydanticCustomError:
    """The error that a model's validator raises: `code` is the stable name of the diagnostic that it becomes."""
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint})  # pyright: ignore[reportArgumentType]


def mapping(value: Any) -> dict[str, Any] | None:
    """The value, where it is a mapping: YAML gives those with text for keys alone."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def listing(value: Any) -> list[Any] | None:
    """The value, where it is a list."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def number(text: Any) -> int:
    """A whole number, written as one or as text: interpolation always gives text."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    if isinstance(text, str) and re.fullmatch(r"[+-]?\d{1,99}", text.strip()):
        return int(text)
    raise refusal("bad-number", f"expected a whole number, not {text!r}")


def count(text: Any) -> int:
    """A whole number that is not negative."""
    value = number(text)
    if value < 0:
        raise refusal("bad-number", f"expected a number that is not negative, not {text!r}")
    return value


MOST_REPLICAS = 10_000


def replicas(text: Any) -> int:
    """How many containers a service has. Each is looked at on its own, so a slip of the pen must not take for ever."""
    value = count(text)
    if value > MOST_REPLICAS:
        raise refusal("bad-number", f"expected at most {MOST_REPLICAS} containers, not {value}")
    return value


def flag(text: Any) -> bool:
    """`true` or `false`, written as such or as text: interpolation always gives text. What YAML 1.1 had besides is read
    as Compose reads it.
    """
    if isinstance(text, bool):
        return text
    found = _FLAGS.get(text.lower()) if isinstance(text, str) else None
    if found is None:
        raise refusal("bad-flag", f"expected true or false, not {text!r}")
    return found


_FLAGS = {**dict.fromkeys(("true", "y", "yes", "on"), True), **dict.fromkeys(("false", "n", "no", "off"), False)}


def text(value: Any) -> str:
    if isinstance(value, str):
        return value
    hint = f'put it in quotes: "{value}"' if isinstance(value, (int, float)) else ""
    raise refusal("bad-text", f"expected text, not {describe(value)}", hint)


def describe(value: Any) -> str:
    """What a value is, in a user's words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"the flag {str(value).lower()}"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value!r}"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return repr(value)


def size(written: Any) -> int:
    """Bytes of `128M`, `1.5GiB`, `64kb` or a plain number.

    Units are powers of 1024, as Docker reads them (go-units RAMInBytes).
    """
    if isinstance(written, int) and not isinstance(written, bool) and written >= 0:
        return written
    match = _SIZE.fullmatch(written.strip()) if isinstance(written, str) else None
    if not match:
        raise refusal(
            "bad-size", f"expected a size, not {describe(written)}", "write it as 128M, 1.5GiB or a number of bytes"
        )
    return int(Decimal(match[1]) * _UNITS[match[2].lower()])


def show_size(value: int) -> str:
    """The shortest exact notation: 268435456 is `256m`."""
    for unit in "tgmk":
        if value and value % _UNITS[unit] == 0:
            return f"{value // _UNITS[unit]}{unit}"
    return str(value)


def duration(written: Any) -> int:
    """Nanoseconds of `1m30s`, `500ms`, `1.5h`, `2w`."""
    if isinstance(written, str):
        periods = list(_PERIOD.finditer(written.strip()))
        if periods and "".join(period[0] for period in periods) == written.strip():
            return int(sum(Decimal(period[1]) * _PERIODS[period[2]] for period in periods))
        if written.strip() == "0":
            return 0
    hint = (
        f"write it with a unit: {written}s"
        if isinstance(written, (int, float)) and not isinstance(written, bool)
        else "write it as 10s, 1m30s or 500ms"
    )
    raise refusal("bad-duration", f"expected a duration, not {describe(written)}", hint)


def show_duration(value: int) -> str:
    """`1m30s` for 90,000,000,000; the inverse of `duration`."""
    if value == 0:
        return "0s"
    shown = ""
    for unit in ("h", "m", "s", "ms", "us", "ns"):
        many, value = divmod(value, _PERIODS[unit])
        shown += f"{many}{unit}" if many else ""
    return shown


def cpus(written: Any) -> int:
    """Billionths of a processor, as `HostConfig.NanoCpus` counts them, of `0.5` or `"0.5"`."""
    try:
        value = (
            Decimal(str(written).strip())
            if isinstance(written, (int, float, str)) and not isinstance(written, bool)
            else None
        )
        is_one = value is not None and value.is_finite() and value >= 0 and not value * SECOND % 1
    except InvalidOperation:
        value, is_one = None, False
    if value is None or not is_one:
        raise refusal("bad-cpus", f"expected a number of processors, not {describe(written)}", "write it as 0.5 or 2")
    return int(value * SECOND)


def show_cpus(value: int) -> str:
    return f"{Decimal(value) / SECOND:f}"


def signal_name(written: Any) -> str:
    """`SIGTERM` for `SIGTERM`, `term`, `15` and `"15"`; names that this system does not know, such as `SIGRTMIN+3`,
    stay.
    """
    name = str(written).strip().upper()
    if name.isdigit():
        try:
            return signal.Signals(int(name)).name
        except ValueError:
            return name
    name = name if name.startswith("SIG") else f"SIG{name}"
    if not re.fullmatch(r"SIG[A-Z0-9]+([+-]\d+)?", name) or (
        name not in signal.Signals.__members__ and not name.startswith("SIGRT")
    ):
        raise refusal("bad-signal", f"no signal is named {written!r}", "write it as SIGTERM, INT or 15")
    return name


def command_line(written: Any) -> tuple[str, ...]:
    """The words of a command: a list as it is, text split as a shell would, with nothing expanded."""
    if isinstance(written, str):
        try:
            return tuple(shlex.split(written))
        except ValueError as error:
            raise refusal(
                "bad-command",
                f"cannot split the command into words: {error}",
                "close the quotation, or write the command as a list",
            ) from None
    words = listing(written)
    if words is not None:
        return tuple(scalar_text(word) for word in words)
    raise refusal("bad-command", f"expected a command as text or as a list of words, not {describe(written)}")


def scalar_text(value: Any) -> str:
    """A scalar as the text that a process or a label gets: `true`, `1`, `1.5`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, (str, int)):
        return str(value)
    raise refusal("bad-text", f"expected text, a number or a flag, not {describe(value)}")


def float_text(value: float) -> str:
    """As Go prints a number, and so Compose in an environment: `1` for 1.0, `1e+06`, `1e-07`, `+Inf`."""
    if not isfinite(value):
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
    shortest = Decimal(repr(value)).normalize()
    exponent = shortest.adjusted() if value else 0
    if -4 <= exponent < _FIRST_WITH_EXPONENT:
        return f"{shortest:f}"
    digits = f"{shortest.scaleb(-exponent).normalize():f}"
    return f"{digits}e{exponent:+03d}"


_FIRST_WITH_EXPONENT = 6
"""A million is the first number that Go writes with an exponent (strconv.FormatFloat, 'g')."""


def key_values(written: Any, *, bare: Callable[[str], str | None] = lambda _: "") -> dict[str, str | None]:
    """A mapping of `{KEY: value}` or of the list `["KEY=value"]`; `bare` says what a list's `KEY` without `=` means."""
    entries, items = mapping(written), listing(written)
    if entries is not None:
        return {key: None if value is None else scalar_text(value) for key, value in entries.items()}
    if items is not None:
        found: dict[str, str | None] = {}
        for item in items:
            key, equals, value = scalar_text(item).partition("=")
            found[key] = value if equals else bare(key)
        return found
    raise refusal("bad-mapping", f"expected a mapping or a list of KEY=value, not {describe(written)}")
