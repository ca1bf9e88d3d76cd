"""Numbers of bytes, as docker counts them."""

from __future__ import annotations

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
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
