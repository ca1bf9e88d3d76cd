"""A Dockerfile to be judged: its text, and where in it, or in the stack file, something is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from deployer.errors import Place
from deployer.fields.sensitive import mask_line
from deployer.sources.dockerfile import place_at

KEYWORDS = (
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
)

CURLY = re.compile(r"[“”„‘’‚]")
"""Quotes as word processors and web pages have them."""


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A Dockerfile to be judged: `place` says where an offset of `text` is written, `args` are the build's arguments.

    `own` are names that FROM may use and that are no image of a registry: the stack's other builds.
    """

    text: str
    place: Callable[[int], Place]
    args: Mapping[str, str]
    own: Collection[str] = ()


def place_in_file(text: str, file: str) -> Callable[[int], Place]:
    """Where an offset of a file's text is, with the line as it may be shown."""

    def place(offset: int) -> Place:
        found = place_at(text, offset, file)
        return replace(found, excerpt=mask_line(found.excerpt))

    return place


def start_of_line(text: str, line: int) -> int:
    """The offset of the first sign of a line that is no space."""
    start = _offset(text, line)
    return start + len(text[start:]) - len(text[start:].lstrip(" \t\ufeff"))


def end_of_line(text: str, line: int) -> int:
    """The offset behind the last sign of a line that is no space."""
    start = _offset(text, line)
    return start + len(text[start:].partition("\n")[0].rstrip())


def _offset(text: str, line: int) -> int:
    offset = 0
    for _ in range(line - 1):
        offset = text.index("\n", offset) + 1
    return offset
