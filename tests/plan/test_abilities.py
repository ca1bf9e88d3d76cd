"""What the engine cannot do: what its API does not have yet, and what its host lacks."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.errors import Diagnostic, InvalidStack
from deployer.plan.model import Call, Cause, Plan
from deployer.plan.planner import make_plan
from deployer.resources.body import container_body
from deployer.resources.desired import Desired
from deployer.resources.from_stack import desired
from deployer.resources.inspected import container_of
from deployer.resources.observed import Observed, ObservedImage, ObservedThing
from deployer.resources.records import Records
from deployer.resources.swap import less_uncounted_swap
from deployer.resources.wire import EngineInfo
from deployer.stack.load import load
from deployer.stack.model import Stack


def stack_of(keys: str) -> Stack:
    text = f"name: shop\nservices:\n  web:\n    image: web:1\n    network_mode: none\n    {keys}\n"
    return load(text, file="stack.yaml", folder="/shop", environment={}, read_env_file=lambda *_: {})


def wanted(keys: str) -> Desired:
    return desired(stack_of(keys), "", {})


def running(made_of: Desired, **host: Any) -> dict[str, Any]:
    """The inspect of the container that was made of these wishes, but for what the engine did not keep of them."""
    body = container_body(made_of, made_of.services["web"], 1, salt="salt", revision=1, anonymous={})
    config = {key: value for key, value in body.items() if key != "HostConfig"}
    return {
        "Id": "a" * 64,
        "Name": "/shop-web-1",
        "Image": "sha256:1",
        "Config": {**config, "Image": "web:1"},
        "HostConfig": {**body["HostConfig"], **host},
        "State": {"Status": "running"},
        "NetworkSettings": {"Networks": {}},
    }


def planned(keys: str, *inspects: dict[str, Any], api: str = "1.51", counts_swap: bool = True) -> Plan:
    stack = stack_of(keys)
    want = desired(stack, "", {})
    found = [container_of(inspect, want.context) for inspect in inspects]
    seen = Observed(
        EngineInfo("unix:///d.sock", "20.10.24", api),
        less_uncounted_swap(found, lambda: counts_swap),
        {},
        dict[str, ObservedThing](),
        {},
        {name: ObservedImage("sha256:1", (), {}) for name in ("web:1", "sha256:1")},
        {},
        Records(salt="salt"),
    )
    return make_plan(want, seen, stack.place)


def refused(keys: str, api: str) -> tuple[Diagnostic, ...]:
    try:
        planned(keys, api=api)
    except InvalidStack as error:
        return tuple(error.diagnostics)
    return ()


def test_a_key_that_the_engine_is_too_old_for_is_refused_at_its_line() -> None:
    """The message names the version that is needed, and the engine's."""
    (found,) = refused("annotations: {io.example.tier: a}", "1.42")
    assert found.code == "engine-too-old"
    assert found.message == "services.web.annotations needs Engine API 1.43, and engine 20.10.24 has 1.42"
    assert found.place
    assert (found.place.file, found.place.line) == ("stack.yaml", 6)


def test_a_part_of_a_key_that_the_engine_is_too_old_for_is_refused_where_it_stands() -> None:
    (found,) = refused('devices: [/dev/null, "vendor.com/class=a"]', "1.43")
    assert found.message.startswith("services.web.devices.1 needs Engine API 1.44,")
    assert found.place
    assert found.place.column == 26


@pytest.mark.parametrize(
    ("keys", "column", "told"),
    [
        ("mem_limit: 1M", 16, "services.web.mem_limit is 1m"),
        ("mem_limit: 6291455", 16, "services.web.mem_limit is 6291455"),
        ("deploy: {resources: {limits: {memory: 1M}}}", 43, "services.web.deploy.resources.limits.memory is 1m"),
        ("mem_reservation: 5M", 22, "services.web.mem_reservation is 5m"),
    ],
)
def test_less_memory_than_the_engine_gives_is_refused_where_it_stands(keys: str, column: int, told: str) -> None:
    """Before anything is done; the engine itself says so when it makes the container."""
    (found,) = refused(keys, "1.51")
    assert found.code == "limit-too-low"
    assert found.message == f"{told}, and the engine takes no less than 6m"
    assert found.place
    assert (found.place.line, found.place.column) == (6, column)


def test_the_least_memory_that_the_engine_gives_is_taken() -> None:
    assert refused("mem_limit: 6M", "1.51") == refused("mem_limit: 0", "1.51") == ()


@pytest.mark.parametrize("api", ["1.43", "1.51", "1.100", "2.0"])
def test_an_engine_that_has_it_is_asked(api: str) -> None:
    """Versions are compared by their numbers, not by their letters."""
    assert refused("annotations: {io.example.tier: a}", api) == ()


LEFT_OUT = [
    ("mem_swappiness: 10", {"MemorySwappiness": None}, "mem_swappiness"),
    ("oom_kill_disable: true", {"OomKillDisable": None}, "oom_kill_disable"),
    ("cpu_percent: 10", {"CpuPercent": 0}, "cpu_percent"),
    ("cpu_shares: 10", {"CpuShares": 0}, "cpu_shares"),
    ("blkio_config: {weight: 300}", {"BlkioWeight": 0}, "blkio_config.weight"),
    (
        "blkio_config: {weight_device: [{path: /dev/a, weight: 20}]}",
        {"BlkioWeightDevice": []},
        "blkio_config.weight_device./dev/a",
    ),
    (
        "deploy: {resources: {reservations: {memory: 9m}}}",
        {"MemoryReservation": 0},
        "deploy.resources.reservations.memory",
    ),
]


@pytest.mark.parametrize(("keys", "host", "name"), LEFT_OUT)
def test_what_the_host_lacks_is_told_and_not_planned_for_ever(keys: str, host: dict[str, Any], name: str) -> None:
    """The engine took it with a warning, and left it out."""
    plan = planned(keys, running(wanted(keys), **host))
    assert plan.is_empty
    (warning,) = plan.warnings
    assert warning.code == "not-in-effect"
    assert warning.message.startswith(f"services.web.{name} is not in effect:")
    assert warning.place
    assert warning.place.line == 6


@pytest.mark.parametrize("keys", [keys for keys, _, _ in LEFT_OUT])
def test_what_is_in_effect_is_not_told(keys: str) -> None:
    plan = planned(keys, running(wanted(keys)))
    assert plan.is_empty
    assert not plan.warnings


def test_what_was_never_applied_is_planned_though_nothing_is_there() -> None:
    """It is an edit: whether the host can do it shows then."""
    plan = planned("cpu_shares: 20", running(wanted("cpu_shares: 10"), CpuShares=0))
    (change,) = plan.changes
    assert [(each.field, each.before, each.after, each.causes) for each in change.fields] == [
        ("cpu_shares", None, "20", (Cause.EDIT,))
    ]


def test_another_value_than_was_applied_is_drift_where_the_host_may_lack_it_too() -> None:
    plan = planned("mem_swappiness: 10", running(wanted("mem_swappiness: 10"), MemorySwappiness=20))
    assert [each.causes for each in plan.changes[0].fields] == [(Cause.DRIFT,)]


def test_swap_that_the_host_does_not_count_is_no_difference() -> None:
    """The engine shows it as unlimited then, of who asked for nothing."""
    inspect = running(wanted("mem_limit: 64m"), MemorySwap=-1)
    assert planned("mem_limit: 64m", inspect, counts_swap=False).is_empty
    assert [each.field for each in planned("mem_limit: 64m", inspect).changes[0].fields] == ["memswap_limit"]


# Memory and swap in one update


def update(before: str, after: str, **host: Any) -> Any:
    """The body that is sent, where a change is made in place."""
    (change,) = planned(after, running(wanted(before), **host)).changes
    return next((step.payload for step in change.steps if step.call is Call.UPDATE), None)


M = 1024**2


@pytest.mark.parametrize(
    ("before", "after", "sent"),
    [
        ("mem_limit: 64m", "mem_limit: 96m", {"Memory": 96 * M, "MemorySwap": 192 * M}),
        ("{}", "mem_limit: 96m", {"Memory": 96 * M, "MemorySwap": 192 * M}),
        ("mem_limit: 64m", "memswap_limit: 100m\n    mem_limit: 64m", {"Memory": 64 * M, "MemorySwap": 100 * M}),
        ("memswap_limit: 100m\n    mem_limit: 64m", "mem_limit: 64m", {"Memory": 64 * M, "MemorySwap": 128 * M}),
        (
            "memswap_limit: 100m\n    mem_limit: 64m",
            "memswap_limit: -1\n    mem_limit: 32m",
            {"Memory": 32 * M, "MemorySwap": -1},
        ),
        (
            "memswap_limit: 100m\n    mem_limit: 64m",
            "memswap_limit: 100m\n    mem_limit: 32m\n    mem_reservation: 16m",
            {"Memory": 32 * M, "MemorySwap": 100 * M, "MemoryReservation": 16 * M},
        ),
        ("mem_limit: 64m", "{}", None),
        ("memswap_limit: -1\n    mem_limit: 64m", "mem_limit: 64m", None),
        ("mem_reservation: 16m", "{}", None),
        ("cpus: 1", "cpu_quota: 50000", None),
        ("cpu_quota: 50000", "cpus: 1", None),
    ],
)
def test_limits_that_belong_together_go_in_one_update(before: str, after: str, sent: Any) -> None:
    """None is a new container: what an update would not do, or the engine would refuse."""
    before, after = (keys.replace("{}", "labels: {}") for keys in (before, after))
    twice = {"MemorySwap": 128 * M} if "memswap" not in before and "mem_limit" in before else {}
    assert update(before, after, **twice) == sent


def test_swap_of_just_twice_the_memory_is_what_nobody_asks_for() -> None:
    """So saying it, or not, is no difference."""
    said, unsaid = "memswap_limit: 128m\n    mem_limit: 64m", "mem_limit: 64m"
    shown = {"MemorySwap": 128 * M}
    assert planned(said, running(wanted(unsaid), **shown)).is_empty
    assert planned(unsaid, running(wanted(said), **shown)).is_empty
    assert planned(said, running(wanted(said), **shown)).is_empty


TWICE, LESS = (f"memswap_limit: {each}\n    mem_limit: 64m" for each in ("128m", "100m"))
UNSAID = "mem_limit: 64m"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (TWICE, LESS, [("memswap_limit", "128m", "100m")]),
        (LESS, TWICE, [("memswap_limit", "100m", "128m")]),
        (UNSAID, LESS, [("memswap_limit", None, "100m")]),
        (LESS, UNSAID, [("memswap_limit", "100m", None)]),
        (TWICE, TWICE.replace("64m", "96m"), [("mem_limit", "64m", "96m")]),
        (TWICE.replace("64m", "96m"), TWICE, [("mem_limit", "96m", "64m")]),
        (
            UNSAID,
            "memswap_limit: 192m\n    mem_limit: 96m",
            [("mem_limit", "64m", "96m"), ("memswap_limit", None, "192m")],
        ),
    ],
)
def test_swap_of_just_twice_the_memory_is_shown_as_it_is_written(
    before: str, after: str, told: list[tuple[str, str | None, str | None]]
) -> None:
    """Unset is only what the file does not say."""
    twice = {"MemorySwap": 128 * M} if before == UNSAID else {}
    (change,) = planned(after, running(wanted(before), **twice)).changes
    assert [(each.field, each.before, each.after) for each in change.fields] == told
    assert {each.causes for each in change.fields} == {(Cause.EDIT,)}
