"""Health checks: each part is a field of its own, and what is not said comes from the image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from deployer.fields.field import Context, Json, Kind, Value
from deployer.fields.kinds import Count, Duration, Flag, Model, show_words
from deployer.fields.parse import describe, listing, refusal, show_duration

NONE = ("NONE",)
_WIRE = {
    "test": "Test",
    "interval": "Interval",
    "timeout": "Timeout",
    "start_period": "StartPeriod",
    "start_interval": "StartInterval",
    "retries": "Retries",
}


def test_words(written: Any) -> tuple[str, ...]:
    """Text is a shell command; a list starts with CMD, CMD-SHELL or NONE (Compose Specification, healthcheck)."""
    if isinstance(written, str):
        return ("CMD-SHELL", written)
    words = listing(written)
    if words and words[0] in ("CMD", "CMD-SHELL", "NONE"):
        return tuple(str(word) for word in words)
    hint = 'write it as ["CMD", "wget", "-q", "-O-", "http://127.0.0.1/"], ["CMD-SHELL", "test -f /ready"] or as text'
    raise refusal(
        "bad-healthcheck", f"expected a test that starts with CMD, CMD-SHELL or NONE, not {describe(written)}", hint
    )


Test = Annotated[
    tuple[str, ...],
    BeforeValidator(test_words),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class Healthcheck(Model):
    """How the engine finds out whether the service works."""

    test: Test | None = Field(
        None, description="The command: exit 0 is healthy. A list starts with CMD, CMD-SHELL or NONE."
    )
    interval: Duration | None = Field(default=None, description="Time between two checks; the engine's default is 30s.")
    timeout: Duration | None = Field(
        default=None, description="How long one check may take; the engine's default is 30s."
    )
    retries: Count | None = Field(
        None, description="Failures in a row that make it unhealthy; the engine's default is 3."
    )
    start_period: Duration | None = Field(
        default=None, description="Time from the start in which failures do not count."
    )
    start_interval: Duration | None = Field(
        None, description="Time between two checks during start_period (Engine 25 and later)."
    )
    disable: Flag = Field(default=False, description="Turns off the check that the image has.")


def _normal(check: Healthcheck, _: Context) -> Value:
    if check.disable or check.test == NONE:
        return (("test", NONE),)
    return tuple(sorted((name, value) for name in _WIRE if (value := getattr(check, name))))


def _encode(parts: Value) -> dict[str, Any]:
    return {_WIRE[name]: list(value) if name == "test" else value for name, value in parts}


def _decode(wire: Json) -> Value:
    found = {name: wire.get(key) for name, key in _WIRE.items()}
    if found["test"] == ["NONE"]:
        return (("test", NONE),)
    return tuple(sorted((name, tuple(value) if name == "test" else value) for name, value in found.items() if value))


def _show(name: str, value: Value) -> str:
    match name:
        case "test":
            return show_words(value)
        case "retries":
            return str(value)
        case _:
            return show_duration(value)


def from_image(asked: Value, _: Mapping[str, Value], image: Json) -> Value:
    """Each part that is not said comes from the image (moby, daemon/commit.go)."""
    if asked == (("test", NONE),):
        return asked
    parts = {**dict(_decode(image.get("Healthcheck") or {})), **dict(asked)}
    return (("test", NONE),) if parts.get("test") == NONE else tuple(sorted(parts.items()))


HEALTHCHECK = Kind(Healthcheck, _normal, _encode, _decode, str, keyed=True, show_entry=_show)
