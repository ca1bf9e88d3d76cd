"""When something was, for people: everywhere alike, and the same whoever reads it wherever."""

from __future__ import annotations

from datetime import UTC, datetime


def time_text(seconds: float) -> str:
    """`2026-11-28 15:42:31 UTC` of seconds since 1970; "" of 0, which nobody knows."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC" if seconds else ""
