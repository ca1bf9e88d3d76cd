"""Numbers of bytes, as docker counts them."""

from __future__ import annotations

import re

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_WRITTEN = ("", "k", "m", "g", "t")
_WITH_A_UNIT, _BYTES = re.compile(r"\d+[kmgt]"), re.compile(r"\d{4,}")
_A_FEW = 4096
_DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB")


def size_text(count: float, base: int = 1000, *, digits: int = 4, gap: str = "") -> str:
    """Bytes in the largest unit that leaves a whole number: `1.5MiB` by 1024, `1.57MB` by 1000."""
    units = _BINARY if base == 1024 else _DECIMAL
    unit = 0
    while float(f"{count:.{digits}g}") >= base and unit < len(units) - 1:  # 999.9 in three digits is 1000
        count, unit = count / base, unit + 1
    return f"{count:.{digits}g}{gap}{units[unit]}"


def bytes_text(count: float) -> str:
    """`1.98 MB`: what there is of it, in a sentence or a list."""
    return size_text(count, digits=3, gap=" ")


def comparable(before: str, after: str) -> tuple[str, str]:
    """Two values as they are; where one is a size with a unit, and the other one of bytes, that one says what it is in
    units: `134217729 (128m + 1 byte)`.
    """
    for one, other in ((before, after), (after, before)):
        if _BYTES.fullmatch(one) and _WITH_A_UNIT.fullmatch(other):
            told = f"{one} ({_in_units(int(one))})"
            return (told, after) if one is before else (before, told)
    return before, after


def _in_units(count: int) -> str:
    """Exact where it is a few bytes more than a whole number of a unit, else about so much."""
    power = max(power for power in range(len(_WRITTEN)) if count >= 1024**power)
    whole, rest = divmod(count, 1024**power)
    if 0 < rest <= _A_FEW and power > 1:
        return f"{whole}{_WRITTEN[power]} + {rest} byte{'s' if rest > 1 else ''}"
    return f"{count / 1024**power:.4g}{_WRITTEN[power]}"
