"""What is not ours in a comment of Markdown: shown as it is, and never obeyed.

It stands in `<code>` elements of blocks of HTML, where no Markdown is read and no mention and no link is made, with a
character reference for all that HTML or Markdown could take for its own; or in a fenced block.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from deployer.errors import Place
from deployer.render.harmless import harmless
from deployer.render.links import LinkTo, link_of

_MARKUP = re.compile(r"[&<>\"'@#`|\\\[\]*~!^${}]")
_UNNAMED = re.compile(r"[^A-Za-z0-9_.-]")
_BACKTICKS = re.compile("`+")
_LONGEST = 1000


def code(text: str) -> str:
    """A text as an element of code, of no more than a thousand characters; "" for none."""
    shown = _MARKUP.sub(_reference, shortened(harmless(text)))
    return f"<code>{shown.replace('  ', ' &#160;')}</code>" if shown else ""


def linked(text: str, place: Place | None, link_to: LinkTo) -> str:
    """A text as code; one that begins with a place leads to it, where that can be read."""
    link = link_of(text, place, link_to)
    return f'<a href="{_MARKUP.sub(_reference, link)}">{code(text)}</a>' if link else code(text)


def fenced(language: str, lines: Sequence[str]) -> str:
    """A block of lines, each harmless, within a fence that is longer than any in them (CommonMark 0.31, 4.5)."""
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


def marker(what: str, name: str) -> str:
    """A comment of HTML that no reader sees, by which a program finds what it has written before."""
    return f"<!-- {what}: {_UNNAMED.sub('_', name)} -->"


def shortened(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


def _reference(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"
