"""Text from files, engines and logs, made harmless for a terminal: what would steer it is shown as an escape."""

from __future__ import annotations

import re
import unicodedata

# C0 and C1 controls, marks that turn the direction of text, separators of lines, what is invisible, half characters.
# The joiners U+200C and U+200D stay: ordinary writing needs them.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_TAB = 4


def harmless(text: str) -> str:
    """The text with controls, bidirectional marks and invisible characters written as `\\x1b`, `\\u202e`."""
    return _HARMFUL.sub(lambda found: _escape(found[0]), text)


def harmless_line(line: str) -> str:
    """As `harmless`, with tabs as the spaces they would fill."""
    if "\t" not in line:
        return harmless(line)
    shown = ""
    for part in re.split("(\t)", line):
        shown += " " * (_TAB - display_width(shown) % _TAB) if part == "\t" else harmless(part)
    return shown


def display_width(text: str) -> int:
    """The columns of a terminal that a harmless text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _escape(character: str) -> str:
    code = ord(character)
    short = _SHORT.get(character)
    if short:
        return short
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
