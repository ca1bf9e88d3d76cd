"""Boxes in columns with lines between them, as an SVG that stands by itself."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from deployer.render.harmless import display_width, harmless

_CHARACTER, _HEIGHT, _PADDING = 7.8, 30, 12
_BETWEEN_COLUMNS, _BETWEEN_ROWS, _MARGIN = 110, 16, 20
_ABOVE_THE_LINE, _PASSAGE = 4, 6
STYLE = """\
.graph text { font: 13px monospace; fill: #1f2937 }
.graph .label { font-size: 11px; fill: #6b7280; text-anchor: middle }
.graph .label { paint-order: stroke; stroke: #fff; stroke-width: 4px }
.graph rect { stroke: #4b5563; fill: #f3f4f6 }
.graph .paper { stroke: none; fill: #fff }
.graph .service rect { fill: #dbeafe }
.graph .build rect { fill: #fef3c7 }
.graph .image rect { fill: #fef9c3 }
.graph .network rect { fill: #dcfce7 }
.graph .volume rect { fill: #f3e8ff }
.graph .same rect { fill: #f9fafb; stroke: #d1d5db }
.graph .same text { fill: #6b7280 }
.graph .made rect { fill: #bbf7d0; stroke: #15803d }
.graph .changed rect { fill: #fde68a; stroke: #b45309 }
.graph .gone rect { fill: #fecaca; stroke: #b91c1c }
.graph a:focus rect, .graph a:hover rect { stroke-width: 2.5 }
.graph path { stroke: #6b7280; fill: none }
.graph marker path { fill: #6b7280 }
@media (prefers-color-scheme: dark) {
.graph text { fill: #f3f4f6 }
.graph .label { fill: #9ca3af; stroke: #111827 }
.graph rect { stroke: #9ca3af; fill: #374151 }
.graph .paper { fill: #111827 }
.graph .service rect { fill: #1e3a5f }
.graph .build rect { fill: #5b4510 }
.graph .image rect { fill: #4a4a14 }
.graph .network rect { fill: #14482c }
.graph .volume rect { fill: #43205f }
.graph .same rect { fill: #1f2937; stroke: #4b5563 }
.graph .same text { fill: #9ca3af }
.graph .made rect { fill: #14532d; stroke: #4ade80 }
.graph .changed rect { fill: #713f12; stroke: #fbbf24 }
.graph .gone rect { fill: #7f1d1d; stroke: #f87171 }
}
"""
"""Colours by what a box is, or by what becomes of it; of a page with a picture in it, too."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box with its name in it; `column` counts from the left, `kind` chooses the colour, `link` is where it leads."""

    name: str
    column: int
    kind: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """From the left side of `source` to the right side of `target`."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a box is, or where a line passes a column that lies between its ends."""

    x: float
    y: float
    width: float
    height: float = _HEIGHT

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


_Key = str | tuple[int, int]
"""What has a spot: a box by its name, a line by its number and the column that it passes."""


def drawing(title: str, boxes: Sequence[Box], lines: Sequence[Line], style: str = STYLE) -> str:
    """The SVG document; a line leads from a box to one in a column further left, and passes between others.

    It bears no `style` of a single element, which a page with a content security policy would drop.
    """
    spots = _layout(boxes, lines)
    role = "group" if any(box.link for box in boxes) else "img"  # what is an img to a screen reader has nothing in it
    width = max((spot.x + spot.width for spot in spots.values()), default=0) + _MARGIN
    height = max((spot.y + spot.height for spot in spots.values()), default=0) + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" viewBox="0 0 {width:g} {height:g}"'
        f' width="{width:g}" height="{height:g}" role="{role}" aria-label="{_escaped(title)}">',
        f"<title>{_escaped(title)}</title>",
        *([f"<style>{style}</style>"] if style else []),
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7"'
        ' orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>',
        f'<rect class="paper" width="{width:g}" height="{height:g}"/>',
        *(_line(line, _way(number, line, boxes, spots)) for number, line in enumerate(lines)),
        *(_box(box, spots[box.name]) for box in boxes),
        "</svg>",
    ]
    return "\n".join(parts)


def _layout(boxes: Sequence[Box], lines: Sequence[Line]) -> dict[_Key, _Spot]:
    """Each column as wide as its widest box; in a column, all is as high as the middle of what it leads to."""
    at = {box.name: box.column for box in boxes}
    spots: dict[_Key, _Spot] = {}
    left = float(_MARGIN)
    for column in range(max(at.values(), default=-1) + 1):
        width = max((_width(box) for box in boxes if box.column == column), default=0.0)
        passing = [(number, line) for number, line in enumerate(lines) if at[line.target] < column < at[line.source]]
        members: list[tuple[float, _Key, int]] = [
            (_wanted_height(box, lines, spots), box.name, _HEIGHT) for box in boxes if box.column == column
        ]
        members += [(_reached(number, line, column - 1, spots), (number, column), _PASSAGE) for number, line in passing]
        top = float(_MARGIN)
        for _, key, height in sorted(members, key=lambda member: member[0]):
            spots[key] = _Spot(left, top, width, height)
            top += height + _BETWEEN_ROWS
        left += width + _BETWEEN_COLUMNS
    return spots


def _width(box: Box) -> float:
    return display_width(harmless(box.name)) * _CHARACTER + 2 * _PADDING


def _wanted_height(box: Box, lines: Sequence[Line], spots: Mapping[_Key, _Spot]) -> float:
    heights = [
        _reached(number, line, box.column - 1, spots) for number, line in enumerate(lines) if line.source == box.name
    ]
    return sum(heights) / len(heights) if heights else 0.0


def _reached(number: int, line: Line, column: int, spots: Mapping[_Key, _Spot]) -> float:
    """How high a line is that has come as far as a column from its target."""
    return (spots.get((number, column)) or spots[line.target]).middle


def _way(number: int, line: Line, boxes: Sequence[Box], spots: Mapping[_Key, _Spot]) -> list[_Spot]:
    """The spots of a line, from its source to its target."""
    at = {box.name: box.column for box in boxes}
    between = [spots[number, column] for column in range(at[line.source] - 1, at[line.target], -1)]
    return [spots[line.source], *between, spots[line.target]]


def _line(line: Line, way: Sequence[_Spot]) -> str:
    path = f"M{way[0].x:g},{way[0].middle:g}"
    for one, other in pairwise(way):
        start, end = one.x, other.x + other.width
        bend = (start - end) / 2
        path += f" C{start - bend:g},{one.middle:g} {end + bend:g},{other.middle:g} {end:g},{other.middle:g}"
        path += f" H{other.x:g}" if other is not way[-1] else ""
    drawn = f'<path d="{path}" marker-end="url(#arrow)"/>'
    if not line.label:
        return drawn
    x, y = (way[0].x + way[1].x + way[1].width) / 2, (way[0].middle + way[1].middle) / 2 - _ABOVE_THE_LINE
    return f'{drawn}<text class="label" x="{x:g}" y="{y:g}">{_escaped(line.label)}</text>'


def _box(box: Box, spot: _Spot) -> str:
    drawn = (
        f'<g class="{_escaped(box.kind)}">'
        f'<rect x="{spot.x:g}" y="{spot.y:g}" width="{spot.width:g}" height="{_HEIGHT}" rx="4"/>'
        f'<text x="{spot.x + _PADDING:g}" y="{spot.middle + 4.5:g}">{_escaped(box.name)}</text></g>'
    )
    return f'<a href="{_escaped(box.link)}">{drawn}</a>' if box.link else drawn


def _escaped(text: str) -> str:
    return html.escape(harmless(text))
