"""What the engine makes of limits, block devices and devices that a driver gives out."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from deployer.fields import container
from deployer.fields.field import Context, Effect, Value
from deployer.fields.restart import RestartPolicy

CONTEXT = Context(folder="/srv/shop", service="web")
MIB = 1024**2


def canonical(name: str, written: Any) -> Value:
    kind = container.BY_NAME[name].kind
    return kind.normal(TypeAdapter(kind.written).validate_python(written), CONTEXT)


def body_of(**rows: Any) -> dict[str, Any]:
    """What is sent, which inspect shows in the same shape."""
    body: dict[str, Any] = {}
    for name, written in rows.items():
        container.BY_NAME[name].into(body, canonical(name, written), None, CONTEXT)
    return body


def shown(name: str, **host: Any) -> Value:
    return container.BY_NAME[name].out_of({"HostConfig": host}, CONTEXT)


@pytest.mark.parametrize(
    ("swap", "want", "was", "value"),
    [
        (128, 0, 0, 0),
        (128, 0, 128, 0),
        (128, 100, 0, 0),
        (128, 128, 0, 128),
        (128, 100, 128, 128),
        (100, 0, 0, 100),
        (-1, 0, 0, -1),
    ],
)
def test_twice_the_memory_is_what_no_limit_of_swap_means(swap: int, want: int, was: int, value: Value) -> None:
    """The engine fills it in; asking for just that is no difference either, and is shown as it was asked."""
    values = {name: shown(name, Memory=64, MemorySwap=swap) for name in ("mem_limit", "memswap_limit")}
    assert container.BY_NAME["memswap_limit"].less_default(values, want, was) == value


def test_unlimited_swap_is_taken_away_by_a_new_container() -> None:
    """It may stand without a limit of memory, and then there is nothing to send that takes it away."""
    row = container.BY_NAME["memswap_limit"]
    assert row.effect_of(-1, 0) is Effect.REPLACE
    assert row.effect_of(100, 0) is row.effect_of(0, -1) is row.effect_of(-1, 100) is Effect.IN_PLACE


@pytest.mark.parametrize("name", ["cpu_shares", "cpu_period", "cpu_quota", "mem_reservation"])
def test_limits_change_in_place_and_are_lifted_by_a_new_container(name: str) -> None:
    """The engine answers 200 to 0, and changes nothing."""
    row = container.BY_NAME[name]
    assert row.effect_of(1, 2) is row.effect_of(0, 1) is Effect.IN_PLACE
    assert row.effect_of(1, 0) is Effect.REPLACE


@pytest.mark.parametrize("name", ["cpu_rt_period", "cpu_count", "mem_swappiness", "oom_kill_disable", "oom_score_adj"])
def test_what_an_update_leaves_as_it_is_takes_a_new_container(name: str) -> None:
    """The engine answers 200, and the kernel hears nothing of it."""
    assert container.BY_NAME[name].effect_of(1, 2) is Effect.REPLACE


def test_minus_one_left_by_hand_is_no_limit() -> None:
    """Where one is wanted, it is a difference."""
    for name in ("cpu_quota", "mem_reservation"):
        row = container.BY_NAME[name]
        assert row.less_filled(-1, 0, 0) == 0
        assert row.less_filled(-1, 5, 5) == -1


@pytest.mark.parametrize("name", ["runtime", "cgroup"])
def test_what_the_engine_chose_counts_only_where_it_was_asked_for(name: str) -> None:
    row = container.BY_NAME[name]
    assert row.less_filled("host", "", "") == ""
    assert row.less_filled("host", "host", "") == "host"
    assert row.less_filled("host", "private", "host") == "host"
    assert row.less_filled("host", "", "host") == "host"


def test_the_weight_of_block_devices_changes_in_place_and_nothing_else_of_them() -> None:
    """An update of the rest is answered with 200, and changes nothing."""
    row = container.BY_NAME["blkio_config"]
    value = canonical("blkio_config", {"weight": 300, "device_read_bps": [{"path": "/dev/a", "rate": "1k"}]})
    assert value == (("device_read_bps./dev/a", (1024,)), ("weight", 300))
    assert row.effect_of(None, 300) is row.effect_of(300, 400) is Effect.IN_PLACE
    assert row.effect_of(300, None) is row.effect_of((1,), (2,)) is row.effect_of(None, (2,)) is Effect.REPLACE
    assert row.update_body({"blkio_config": value}) == {"BlkioWeight": 300}
    assert [row.shown(*entry) for entry in value] == ["1k", "300"]


def test_all_that_is_said_of_block_devices_is_sent_and_read_back() -> None:
    devices = {name: [{"path": "/dev/a", "rate": 7}] for name in ("device_read_bps", "device_write_bps")}
    devices |= {name: [{"path": "/dev/b", "rate": 9}] for name in ("device_read_iops", "device_write_iops")}
    written = {"weight": 20, "weight_device": [{"path": "/dev/a", "weight": 30}], **devices}
    body = body_of(blkio_config=written)
    assert body["HostConfig"]["BlkioWeightDevice"] == [{"Path": "/dev/a", "Weight": 30}]
    assert body["HostConfig"]["BlkioDeviceWriteIOps"] == [{"Path": "/dev/b", "Rate": 9}]
    assert shown("blkio_config", **body["HostConfig"]) == canonical("blkio_config", written)


def test_gpus_and_devices_by_their_names_are_requests_side_by_side() -> None:
    """Each row reads its own back."""
    gpus = [{"driver": "nvidia", "count": 2, "options": {"a": "b"}}]
    devices = ["/dev/null", "vendor.com/class=one", "vendor.com/class=two"]
    body = body_of(devices=devices, gpus=gpus)
    assert body["HostConfig"]["DeviceRequests"] == [
        {"Driver": "cdi", "DeviceIDs": ["vendor.com/class=one", "vendor.com/class=two"]},
        {"Driver": "nvidia", "Count": 2, "DeviceIDs": [], "Capabilities": [["gpu"]], "Options": {"a": "b"}},
    ]
    assert [one["PathOnHost"] for one in body["HostConfig"]["Devices"]] == ["/dev/null"]
    assert shown("gpus", **body["HostConfig"]) == canonical("gpus", gpus)
    assert shown("devices", **body["HostConfig"]) == canonical("devices", devices)


def test_all_gpus_is_minus_one_of_them() -> None:
    """As Compose sends it."""
    (request,) = body_of(gpus="all")["HostConfig"]["DeviceRequests"]
    assert (request["Count"], request["Capabilities"]) == (-1, [["gpu"]])


def test_devices_by_their_names_need_a_newer_engine() -> None:
    row = container.BY_NAME["devices"]
    written = TypeAdapter(row.kind.written).validate_python(["/dev/null", "vendor.com/class=one"])
    assert list(row.needs_api(written)) == [((1,), "1.44")]


@pytest.mark.parametrize(
    ("policy", "value"),
    [
        ({"condition": "none"}, "no"),
        ({"condition": "any"}, "always"),
        ({"condition": "unless-stopped"}, "unless-stopped"),
        ({"condition": "on-failure", "max_attempts": 0}, "on-failure"),
        ({"condition": "on-failure", "max_attempts": "2", "delay": "5s"}, "on-failure:2"),
    ],
)
def test_the_restart_policy_of_a_deploy_is_that_of_the_container(policy: Any, value: str) -> None:
    """By the names that Compose maps."""
    assert container.BY_NAME["restart"].kind.normal(RestartPolicy.model_validate(policy), CONTEXT) == value
