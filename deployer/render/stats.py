"""What containers use, from the engine's measurements: as docker counts it, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from deployer.fields.field import Json, section
from deployer.render.sizes import size_text
from deployer.render.table import table

FORMAT_VERSION = 1
_HEAD = ("CONTAINER", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a container uses: bytes, processors in percent of one, the number of its processes and threads."""

    container: str
    service: str
    number: int
    cpu_percent: float
    memory: int
    memory_limit: int
    received: int
    sent: int
    read: int
    written: int
    pids: int

    @property
    def memory_percent(self) -> float:
        return self.memory / self.memory_limit * 100 if self.memory_limit else 0.0


def usage_of(container: str, service: str, number: int, measured: Json) -> Usage:
    """The usage that `GET /containers/.../stats` tells."""
    memory = section(measured, "memory_stats")
    networks = section(measured, "networks").values()
    blocks: Sequence[Mapping[str, Any]] = section(measured, "blkio_stats").get("io_service_bytes_recursive") or ()
    return Usage(
        container=container,
        service=service,
        number=number,
        cpu_percent=round(_cpu_percent(measured), 2),
        memory=max(0, int(memory.get("usage", 0)) - _cache(section(memory, "stats"))),
        memory_limit=int(memory.get("limit", 0)),
        received=sum(int(each.get("rx_bytes", 0)) for each in networks),
        sent=sum(int(each.get("tx_bytes", 0)) for each in networks),
        read=sum(int(each["value"]) for each in blocks if str(each["op"]).lower() == "read"),
        written=sum(int(each["value"]) for each in blocks if str(each["op"]).lower() == "write"),
        pids=int(section(measured, "pids_stats").get("current", 0)),
    )


def _cpu_percent(measured: Json) -> float:
    """The container's part of the host's time between the two looks, times the processors."""
    now, before = section(measured, "cpu_stats"), section(measured, "precpu_stats")
    used = section(now, "cpu_usage").get("total_usage", 0) - section(before, "cpu_usage").get("total_usage", 0)
    passed = now.get("system_cpu_usage", 0) - before.get("system_cpu_usage", 0)
    processors = now.get("online_cpus") or len(section(now, "cpu_usage").get("percpu_usage") or ()) or 1
    return used / passed * processors * 100 if used > 0 and passed > 0 else 0.0


def _cache(stats: Json) -> int:
    """Files that the kernel can drop at once are nobody's usage (cgroup v1, then v2)."""
    return int(stats.get("total_inactive_file", stats.get("inactive_file", 0)))


def as_text(usages: Iterable[Usage]) -> str:
    """A table with a line a container."""
    return table(_HEAD, [_cells(each) for each in usages])


def as_json(usages: Iterable[Usage], *, stack: str) -> str:
    """One object on one line; `format_version` grows when a reader of the old form would be wrong."""
    found = [{**asdict(each), "memory_percent": round(each.memory_percent, 2)} for each in usages]
    return json.dumps({"format_version": FORMAT_VERSION, "stack": stack, "containers": found})


def _cells(usage: Usage) -> tuple[str, ...]:
    return (
        usage.container,
        f"{usage.cpu_percent:.2f}%",
        f"{size_text(usage.memory, 1024)} / {size_text(usage.memory_limit, 1024)}",
        f"{usage.memory_percent:.2f}%",
        f"{size_text(usage.received)} / {size_text(usage.sent)}",
        f"{size_text(usage.read)} / {size_text(usage.written)}",
        str(usage.pids),
    )
