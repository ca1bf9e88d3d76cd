"""When something was: everywhere alike, and the same whoever reads it wherever."""

from __future__ import annotations

from datetime import UTC, datetime


def time_text(seconds: float) -> str:
    """For people: `2026-11-28 15:42:31 UTC` of seconds since 1970; "" of 0, which nobody knows."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC" if seconds else ""


def timestamp(seconds: float) -> str:
    """For programs, and at the beginning of a line: `2026-11-28T15:42:31Z` of seconds since 1970 (RFC 3339)."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
