"""The rows of how much memory a container may use, and of what happens where that is short."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from deployer.fields.field import Effect, Field, Json, Kind, Value
from deployer.fields.kinds import FLAG, SIZE, as_written, same, schema
from deployer.fields.limits import no_limit_is_unset, while_set
from deployer.fields.parse import number, refusal, show_size, size

UNLIMITED = -1


def swap_limit(written: Any) -> int:
    """Memory and swap together; -1 is no limit of swap."""
    return UNLIMITED if str(written).strip() == "-1" else size(written)


def between(least: int, most: int) -> Callable[[Any], int]:
    def read(written: Any) -> int:
        value = number(written)
        if not least <= value <= most:
            raise refusal("bad-number", f"expected a number from {least} to {most}, not {value}")
        return value

    return read


def show_swap(value: Value) -> str:
    return str(value) if value == UNLIMITED else show_size(value)


def memory_update(values: Mapping[str, Value]) -> Json:
    """Memory and swap belong together: without MemorySwap the engine refuses to raise the limit past it, and keeps the
    old swap when it lowers it; a fresh container gets twice the memory (Engine 20.10 and 28).
    """
    memory, swap = values["mem_limit"], values["memswap_limit"]
    return {"Memory": memory, "MemorySwap": swap or 2 * memory}


def lowered(before: Value, after: Value) -> str:
    """With control groups of version 1 the kernel refuses a limit that is exceeded already, with those of version 2 it
    ends what does not get below it. 0 is no limit.
    """
    goes_down = after and (not before or after < before)
    return "if it uses more now, the engine refuses this or the kernel kills it" if goes_down else ""


def twice_the_memory(values: Mapping[str, Value]) -> Value:
    return 2 * values["mem_limit"]


def swap_effect(before: Value, after: Value) -> Effect:
    """Unlimited swap may stand without a memory limit, and then nothing can be sent that takes it away."""
    return Effect.REPLACE if before == UNLIMITED and not after else Effect.IN_PLACE


def no_swappiness(value: int, _: object = None) -> Value:
    """-1 is what the engine makes of none."""
    return None if value < 0 else value


SwapLimit = Annotated[int, BeforeValidator(swap_limit), schema("string", "integer", examples=["128M", -1])]
Swappiness = Annotated[int, BeforeValidator(between(-1, 100)), schema("integer", "string", minimum=-1, maximum=100)]
OomScore = Annotated[
    int, BeforeValidator(between(-1000, 1000)), schema("integer", "string", minimum=-1000, maximum=1000)
]

SWAP = Kind(SwapLimit, as_written, same, int, show_swap)
RESERVATION = Kind(SIZE.written, as_written, same, int, show_swap)
SWAPPINESS = Kind(Swappiness, no_swappiness, same, no_swappiness, str)
OOM_SCORE = Kind(OomScore, as_written, same, int, str)

ROWS: tuple[Field, ...] = (
    Field(
        name="mem_limit",
        also=("deploy.resources.limits.memory",),
        kind=SIZE,
        engine="HostConfig.Memory",
        unset=0,
        effect=while_set,
        update=memory_update,
        caution=lowered,
        host_may_lack=True,
        example=("64M", "96M"),
        doc="How much memory it may use at most; swap may take as much again, unless `memswap_limit` is set.",
    ),
    Field(
        name="memswap_limit",
        kind=SWAP,
        engine="HostConfig.MemorySwap",
        unset=0,
        effect=swap_effect,
        update=memory_update,
        default=twice_the_memory,
        host_may_lack=True,
        needs={"mem_limit": "64M"},
        example=("100M", -1),
        doc="How much memory and swap it may use together; twice `mem_limit` unless set; -1 is no limit of swap.",
    ),
    Field(
        name="mem_reservation",
        also=("deploy.resources.reservations.memory",),
        kind=RESERVATION,
        engine="HostConfig.MemoryReservation",
        unset=0,
        # An update lifts it with -1, which cgroup v2 takes for all the memory that there is.
        effect=while_set,
        fills=no_limit_is_unset,
        host_may_lack=True,
        example=("16M", "24M"),
        doc="How much memory it is meant to keep where memory is short; less than `mem_limit`.",
    ),
    Field(
        name="mem_swappiness",
        kind=SWAPPINESS,
        engine="HostConfig.MemorySwappiness",
        host_may_lack=True,
        example=(10, 0),
        proven_where="the engine's host has cgroup v1",
        doc="How readily its memory is swapped out, from 0 to 100; cgroup v2 has no such thing.",
    ),
    Field(
        name="oom_kill_disable",
        kind=FLAG,
        engine="HostConfig.OomKillDisable",
        unset=False,
        host_may_lack=True,
        needs={"mem_limit": "64M"},
        example=(True, False),
        proven_where="the engine's host has cgroup v1",
        doc="Whether it is left alone, and waits, where it has no memory left; cgroup v2 has no such thing.",
    ),
    Field(
        name="oom_score_adj",
        kind=OOM_SCORE,
        engine="HostConfig.OomScoreAdj",
        unset=0,
        example=(100, 200),
        doc="How likely it is killed where the host has no memory left, from -1000 to 1000.",
    ),
)
