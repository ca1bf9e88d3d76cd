"""What containers use, counted from the engine's measurements."""

from __future__ import annotations

import json
from typing import Any

from deployer.render.sizes import size_text
from deployer.render.stats import as_json, as_text, usage_of


def measured(**more: Any) -> dict[str, Any]:
    """As Engine 20.10 tells it, with cgroup v2."""
    return {
        "cpu_stats": {"cpu_usage": {"total_usage": 500}, "system_cpu_usage": 2_000, "online_cpus": 2},
        "precpu_stats": {"cpu_usage": {"total_usage": 250}, "system_cpu_usage": 1_000},
        "memory_stats": {"usage": 3 << 20, "limit": 6 << 20, "stats": {"inactive_file": 1 << 20}},
        "networks": {"eth0": {"rx_bytes": 1_000, "tx_bytes": 20}, "eth1": {"rx_bytes": 500, "tx_bytes": 0}},
        "blkio_stats": {"io_service_bytes_recursive": [{"op": "read", "value": 4096}, {"op": "Write", "value": 8192}]},
        "pids_stats": {"current": 3},
        **more,
    }


def test_a_usage_is_counted_as_docker_counts_it():
    """The processor over the time between two looks, memory less what the kernel can drop, all networks together."""
    usage = usage_of("shop-web-1", "web", 1, measured())
    assert (usage.cpu_percent, usage.memory, round(usage.memory_percent, 2), usage.pids) == (50.0, 2 << 20, 33.33, 3)
    assert (usage.received, usage.sent, usage.read, usage.written) == (1500, 20, 4096, 8192)


def test_an_older_kernel_counts_its_cache_under_another_name():
    memory = {"usage": 3 << 20, "limit": 6 << 20, "stats": {"total_inactive_file": 2 << 20, "inactive_file": 0}}
    assert usage_of("a", "a", 1, measured(memory_stats=memory)).memory == 1 << 20


def test_what_is_not_measured_is_nothing():
    """A container that was stopped meanwhile has neither memory nor networks."""
    empty = usage_of("a", "a", 1, {"cpu_stats": {}, "precpu_stats": {}, "blkio_stats": {}})
    assert (empty.cpu_percent, empty.memory_percent, empty.received, empty.pids) == (0.0, 0.0, 0, 0)


def test_the_table_and_the_object():
    usage = usage_of("shop-web-1", "web", 1, measured())
    head, line = as_text([usage]).splitlines()
    assert " ".join(line.split()) == "shop-web-1 50.00% 2MiB / 6MiB 33.33% 1.5kB / 20B 4.096kB / 8.192kB 3"
    assert head.index("PIDS") == line.rindex("3")
    told = json.loads(as_json([usage], stack="shop"))
    assert (told["stack"], told["containers"][0]["memory"]) == ("shop", 2 << 20)


def test_sizes_are_told_in_their_unit():
    assert [size_text(each) for each in (0, 999, 1_000, 1_570_000)] == ["0B", "999B", "1kB", "1.57MB"]
    assert size_text(1_572_864, 1024) == "1.5MiB"
