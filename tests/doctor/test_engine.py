"""How an engine is, judged by what it says of itself."""

from __future__ import annotations

import pytest

from deployer.doctor import engine as judge
from deployer.doctor.finding import Status

GIB = 1024**3


@pytest.mark.parametrize(
    ("before", "engine", "after", "status", "words"),
    [
        (100.9, 100, 101.0, "ok", "agree"),  # it counts whole seconds
        (100.0, 102, 100.1, "ok", "agree"),
        (100.0, 103, 100.1, "warning", "3 s ahead of"),
        (100.0, 97, 100.1, "ok", "agree"),
        (100.0, 90, 100.1, "warning", "9 s behind"),
        (100.0, 100, 130.0, "ok", "agree"),  # it took its time to answer
    ],
)
def test_a_clock_that_is_more_than_two_seconds_off_is_told(
    before: float, engine: float, after: float, status: str, words: str
) -> None:
    found = judge.clock(before, engine, after)
    assert (found.status, words in found.detail) == (status, True), found.detail
    assert bool(found.hint) == (status == "warning")


@pytest.mark.parametrize(
    ("free", "whole", "status"),
    [
        (50 * GIB, 100 * GIB, "ok"),
        (4 * GIB, 100 * GIB, "warning"),
        (1 * GIB, 4 * GIB, "warning"),
        (100 * 1024**2, 4 * GIB, "problem"),
        (0, 0, "problem"),
    ],
)
def test_little_space_is_a_warning_and_none_a_problem(free: int, whole: int, status: str) -> None:
    found = judge.free_space("/var/lib/docker", free, whole)
    assert (found.status, "/var/lib/docker" in found.detail) == (status, True)


def test_what_could_be_taken_back_is_counted() -> None:
    """Images without a container, less what they share; stopped containers; caches; volumes are told apart."""
    usage = {
        "LayersSize": 5 * GIB,
        "Images": [
            {"Containers": 0, "Size": 2 * GIB, "SharedSize": GIB},
            {"Containers": 1, "Size": 3 * GIB, "SharedSize": 0},
            {"Containers": 0, "Size": 0, "SharedSize": -1},
        ],
        "Containers": [{"State": "exited", "SizeRw": 2048}, {"State": "running", "SizeRw": GIB}],
        "Volumes": [{"UsageData": {"RefCount": 0, "Size": 4096}}, {"UsageData": {"RefCount": 1, "Size": GIB}}],
        "BuildCache": [{"InUse": False, "Size": 512}, {"InUse": True, "Size": GIB}],
    }
    assert judge.disk_usage(usage).detail == (
        "layers take 5.0 GiB; 1.0 GiB in images, 2 KiB in stopped containers, 512 B in build caches could be taken "
        "back; 4 KiB in volumes that no container has"
    )


def test_an_engine_with_nothing_on_it() -> None:
    """`null`, as Engine 20.10 says it."""
    found = judge.disk_usage({"LayersSize": 0, "Images": None, "Containers": None, "Volumes": None, "BuildCache": None})
    assert (found.detail, found.hint) == ("layers take 0 B; nothing could be taken back", "")


def test_an_old_storage_driver_is_a_warning() -> None:
    assert judge.storage({"Driver": "overlay2", "CgroupVersion": "2", "CgroupDriver": "systemd"}).status is Status.OK
    assert judge.storage({"Driver": "vfs"}).status is Status.WARNING


def test_what_the_engine_warns_of_is_passed_on() -> None:
    found = list(judge.system_warnings({"Warnings": ["WARNING: No swap limit support"]}))
    assert [(each.status, each.detail) for each in found] == [("warning", "No swap limit support")]
    assert list(judge.system_warnings({"Warnings": None})) == []


def test_what_a_restart_of_the_engine_does_is_told() -> None:
    """A note, no warning: it is the engine's default."""
    off, on = judge.live_restore({"LiveRestoreEnabled": False}), judge.live_restore({"LiveRestoreEnabled": True})
    assert (off.status, "takes every container down" in off.detail) == ("ok", True)
    assert "no restart is needed" in off.hint
    assert (on.status, on.hint) == ("ok", "")
    swarm = judge.live_restore({"LiveRestoreEnabled": False, "Swarm": {"LocalNodeState": "active"}})
    assert "Swarm" in swarm.hint
