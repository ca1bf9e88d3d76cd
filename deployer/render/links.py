"""What leads from a line of a file, as a plan names it, to where it can be read."""

from __future__ import annotations

from collections.abc import Callable

from deployer.errors import Place

LinkTo = Callable[[Place], str]
"""The address of a line of a file; "" where it can be read nowhere."""


def nowhere(_: Place) -> str:
    return ""


def link_of(text: str, place: Place | None, link_to: LinkTo) -> str:
    """Where a text leads that begins with a place; "" for any other one."""
    return link_to(place) if place and text.startswith(place.line_reference) else ""
