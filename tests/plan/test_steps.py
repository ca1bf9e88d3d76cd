"""The runbooks, carried out on a model of the engine."""

from __future__ import annotations

import pytest

from deployer.plan import steps
from deployer.plan.model import Call, Step
from deployer.reconcile.scheduler import NO_WAY_BACK

WAIT = Step(Call.AWAIT_READY, "shop-web-1.next")

STATES = [
    (status, policy)
    for status in ("running", "paused", "exited")
    for policy in ("no", "always", "on-failure", "unless-stopped")
]


def runbook(old):
    policy = {"RestartPolicy": {"Name": old.values["restart"]}}
    new = steps.NewContainer({"HostConfig": policy}, "image.busybox")
    return steps.replace_stop_first(old, old.name, new, [], WAIT)


@pytest.mark.parametrize(("status", "policy"), STATES)
def test_a_replacement_leaves_the_new_container_under_the_old_name(container, model, status, policy):
    """Carried out whole, one container is left, running, under the name of the one that it replaces."""
    old = container(status=status, policy=policy)
    engine = model(old)
    for step in runbook(old):
        engine.perform(step)
    assert [(thing.name, thing.status) for thing in engine.things.values()] == [(old.name, "running")]


@pytest.mark.parametrize(("status", "policy"), STATES)
def test_a_replacement_that_fails_anywhere_leaves_the_old_container_as_it_was(container, model, status, policy):
    """Whichever step fails before the old one is removed, undoing gives back its state, policy and name."""
    old = container(status=status, policy=policy)
    whole = runbook(old)
    no_way_back = next(index for index, step in enumerate(whole) if step.call in NO_WAY_BACK)
    for failing in range(no_way_back + 1):
        engine = model(old)
        for step in whole[:failing]:
            engine.perform(step)
        for step in reversed(whole[:failing]):
            for undo in step.undo:
                engine.perform(undo)
        assert [(thing.name, thing.status, thing.policy) for thing in engine.things.values()] == [
            (old.name, status, policy)
        ]


@pytest.mark.parametrize("policy", ["always", "on-failure", "unless-stopped", "no"])
def test_an_engine_that_restarts_never_runs_both(container, model, policy):
    """Whenever the engine restarts during a replacement, the old container does not come up beside the new one."""
    old = container(policy=policy)
    whole = runbook(old)
    for done in range(len(whole) + 1):
        engine = model(old)
        for step in whole[:done]:
            engine.perform(step)
        engine.restart_engine()
        assert sum(thing.status == "running" for thing in engine.things.values()) <= 1


@pytest.mark.parametrize("policy", ["always", "on-failure", "unless-stopped", "no"])
def test_an_engine_that_restarts_while_a_replacement_is_put_back_never_runs_both(container, model, policy):
    """Nor does the new container come up beside the old one, wherever in the way back the engine restarts."""
    old = container(policy=policy)
    whole = runbook(old)
    forward = whole[: [step.call for step in whole].index(Call.REMOVE)]
    back = [undo for step in reversed(forward) for undo in step.undo]
    for done in range(len(back) + 1):
        engine = model(old)
        for step in (*forward, *back[:done]):
            engine.perform(step)
        engine.restart_engine()
        assert sum(thing.status == "running" for thing in engine.things.values()) <= 1


def test_the_old_container_is_removed_only_after_the_new_one_is_ready(container):
    """The removal comes after the wait, in every runbook that removes."""
    calls = [step.call for step in runbook(container())]
    assert calls.index(Call.AWAIT_READY) < calls.index(Call.REMOVE)


def test_a_step_shows_names_and_never_its_payload(container):
    """What a step sends may be secret; a person sees the call and the name."""
    old = container(policy="always")
    assert [str(step) for step in runbook(old)] == [
        "create shop-web-1.next",
        "set the restart policy of shop-web-1 to unless-stopped, so that it stays stopped",
        "stop shop-web-1",
        "start shop-web-1.next",
        "wait until ready shop-web-1.next",
        "remove shop-web-1",
        "rename shop-web-1.next to shop-web-1",
    ]
    assert "payload" not in repr(runbook(old))
