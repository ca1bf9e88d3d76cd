"""The rows of how many processes a container may have, and what each may use; what limits have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from deployer.fields.field import Effect, Field, Json, Kind, Value, asked_entries
from deployer.fields.kinds import SIZE, schema
from deployer.fields.parse import MIB, number, refusal
from deployer.fields.ulimits import ULIMITS


def while_set(_before: Value, after: Value) -> Effect:
    """The engine raises and lowers the limit while it runs, but takes an update to 0 and changes nothing (Engine
    20.10, 28).
    """
    return Effect.IN_PLACE if after else Effect.REPLACE


def no_limit_is_unset(have: Value, want: Value, _was: Value) -> Value:
    """-1, which an update by hand can leave behind, is no limit as well as 0 is."""
    return want if have == -1 and not want else have


def pids_limit(written: Any) -> int:
    """A number of processes; -1 and 0 are no limit."""
    value = number(written)
    if value < -1:
        raise refusal("bad-number", f"expected a number of processes, not {value}", "-1 is no limit")
    return value


def no_limit_is_zero(value: int, _: object = None) -> int:
    return max(value, 0)


def pids_update(values: Mapping[str, Value]) -> Json:
    """No limit is sent as such: that takes effect at once (Engine 20.10 and 28)."""
    return {"PidsLimit": values["pids_limit"] or -1}


PidsLimit = Annotated[int, BeforeValidator(pids_limit), schema("integer", "string", minimum=-1)]
PIDS = Kind(PidsLimit, no_limit_is_zero, int, no_limit_is_zero, str)

ROWS: tuple[Field, ...] = (
    Field(
        name="shm_size",
        kind=SIZE,
        engine="HostConfig.ShmSize",
        unset=64 * MIB,
        example=("64M", "128M"),
        doc="How much /dev/shm may hold; 64M unless set.",
    ),
    Field(
        name="pids_limit",
        also=("deploy.resources.limits.pids",),
        kind=PIDS,
        engine="HostConfig.PidsLimit",
        unset=0,
        effect=Effect.IN_PLACE,
        update=pids_update,
        example=(100, 200),
        doc="How many processes and threads it may have at a time; -1 is no limit.",
    ),
    Field(
        name="ulimits",
        kind=ULIMITS,
        engine="HostConfig.Ulimits",
        unset=(),
        fills=asked_entries,  # the daemon's own (default-ulimits) are added to those of every container
        example=({"nofile": 1000, "core": 0}, {"nofile": {"soft": 900, "hard": 1000}, "core": 0}),
        doc="Limits of each process (setrlimit(2)): one number, or `soft` and `hard`; -1 is no limit.",
    ),
)
