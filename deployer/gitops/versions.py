"""Which of several tags is the newest version."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

_BUILD = re.compile(r"\+.*$", re.DOTALL)
_PART = re.compile(r"\d+|[A-Za-z]+")
_BEFORE = re.compile(r"\D*\d+(?:(?:\.\d+)+-|-[A-Za-z])")
"""How a version before a release begins: `v1.2.0-`, `1.2-`, `v2-rc`; a date is none, nor is a name with a hyphen."""

_NAMES_ONE = re.compile(r"[\d*?\]].*-")
_Key = tuple[tuple[int, int, str], ...]


def newest(tags: Iterable[str], pattern: str) -> str | None:
    """The newest of the tags that the pattern matches (`v1.*`), by the order of versions; None where it matches none.

    What is before a release is left out unless the pattern has a hyphen where those have it: `v1.*-*`, `v2.0-rc*`.
    Numbers are compared as numbers, and what is before a release (`1.0-rc.1`) is older than it (semver.org, 11). Of
    two that are the same version, the last one by name.
    """
    matching = [tag for tag in tags if fnmatchcase(tag, pattern)]
    if not _NAMES_ONE.search(pattern):
        matching = [tag for tag in matching if not _BEFORE.match(_BUILD.sub("", tag))]
    return max(matching, key=lambda tag: (order(tag), tag), default=None)


def order(tag: str) -> tuple[_Key, int, _Key]:
    digit = re.search(r"\d", tag)  # `release-1.2` has its version after a hyphen
    name, version = (tag[: digit.start()], _BUILD.sub("", tag[digit.start() :])) if digit else (tag, "")
    release, _, before = version.partition("-")
    return _key(name + release), 0 if before else 1, _key(before)


def _key(text: str) -> _Key:
    """Numbers come before words, as in a version's identifiers."""
    return tuple((0, int(each), "") if each.isdigit() else (1, 0, each) for each in _PART.findall(text))
