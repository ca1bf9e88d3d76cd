"""Boxes in columns with lines between them, as an SVG that stands by itself."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from deployer.render.harmless import display_width, harmless

_CHARACTER, _HEIGHT, _PADDING = 7.8, 30, 12
_BETWEEN_COLUMNS, _BETWEEN_ROWS, _MARGIN = 110, 16, 20
_FILLS = {
    "service": "#dbeafe",
    "build": "#fef3c7",
    "image": "#fef9c3",
    "network": "#dcfce7",
    "volume": "#f3e8ff",
}
_STYLE = (
    "text { font: 13px monospace; fill: #1f2937 } .label { font-size: 11px; fill: #6b7280; text-anchor: middle }"
    " rect { stroke: #4b5563 } path { stroke: #6b7280; fill: none }"
)


@dataclass(frozen=True, slots=True)
class Box:
    """A box with its name in it; `column` counts from the left, `kind` chooses the colour."""

    name: str
    column: int
    kind: str


@dataclass(frozen=True, slots=True)
class Line:
    """From the left side of `source` to the right side of `target`."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class _Spot:
    x: float
    y: float
    width: float

    @property
    def middle(self) -> float:
        return self.y + _HEIGHT / 2


def drawing(title: str, boxes: Sequence[Box], lines: Sequence[Line]) -> str:
    """The SVG document; a line leads from a box to one in a column further left."""
    spots = _layout(boxes, lines)
    width = max((spot.x + spot.width for spot in spots.values()), default=0) + _MARGIN
    height = max((spot.y + _HEIGHT for spot in spots.values()), default=0) + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
        f' width="{width:g}" height="{height:g}" role="img">',
        f"<title>{_escaped(title)}</title>",
        f"<style>{_STYLE}</style>",
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7"'
        ' orient="auto"><path d="M0,0 L8,4 L0,8 z" style="fill:#6b7280"/></marker></defs>',
        f'<rect width="{width:g}" height="{height:g}" style="fill:#ffffff;stroke:none"/>',
        *(_line(line, spots) for line in lines),
        *(_box(box, spots[box.name]) for box in boxes),
        "</svg>",
    ]
    return "\n".join(parts)


def _layout(boxes: Sequence[Box], lines: Sequence[Line]) -> dict[str, _Spot]:
    """Each column as wide as its widest box; in a column, boxes are as high as the middle of what they lead to."""
    spots: dict[str, _Spot] = {}
    left = float(_MARGIN)
    for column in range(max((box.column for box in boxes), default=-1) + 1):
        members = [box for box in boxes if box.column == column]
        width = max((display_width(harmless(box.name)) * _CHARACTER + 2 * _PADDING for box in members), default=0.0)
        members.sort(key=lambda box: _wanted_height(box, lines, spots))
        for row, box in enumerate(members):
            spots[box.name] = _Spot(left, _MARGIN + row * (_HEIGHT + _BETWEEN_ROWS), width)
        left += width + _BETWEEN_COLUMNS
    return spots


def _wanted_height(box: Box, lines: Sequence[Line], spots: dict[str, _Spot]) -> float:
    heights = [spots[line.target].y for line in lines if line.source == box.name and line.target in spots]
    return sum(heights) / len(heights) if heights else 0.0


def _line(line: Line, spots: dict[str, _Spot]) -> str:
    source, target = spots[line.source], spots[line.target]
    start, end = source.x, target.x + target.width
    bend = min(_BETWEEN_COLUMNS / 2, (start - end) / 2)
    path = (
        f"M{start:g},{source.middle:g} C{start - bend:g},{source.middle:g}"
        f" {end + bend:g},{target.middle:g} {end:g},{target.middle:g}"
    )
    drawn = f'<path d="{path}" marker-end="url(#arrow)"/>'
    if not line.label:
        return drawn
    x, y = (start + end) / 2, (source.middle + target.middle) / 2 - 4
    return f'{drawn}<text class="label" x="{x:g}" y="{y:g}">{_escaped(line.label)}</text>'


def _box(box: Box, spot: _Spot) -> str:
    fill = _FILLS.get(box.kind, "#f3f4f6")
    return (
        f'<rect x="{spot.x:g}" y="{spot.y:g}" width="{spot.width:g}" height="{_HEIGHT}" rx="4" style="fill:{fill}"/>'
        f'<text x="{spot.x + _PADDING:g}" y="{spot.middle + 4.5:g}">{_escaped(box.name)}</text>'
    )


def _escaped(text: str) -> str:
    return html.escape(harmless(text))
