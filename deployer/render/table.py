"""A table for people: columns as wide as their widest cell, `-` where there is nothing to say."""

from __future__ import annotations

from collections.abc import Sequence

from deployer.render.harmless import display_width, harmless

NOTHING = "-"

_PLAIN = "\x1b[0m"
DIM = "\x1b[2m"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str] = ()) -> str:
    """A line a row beneath the head. With `styles`, one a row, the head is dim and each first cell has its own."""
    cells = [tuple(head), *(tuple(harmless(text) or NOTHING for text in row) for row in rows)]
    widths = [max(display_width(line[column]) for line in cells) for column in range(len(head))]
    painted = [DIM, *styles] if styles else [""] * len(cells)
    return "\n".join(_line(line, widths, style) for line, style in zip(cells, painted, strict=True))


def _line(cells: Sequence[str], widths: Sequence[int], style: str) -> str:
    """The first cell is coloured alone: a table in colour from edge to edge is hard to read."""
    first, *rest = (f"{cell}{' ' * (width - display_width(cell))}" for cell, width in zip(cells, widths, strict=True))
    return "  ".join([f"{style}{first}{_PLAIN}" if style else first, *rest]).rstrip()
