"""The rows of how much of the processors a container may use."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from deployer.fields.field import Field, Kind, Value
from deployer.fields.kinds import COUNT, CPUS, as_written, same, schema
from deployer.fields.limits import no_limit_is_unset, no_limit_is_zero, while_set
from deployer.fields.parse import describe, duration, number, refusal


def microseconds(written: Any) -> int:
    """A number of microseconds, or a duration such as `50ms`."""
    if isinstance(written, str) and written[-1:].isalpha():
        return duration(written) // 1000
    value = number(written)
    if value < 0:
        raise refusal("bad-number", f"expected a number of microseconds, not {value}")
    return value


def quota(written: Any) -> int:
    """Microseconds; -1 and 0 are no limit."""
    return -1 if str(written).strip() == "-1" else microseconds(written)


def percent(written: Any) -> int:
    value = number(written)
    if not 0 <= value <= 100:
        raise refusal("bad-number", f"expected a percentage from 0 to 100, not {value}")
    return value


def processors(written: Any) -> str:
    """The numbers of processors: `0-2,5`."""
    text = str(written).replace(" ", "") if isinstance(written, (str, int)) and not isinstance(written, bool) else "-"
    ranges = [part.partition("-") for part in text.split(",")]
    # No kernel has as many as five digits tell.
    form = re.fullmatch(r"([0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*)?", text)
    if not form or any(last and int(last) < int(first) for first, _, last in ranges):
        raise refusal("bad-cpuset", f"expected numbers of processors, not {describe(written)}", "such as 0-2,5")
    return text


def merged(text: str, _: object = None) -> str:
    """Each processor once, in order, those in a row as a range: `0-2,5` of `5,2,0-1`."""
    numbers: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        numbers |= set(range(int(first), int(last or first) + 1))
    ranges: list[list[int]] = []
    for each in sorted(numbers):
        if ranges and ranges[-1][-1] == each - 1:
            ranges[-1].append(each)
        else:
            ranges.append([each])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in ranges)


_TIME = schema("integer", "string", examples=[50000, "50ms"])
Microseconds = Annotated[int, BeforeValidator(microseconds), _TIME]
Quota = Annotated[int, BeforeValidator(quota), _TIME]
Percent = Annotated[int, BeforeValidator(percent), schema("integer", "string", minimum=0, maximum=100)]
Processors = Annotated[str, BeforeValidator(processors), schema("string", "integer", examples=["0-2,5"])]

MICROSECONDS = Kind(Microseconds, as_written, same, int, str)
QUOTA = Kind(Quota, no_limit_is_zero, same, int, str)
PERCENT = Kind(Percent, as_written, same, int, str)
PROCESSORS = Kind(Processors, merged, same, merged, str)

_WINDOWS = "only Windows has it: an engine on Linux leaves it out"
_REALTIME = "the kernels of our engines give containers no real-time scheduling"


def _realtime(name: str, engine: str, example: tuple[Value, Value], doc: str) -> Field:
    """The engine takes an update, shows it, and tells the kernel nothing (moby, daemon/update_linux.go)."""
    return Field(
        name=name,
        kind=MICROSECONDS,
        engine=f"HostConfig.{engine}",
        unset=0,
        example=example,
        unproven=_REALTIME,
        doc=doc,
    )


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
        name="cpu_shares",
        kind=COUNT,
        engine="HostConfig.CpuShares",
        unset=0,
        effect=while_set,
        host_may_lack=True,
        example=(512, 256),
        doc="Its share of the processors where they are short, beside 1024 of a container that says none.",
    ),
    Field(
        name="cpu_period",
        kind=MICROSECONDS,
        engine="HostConfig.CpuPeriod",
        unset=0,
        effect=while_set,
        host_may_lack=True,
        example=(50000, "60ms"),
        doc="How long a period of `cpu_quota` is, in microseconds; 100000 unless set.",
    ),
    Field(
        name="cpu_quota",
        kind=QUOTA,
        engine="HostConfig.CpuQuota",
        unset=0,
        # An update lifts it with -1, but a container that shows -1 refuses `cpus` later (409, Engine 20.10 and 28).
        effect=while_set,
        fills=no_limit_is_unset,
        host_may_lack=True,
        example=(25000, "30ms"),
        doc="How long it may run in a period, in microseconds; -1 is no limit. Not together with `cpus`.",
    ),
    _realtime(
        "cpu_rt_period",
        "CpuRealtimePeriod",
        (1000000, "900ms"),
        "How long a period of `cpu_rt_runtime` is, in microseconds.",
    ),
    _realtime(
        "cpu_rt_runtime",
        "CpuRealtimeRuntime",
        (10000, "20ms"),
        "How long it may run in a period with real-time priority, in microseconds.",
    ),
    Field(
        name="cpu_count",
        kind=COUNT,
        engine="HostConfig.CpuCount",
        unset=0,
        example=(1, 2),
        doc="How many processors it may use, on Windows; Linux takes no notice.",
    ),
    Field(
        name="cpu_percent",
        kind=PERCENT,
        engine="HostConfig.CpuPercent",
        unset=0,
        host_may_lack=True,
        example=(50, 75),
        unproven=_WINDOWS,
        doc="How much of the processors it may use, in percent, on Windows.",
    ),
    Field(
        name="cpuset",
        kind=PROCESSORS,
        engine="HostConfig.CpusetCpus",
        unset="",
        effect=while_set,
        host_may_lack=True,
        example=("0-1", "0"),
        proven_where="the engine's host has two processors",
        doc="The processors that it may run on, by their numbers: `0-2,5`.",
    ),
)
