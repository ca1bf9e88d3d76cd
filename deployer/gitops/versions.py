"""Which of several tags is the newest version."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

_BUILD = re.compile(r"\+.*$", re.DOTALL)
_PART = re.compile(r"\d+|[A-Za-z]+")
_Key = tuple[tuple[int, int, str], ...]


def newest(tags: Iterable[str], pattern: str) -> str | None:
    """The newest of the tags that the pattern matches (`v1.*`), by the order of versions; None where it matches none.

    Numbers are compared as numbers, and what is before a release (`1.0-rc.1`) is older than it (semver.org, 11). Of
    two that are the same version, the last one by name.
    """
    matching = [tag for tag in tags if fnmatchcase(tag, pattern)]
    return max(matching, key=lambda tag: (order(tag), tag), default=None)


def order(tag: str) -> tuple[_Key, int, _Key]:
    release, _, before = _BUILD.sub("", tag).partition("-") if re.match(r"\D*\d", tag) else (tag, "", "")
    if not re.search(r"\d", release):  # `release-1.2` has its version after the hyphen
        release, before = tag, ""
    return _key(release), 0 if before else 1, _key(before)


def _key(text: str) -> _Key:
    """Numbers come before words, as in a version's identifiers."""
    return tuple((0, int(each), "") if each.isdigit() else (1, 0, each) for each in _PART.findall(text))
