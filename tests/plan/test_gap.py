"""For how long a change takes a service away, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from deployer.plan import order, steps
from deployer.plan.draft import Draft
from deployer.plan.gap import first_check, with_gaps
from deployer.plan.groups import groups_of
from deployer.plan.model import Action, Call, Gap, Part, Step
from deployer.plan.recovery import plan_recovery
from deployer.plan.things import with_its_containers
from deployer.render.costs import down_text, gap_text
from deployer.resources.observed import Observed, ObservedContainer
from deployer.resources.records import Records
from deployer.resources.wire import EngineInfo

Make = Callable[..., ObservedContainer]
SECOND = 1_000_000_000
READY = Step(Call.AWAIT_READY, "web.next", steps.Wait())


def observed(*containers: ObservedContainer) -> Observed:
    return Observed(EngineInfo("unix:///run/d.sock", "20.10", "1.41"), containers, {}, {}, {}, {}, {}, Records())


def stopping(container: ObservedContainer, **values: Any) -> ObservedContainer:
    told = {"stop_grace_period": 10, "stop_signal": "SIGTERM", **values}
    return replace(container, values=MappingProxyType({**container.values, **told}))


@pytest.fixture
def replacement(draft: Callable[..., Draft]) -> Callable[[ObservedContainer], Draft]:
    """A container that is stopped, another one that is started and waited for."""

    def make(old: ObservedContainer, **more: Any) -> Draft:
        calls = (Call.CREATE, Call.STOP, Call.START, READY, Call.REMOVE, Call.RENAME)
        return draft(old.address, Action.REPLACE, *calls, old=old, **more)

    return make


def gap_of(*drafts: Draft, groups: tuple[str, ...] = (), among: Observed | None = None) -> Gap | None:
    """The gap of the first draft."""
    named = groups or groups_of(drafts)
    found = observed(*(each.old for each in drafts if each.old)) if among is None else among
    return with_gaps(drafts, named, order.edges(drafts, named), found, {})[0].change.gap


def test_it_lasts_from_the_stop_to_the_start(container: Make, replacement: Callable[..., Draft]) -> None:
    """Nobody knows how soon a program ends, but that the engine kills it when its grace is over."""
    gap = gap_of(replacement(stopping(container())))
    assert gap == Gap(1, 11, (Part("stop", 0, 10, "stop_grace_period"), Part("start", 1, 1)))
    assert gap_text(gap) == "1s to 11s: stop up to 10s, start 1s"
    assert gap_text(gap, long=True) == "1s to 11s: stop up to 10s (stop_grace_period), start 1s"


@pytest.mark.parametrize("told", [{"stop_grace_period": 0}, {"stop_signal": "SIGKILL"}])
def test_one_that_is_killed_at_once_takes_no_time_to_stop(
    told: Mapping[str, Any], container: Make, replacement: Callable[..., Draft]
) -> None:
    assert gap_text(gap_of(replacement(stopping(container(), **told)))) == "1s: stop 0s, start 1s"


@pytest.mark.parametrize("status", ["exited", "paused", "created", "dead"])
def test_what_does_not_run_is_not_missed(status: str, container: Make, replacement: Callable[..., Draft]) -> None:
    """Only what answers somebody can be away."""
    assert gap_of(replacement(stopping(container(status=status)))) is None


@pytest.mark.parametrize(
    ("action", "calls"),
    [
        (Action.UPDATE, (Call.UPDATE, Call.CONNECT)),
        (Action.REMOVE, (Call.STOP, Call.REMOVE)),
        (Action.CREATE, (Call.CREATE, Call.START, READY)),
        (Action.STOP, (Call.STOP,)),
    ],
)
def test_other_changes_have_none(
    action: Action, calls: tuple[Call | Step, ...], container: Make, draft: Callable[..., Draft]
) -> None:
    """In place nothing is away; what is new was not there, and what goes is to be gone."""
    assert gap_of(draft("service.web[1]", action, *calls, old=stopping(container()))) is None


def test_a_restart_in_one_call_is_a_stop_and_a_start(container: Make, draft: Callable[..., Draft]) -> None:
    made = draft("service.web[1]", Action.RESTART, Call.RESTART, READY, old=stopping(container()))
    assert gap_text(gap_of(made)) == "1s to 11s: stop and start up to 11s"


def test_a_check_of_an_orphan_is_its_own(container: Make, replacement: Callable[..., Draft]) -> None:
    """What waits for a health check waits for the first one, or more: nobody knows which one passes."""
    old = stopping(container(), healthcheck=(("interval", 2 * SECOND), ("test", ("CMD", "true"))))
    said = (
        "3s to 13s or more: stop up to 10s (stop_grace_period), start 1s, first health check 2s (healthcheck.interval)"
    )
    assert gap_text(gap_of(replacement(old)), long=True) == said


@pytest.mark.parametrize(
    ("check", "api", "seconds"),
    [
        ({}, "1.51", None),
        ({"test": ("NONE",)}, "1.51", None),
        ({"interval": SECOND}, "1.51", None),
        ({"test": ("CMD", "true")}, "1.51", 30),
        ({"test": ("CMD", "true"), "interval": SECOND // 2}, "1.51", 0.5),
        ({"test": ("CMD", "true"), "start_period": SECOND}, "1.51", 5),
        ({"test": ("CMD", "true"), "start_period": SECOND, "start_interval": SECOND}, "1.44", 1),
        ({"test": ("CMD", "true"), "start_period": SECOND, "start_interval": SECOND}, "1.41", 30),
    ],
)
def test_the_first_check_comes_after_an_interval(check: Mapping[str, Any], api: str, seconds: float | None) -> None:
    """After the shorter one of the start where the engine knows that; without a test there is nothing to wait for."""
    part = first_check(check, EngineInfo("unix:///x", "28.5.2", api))
    assert (part.most if part else None) == seconds


def test_other_replicas_run_meanwhile(container: Make, replacement: Callable[..., Draft]) -> None:
    """They are replaced one after the other."""
    first, second, third = (stopping(container(number=number), stop_grace_period=0) for number in (1, 2, 3))
    drafts = [replacement(first), replacement(second), replacement(third)]
    assert gap_text(gap_of(*drafts)) == "1s: stop 0s, start 1s; 2 other replicas run on"
    stopped = observed(first, replace(second, status="exited"), third)
    assert gap_text(gap_of(*drafts, among=stopped)).endswith("; 1 other replica runs on")


def test_a_replica_that_is_put_right_first_runs_meanwhile(container: Make, replacement: Callable[..., Draft]) -> None:
    """The first one does not run: it is there again before the second one stops, and not the other way round."""
    image = SimpleNamespace(reference="busybox", address="")
    service = SimpleNamespace(name="web", image=image, asked={"healthcheck": ()})
    first, second = (stopping(container(number=number), stop_grace_period=0) for number in (1, 2))
    drafts = [replacement(each, service=service) for each in (replace(first, status="exited"), second)]
    alone = groups_of(drafts)
    planned = with_gaps(drafts, alone, order.edges(drafts, alone), observed(second), {})
    assert [gap_text(each.change.gap) for each in planned] == ["none", "1s: stop 0s, start 1s; 1 other replica runs on"]
    drafts = [replacement(each, service=service) for each in (first, replace(second, status="exited"))]
    planned = with_gaps(drafts, alone, order.edges(drafts, alone), observed(first), {})
    assert [gap_text(each.change.gap) for each in planned] == ["1s: stop 0s, start 1s", "none"]


def test_who_trades_waits_for_the_others(container: Make, replacement: Callable[..., Draft]) -> None:
    """In a group all stop before any starts: the slowest one counts for each."""
    port = frozenset({("", 80, "tcp")})
    quick = replacement(stopping(container(), stop_grace_period=1), gives=port)
    slow = replacement(stopping(container("api"), stop_grace_period=30), takes=port)
    gap = gap_of(quick, slow, groups=("g", "g"))
    assert gap
    assert (gap.least, gap.most) == (1, 31)
    said = "1s to 31s: stop up to 1s, start 1s, wait for api up to 29s"
    assert gap_text(gap) == said


@pytest.mark.parametrize(
    ("gives", "takes"),
    [
        ({"gives": frozenset({("", 80, "tcp")})}, {"takes": frozenset({("", 80, "tcp")})}),
        (
            {"gives_addresses": frozenset({("front", "10.9.0.5")})},
            {"takes_addresses": frozenset({("front", "10.9.0.5")})},
        ),
        ({"gives_name": "shop"}, {"takes_name": "shop"}),
    ],
)
def test_a_new_one_is_down_in_the_place_of_one_that_goes(
    gives: dict[str, Any], takes: dict[str, Any], container: Make, draft: Callable[..., Draft]
) -> None:
    """As a renamed service is: nobody serves between the stop of the one and the start of the other."""
    old = stopping(container())
    goes = draft(old.address, Action.REMOVE, Call.STOP, Step(Call.REMOVE, old.id), old=old, **gives)
    name = (Call.RENAME,) if "takes_name" in takes else ()
    comes = draft("service.site[1]", Action.CREATE, Call.CREATE, Call.START, READY, *name, **takes)
    gap = gap_of(comes, goes)
    assert gap
    assert gap.instead_of == (old.address,)
    assert gap_text(gap) == "in the place of service.web[1]: 1s to 11s: stop up to 10s, start 1s"
    assert down_text(gap) == "in the place of service.web[1]: down for 1s to 11s: stop up to 10s, start 1s"
    assert (goes.change.gap, goes.change.detail) == (None, "its place goes to service.site[1]")


def test_a_new_one_that_takes_nothing_is_in_nobodys_place(container: Make, draft: Callable[..., Draft]) -> None:
    """What goes stops at once, and who knows whether the other one is to follow it."""
    goes = draft("service.web[1]", Action.REMOVE, Call.STOP, Call.REMOVE, old=stopping(container()))
    assert gap_of(draft("service.site[1]", Action.CREATE, Call.CREATE, Call.START, READY), goes) is None


def test_in_the_place_of_several_the_slowest_of_them_counts(container: Make, draft: Callable[..., Draft]) -> None:
    olds = [stopping(container(number=number), stop_grace_period=number) for number in (1, 2)]
    ports = [frozenset({("", port, "tcp")}) for port in (80, 81)]
    goes = [
        draft(old.address, Action.REMOVE, Call.STOP, Call.REMOVE, old=old, gives=port)
        for old, port in zip(olds, ports, strict=True)
    ]
    comes = draft("service.site[1]", Action.CREATE, Call.CREATE, Call.START, READY, takes=ports[0] | ports[1])
    said = "in the place of service.web[1], service.web[2]: 1s to 3s: stop up to 2s, start 1s"
    assert gap_text(gap_of(comes, *goes)) == said


def test_a_network_made_anew_is_away_as_long_as_its_containers(
    container: Make, replacement: Callable[..., Draft], draft: Callable[..., Draft]
) -> None:
    network = draft("network.front", Action.REPLACE, Call.REMOVE_NETWORK, Call.CREATE_NETWORK)
    """What that is made of is said of each of them."""
    gap = gap_of(network, replacement(stopping(container())), groups=("g", "g"))
    assert gap_text(gap) == "1s to 11s"


def test_replicas_that_all_stop_before_any_starts_do_not_run_meanwhile(
    container: Make, replacement: Callable[..., Draft]
) -> None:
    """As they do where a network is made anew that they are in."""
    drafts = [replacement(stopping(container(number=number), stop_grace_period=0)) for number in (1, 2)]
    assert gap_text(gap_of(*drafts, groups=("g", "g"))) == "1s: stop 0s, start 1s; all 2 replicas at once"
    assert gap_text(gap_of(*drafts, groups=("g", "h"))) == "1s: stop 0s, start 1s; 1 other replica runs on"


def test_of_several_replicas_some_may_go_at_once(container: Make, replacement: Callable[..., Draft]) -> None:
    """Those that trade; the others stay."""
    drafts = [replacement(stopping(container(number=number), stop_grace_period=0)) for number in (1, 2, 3)]
    said = "1s: stop 0s, start 1s; 2 replicas at once; 1 other replica runs on"
    assert gap_text(gap_of(*drafts, groups=("g", "g", "h"))) == said


def test_a_one_shot_that_runs_meanwhile_is_named(
    container: Make, replacement: Callable[..., Draft], draft: Callable[..., Draft]
) -> None:
    """Nobody knows how long it takes; the network that it is in is away as long."""
    front = frozenset({"front"})
    network = draft(
        "network.front", Action.REPLACE, Step(Call.REMOVE_NETWORK, "front"), Step(Call.CREATE_NETWORK, "front")
    )
    job = SimpleNamespace(name="job", image=SimpleNamespace(reference="busybox", address=""), asked={"healthcheck": ()})
    calls = (Call.CREATE, Call.START, Call.AWAIT_COMPLETED)
    migration = draft("service.job[1]", Action.CREATE, *calls, service=job, networks=front)
    old = stopping(container(), stop_grace_period=0)
    web = replacement(old, waits_for={"job": "service_completed_successfully"})
    leave = Step(Call.DISCONNECT, old.id, "front")
    web.change = replace(web.change, steps=(Step(Call.STOP, old.id), leave, *web.change.steps[2:]))
    web.service = SimpleNamespace(name="web", image=job.image, asked=job.asked)
    drafts = [web, network, migration]
    groups = groups_of(drafts)
    planned = with_gaps(drafts, groups, order.edges(drafts, groups), observed(old), {})
    texts = [gap_text(each.change.gap) for each in planned]
    assert texts == [
        "2s, plus as long as job takes: stop 0s, start 1s, wait until job runs 1s",
        "2s, plus as long as job takes",
        "none",
    ]


def test_one_that_is_waited_for_before_the_stop_costs_nothing(
    container: Make, replacement: Callable[..., Draft], draft: Callable[..., Draft]
) -> None:
    """As the old container serves until then."""
    service = SimpleNamespace(name="job")
    migration = draft("service.job[1]", Action.CREATE, Call.CREATE, Call.START, Call.AWAIT_COMPLETED, service=service)
    web = replacement(stopping(container(), stop_grace_period=0), waits_for={"job": "service_completed_successfully"})
    assert gap_text(gap_of(web, migration)) == "1s: stop 0s, start 1s"


@pytest.fixture
def half_done(container: Make) -> tuple[ObservedContainer, ObservedContainer]:
    """A container that a dead run stopped, and its successor, which that run has started."""
    old = replace(stopping(container(status="exited")), values={**container().values, "restart": "unless-stopped"})
    new = replace(stopping(container(), stop_grace_period=4), id="next", name="shop-web-1.next", replaces=old.id)
    return old, new


def test_a_successor_that_a_dead_run_left_serves_until_it_goes(
    half_done: tuple[ObservedContainer, ObservedContainer], draft: Callable[..., Draft], container: Make
) -> None:
    """What is there in its place is started again, or made anew; nobody else runs on with it."""
    old, new = half_done
    there = observed(old, new, container(number=2))
    for calls in ((Call.CREATE, Call.START, READY, Call.REMOVE), (Call.UPDATE, Call.START, READY)):
        again = draft(old.address, Action.REPLACE, *calls, old=old)
        said = "1s to 5s: stop up to 4s, start 1s; 1 other replica runs on"
        assert gap_text(gap_of(again, plan_recovery(new, there), among=there)) == said


def test_a_build_comes_after_what_a_dead_run_left_is_gone(
    half_done: tuple[ObservedContainer, ObservedContainer], draft: Callable[..., Draft]
) -> None:
    old, new = half_done
    there = observed(old, new)
    again = draft(old.address, Action.REPLACE, Call.CREATE, Call.START, READY, old=old, image="build.web")
    build = draft("build.web", Action.BUILD, Call.BUILD)
    said = "1s to 5s, plus as long as build.web takes: stop up to 4s, start 1s"
    assert gap_text(gap_of(again, plan_recovery(new, there), build, among=there)) == said


@pytest.mark.parametrize("states", [("running", "running"), ("exited", "exited"), ("exited", "created")])
def test_what_a_dead_run_left_is_missed_by_nobody_else(
    states: tuple[str, str], half_done: tuple[ObservedContainer, ObservedContainer], draft: Callable[..., Draft]
) -> None:
    """The old one that serves, or nobody."""
    old, new = (replace(each, status=status) for each, status in zip(half_done, states, strict=True))
    there = observed(old, new)
    again = draft(old.address, Action.UPDATE, Call.UPDATE, Call.START, READY, old=old)
    assert gap_of(again, plan_recovery(new, there), among=there) is None


def test_who_is_in_a_network_that_is_made_anew_and_runs_on_is_disconnected(
    container: Make, replacement: Callable[..., Draft], draft: Callable[..., Draft]
) -> None:
    """One that leaves it in the same plan, or that no plan touches."""
    raw = {**container().raw, "NetworkSettings": {"Networks": {"front": {}}}}
    web, api, side = (replace(container(name), raw=raw) for name in ("web", "api", "side"))
    network = draft("network.front", Action.REPLACE, Step(Call.REMOVE_NETWORK, "front"), Call.CREATE_NETWORK)
    leaving = draft(api.address, Action.UPDATE, Call.DISCONNECT, old=api)
    with_its_containers([network, replacement(web), leaving], observed(web, api, side, container("elsewhere")))
    assert network.change.detail == "replaced with it: service.web[1]; disconnected: service.api[1], service.side[1]"
