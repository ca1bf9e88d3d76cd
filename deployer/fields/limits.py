"""The rows of how much a container may use."""

from __future__ import annotations

from deployer.fields.field import Effect, Field, Json, Value
from deployer.fields.kinds import CPUS, SIZE
from deployer.fields.parse import MIB


def while_set(_before: Value, after: Value) -> Effect:
    """The engine raises and lowers the limit while it runs, but takes an update to 0 and changes nothing (Engine
    20.10, 28).
    """
    return Effect.IN_PLACE if after else Effect.REPLACE


def memory_update(value: Value) -> Json:
    """Without MemorySwap the engine refuses to raise the limit past it, and keeps the old swap when it lowers it; a
    fresh container gets twice the memory.
    """
    return {"Memory": value, "MemorySwap": 2 * value}


ROWS: tuple[Field, ...] = (
    Field(
        name="cpus",
        also=("deploy.resources.limits.cpus",),
        kind=CPUS,
        engine="HostConfig.NanoCpus",
        unset=0,
        effect=while_set,
        example=("0.5", "0.75"),
        doc="How many processors it may use at most.",
    ),
    Field(
        name="mem_limit",
        also=("deploy.resources.limits.memory",),
        kind=SIZE,
        engine="HostConfig.Memory",
        unset=0,
        effect=while_set,
        update=memory_update,
        example=("64M", "96M"),
        doc="How much memory it may use at most; swap may take as much again.",
    ),
    Field(
        name="shm_size",
        kind=SIZE,
        engine="HostConfig.ShmSize",
        unset=64 * MIB,
        example=("64M", "128M"),
        doc="How much /dev/shm may hold; 64M unless set.",
    ),
)
