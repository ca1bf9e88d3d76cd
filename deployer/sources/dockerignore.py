"""Which files of a build context are left out, as BuildKit reads a `.dockerignore`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deployer.errors import Diagnostic, InvalidStack, Place, raise_if_any

IGNORE_FILE = ".dockerignore"
_SPECIAL = re.compile(r"[*?\[\]^\\]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line: what matches `regex` is left out, or, where it is an exception (`!`), taken in again."""

    text: str
    exception: bool
    regex: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Ignored:
    """The verdict of a list of patterns; paths are relative, with slashes.

    `ignored(path)` says whether a path is left out. `prunable(folder)` says of a folder that is left out whether all
    beneath it is, so that a walk need not enter it.
    """

    ignored: Callable[[str], bool]
    prunable: Callable[[str], bool]


def read_patterns(text: str, file: str) -> tuple[Pattern, ...]:
    """The patterns of an ignore file in its order; all that are malformed are reported at once."""
    patterns: list[Pattern] = []
    wrong: list[Diagnostic] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        try:
            pattern = _pattern(line)
        except (ValueError, re.error) as error:
            hint = r"a pattern knows `*`, `**`, `?`, `[a-z]` and `\` before one that is meant as itself"
            place = Place(file, number, len(line) - len(line.lstrip()) + 1, line.rstrip())
            wrong.append(Diagnostic("dockerignore-pattern", str(error), place=place, hint=hint))
        else:
            patterns += [pattern] if pattern else []
    raise_if_any(wrong, InvalidStack)
    return tuple(patterns)


def ignored(patterns: Sequence[Pattern]) -> Ignored:
    """The verdict of these patterns: the last that matches a path or a folder above it decides."""
    none = (False,) * len(patterns)
    folders: dict[str, tuple[bool, ...]] = {"": none}
    # Nearly all paths match nothing, which one look at all patterns at once tells.
    any_of_them = re.compile("|".join(f"(?:{pattern.regex.pattern})" for pattern in patterns), re.DOTALL)

    def matches(path: str) -> tuple[bool, ...]:
        parent = path.rpartition("/")[0]
        if parent not in folders:
            folders[parent] = matches(parent)
        above = folders[parent]
        if above == none and not any_of_them.match(path):
            return none
        return _matches(patterns, path, above)

    def verdict(path: str) -> bool:
        found = matches(path) if patterns else none
        return found is not none and _verdict(patterns, found)

    exceptions = [pattern.text for pattern in patterns if pattern.exception]
    literal = [re.sub(r"(/\*)?(/\*\*)?$", "", exception, count=1) + "/" for exception in exceptions]
    # An exception with a wildcard may match anywhere; moby's older clients missed those, BuildKit looks for them.
    anywhere = any(_SPECIAL.search(exception) for exception in literal)

    def prunable(folder: str) -> bool:
        return not anywhere and not any(exception.startswith(folder + "/") for exception in literal)

    return Ignored(verdict, prunable)


def _matches(patterns: Sequence[Pattern], path: str, parent: tuple[bool, ...]) -> tuple[bool, ...]:
    """Which patterns match a path or a folder above it.

    A pattern that could not change the verdict where it stands counts as not matching, for what lies beneath too:
    so BuildKit does it (patternmatcher's MatchesUsingParentResults).
    """
    found: list[bool] = []
    left_out = False
    for pattern, above in zip(patterns, parent, strict=True):
        match = above or (pattern.exception == left_out and pattern.regex.match(path) is not None)
        left_out = not pattern.exception if match else left_out
        found.append(match)
    return tuple(found)


def _verdict(patterns: Sequence[Pattern], found: tuple[bool, ...]) -> bool:
    deciding = [pattern for pattern, match in zip(patterns, found, strict=True) if match]
    return bool(deciding) and not deciding[-1].exception


def _pattern(line: str) -> Pattern | None:
    if line.startswith("#"):
        return None
    text = line.strip()
    exception = text.startswith("!")
    text = text[1:].strip() if exception else text
    if not text and not exception:
        return None
    if not text:
        raise ValueError("`!` without a pattern")
    text = posixpath.normpath(text).lstrip("/") or "/"
    return Pattern(text, exception, re.compile(_regex(text), re.DOTALL))


def _regex(pattern: str) -> str:
    """A pattern as a regular expression that matches whole paths."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if pattern.startswith("**", position):
            position += 2 + pattern.startswith("/", position + 2)
            parts.append(_any_depth(parts, pattern[position:], pattern[position - 1] == "/"))
            continue
        position += 1
        if character == "*":
            parts.append("[^/]*")
        elif character == "?":
            parts.append("[^/]")
        elif character == "[":
            end = _class_end(pattern, position)
            parts.append("[" + _class_body(pattern[position:end]) + "]")
            position = end + 1
        elif character == "\\":
            if position == len(pattern):
                raise ValueError("nothing follows the last `\\`")
            parts.append(re.escape(pattern[position]))
            position += 1
        else:
            parts.append(re.escape(character))
    return "".join(parts) + r"\Z"


def _any_depth(before: list[str], rest: str, slash: bool) -> str:
    """`**`: any number of folders, none included; at the end of a pattern, anything."""
    if not rest:
        return ".*"
    # Moby compares only the end of a path when a pattern is `**` and plain text, so `**log` leaves out `a/catalog`.
    plain_end = not before and not slash and not re.search(r"[*?\[\]\\]", rest)
    return ".*" if plain_end else "(?:.*/)?"


def _class_end(pattern: str, start: int) -> int:
    """The offset of the `]` that ends a class; Go's filepath.Match wants something in it and escapes by backslash."""
    position = start + (pattern[start : start + 1] == "^")
    first = position
    while position < len(pattern):
        if pattern[position] == "]" and position > first:
            return position
        if pattern[position] in "]-" and position == first:
            break
        position += 2 if pattern[position] == "\\" else 1
    raise ValueError("the class that `[` opens is empty, malformed or never closed")


def _class_body(body: str) -> str:
    inverted = "^" if body.startswith("^") else ""
    body = body.removeprefix("^")
    escaped = re.sub(r"\\(.)|([\[&~|])", lambda match: re.escape(match[1] or match[2]), body)
    return inverted + escaped
