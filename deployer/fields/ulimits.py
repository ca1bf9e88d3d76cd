"""Limits of each process (setrlimit(2)): one number, or a soft and a hard one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from deployer.errors import did_you_mean
from deployer.fields.field import Context, Json, Kind, Value
from deployer.fields.kinds import Model, schema
from deployer.fields.parse import describe, mapping, number, refusal

NAMES = (
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
    "rttime", "sigpending", "stack",
)  # fmt: skip
UNLIMITED = -1
_HINT = "a number, or {soft: 20000, hard: 40000}; -1 is no limit"


def limit(written: Any) -> int:
    """A number from 0 on, or -1 for no limit."""
    value = number(written)
    if value < UNLIMITED:
        raise refusal("bad-ulimit", f"expected a number from 0 on, or -1 for no limit, not {value}")
    return value


Limit = Annotated[int, BeforeValidator(limit), schema("integer", "string", minimum=UNLIMITED)]


class SoftAndHard(Model):
    """What is enforced, and how far a process may raise it."""

    soft: Limit = Field(description="What is enforced; -1 is no limit.")
    hard: Limit = Field(description="How far a process may raise it; -1 is no limit.")


class OneLimit(SoftAndHard):
    """One number for both."""


def ulimit(written: Any) -> Any:
    if mapping(written) is not None or isinstance(written, SoftAndHard):
        return written
    if isinstance(written, (int, str)) and not isinstance(written, bool):
        value = limit(written)
        return OneLimit(soft=value, hard=value)
    raise refusal("bad-ulimit", f"expected a limit, not {describe(written)}", _HINT)


def fitting(value: SoftAndHard) -> SoftAndHard:
    """Checks what neither of the two can tell alone."""
    if value.hard != UNLIMITED and not 0 <= value.soft <= value.hard:
        hint = "make hard as large as soft, or larger"
        raise refusal("bad-ulimit", f"the soft limit {value.soft} is over the hard one, {value.hard}", hint)
    return value


def named(written: Any) -> Any:
    for name in mapping(written) or ():
        if name not in NAMES:
            hint = did_you_mean(name, NAMES, "limits")
            raise refusal("bad-ulimit", f"no limit is named {name!r}", hint)
    return written


Ulimit = Annotated[
    SoftAndHard,
    AfterValidator(fitting),
    BeforeValidator(ulimit, json_schema_input_type=Limit | SoftAndHard),
]
Ulimits = Annotated[dict[str, Ulimit], BeforeValidator(named, json_schema_input_type=dict[str, Ulimit])]


def _normal(written: dict[str, SoftAndHard], _: Context) -> Value:
    return tuple(sorted((name, (value.soft, value.hard)) for name, value in written.items()))


def _encode(limits: Value) -> list[Json]:
    return [{"Name": name, "Soft": soft, "Hard": hard} for name, (soft, hard) in limits]


def _decode(wire: list[Json]) -> Value:
    return tuple(sorted((entry["Name"], (entry["Soft"], entry["Hard"])) for entry in wire))


def _show(_: str, pair: Value) -> str:
    soft, hard = pair
    return str(soft) if soft == hard else f"{{soft: {soft}, hard: {hard}}}"


ULIMITS = Kind(Ulimits, _normal, _encode, _decode, str, keyed=True, show_entry=_show)
