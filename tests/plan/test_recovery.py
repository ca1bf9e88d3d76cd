"""What a dead run left halfway, and what its container was before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.fields.field import Effect
from deployer.plan.model import Action, Call, Cause, FieldChange
from deployer.plan.recovery import as_it_was, explained, is_successor, left_gone, plan_recovery
from deployer.plan.steps import WITH_VOLUMES
from deployer.resources.applied import Applied
from deployer.resources.identity import REVISION
from deployer.resources.observed import Observed
from deployer.resources.records import Record, Records
from deployer.resources.revisions import About
from deployer.resources.standing import Standing, decode
from deployer.resources.wire import EngineInfo
from tests.plan.fresh import NOTHING, plan_of

PAUSED = Standing("paused", "on-failure:3", "healthy")


def observed(*containers, records=None):
    return Observed(
        engine=EngineInfo("unix:///s", "20.10", "1.41"),
        containers=containers,
        neighbours={},
        networks={},
        volumes={},
        images={},
        registry_answers={},
        records=records or Records(),
    )


def successor_of(old, container, was=None):
    made = container(status="created")
    return replace(made, id="next", name=f"{old.name}.next", replaces=old.id, predecessor=was)


def stands(container):
    return Standing(container.status, container.values["restart"], container.health)


def test_the_successor_tells_how_the_old_one_stood(container):
    """Stopped, and with the policy that lets it stay so: both are put back as they were."""
    old = container(status="exited", policy="unless-stopped")
    assert stands(as_it_was(old, observed(old, successor_of(old, container, PAUSED)))) == PAUSED


def test_the_label_is_read_as_it_was_written():
    """And a damaged one tells nothing."""
    assert decode(PAUSED.encoded()) == PAUSED
    assert [decode(text) for text in (None, "", "[]", "{}", "no json", '{"status": "running"}')] == [None] * 6


@pytest.mark.parametrize("status", ["running", "paused", "restarting"])
def test_what_was_done_since_counts(container, status):
    """One that runs again is no longer set aside, whoever started it; the policy still is the dead run's."""
    old = container(status=status, policy="unless-stopped")
    was = as_it_was(old, observed(old, successor_of(old, container, Standing("exited", "always"))))
    assert stands(was) == Standing(status, "always")


def test_a_policy_given_since_counts(container):
    old = container(status="exited", policy="no")
    was = as_it_was(old, observed(old, successor_of(old, container, Standing("running", "always"))))
    assert stands(was) == Standing("running", "no")


@pytest.mark.parametrize("policy", ["always", "on-failure:3"])
def test_without_a_successor_the_policy_tells_as_much_as_it_can(container, policy):
    """Nothing but a replacement gives a container that was to be `always` the policy that lets it stay stopped."""
    old = container(status="exited", policy="unless-stopped")
    old = replace(old, applied=Applied("busybox", {"restart": policy}))
    assert stands(as_it_was(old, observed(old))) == Standing("running", policy)


def test_an_update_in_the_records_is_what_was_applied(container):
    """The policy may have become `unless-stopped` by an edit, in place: then nobody set the container aside."""
    old = container(status="exited", policy="unless-stopped")
    old = replace(old, applied=Applied("busybox", {"restart": "always"}))
    updated = Records(updates={old.id: {"restart": "unless-stopped"}})
    assert as_it_was(old, observed(old, records=updated)) == old


@pytest.mark.parametrize("policy", ["no", "unless-stopped"])
def test_a_container_that_a_person_stopped_stays_as_it_is(container, policy):
    old = container(status="exited", policy=policy)
    assert as_it_was(old, observed(old)) == old


def test_a_successor_counts_as_one_only_beside_its_predecessor(container):
    old = container()
    new = successor_of(old, container)
    assert is_successor(new, observed(old, new))
    assert not is_successor(new, observed(new))
    assert not is_successor(old, observed(old, new))


def test_a_successor_goes_with_what_was_made_for_it(container):
    """It is stopped first, whatever its state seems to be: the dead run's start of it may come late."""
    new = successor_of(container(), container)
    change = plan_recovery(new, observed()).change
    assert change.action is Action.RECOVER
    assert [(step.call, step.target, step.payload) for step in change.steps] == [
        (Call.STOP, "next", None),
        (Call.REMOVE, "next", WITH_VOLUMES),
    ]
    assert str(change.steps[-1]).endswith(" with its volumes")


def test_only_what_the_dead_run_did_is_said_to_be_its_doing(container):
    """A state and a policy that differ because of it get a word; what else differs does not."""
    old = container(status="exited", policy="unless-stopped")
    fields = [
        FieldChange(name, "a", "b", (Cause.DRIFT,), Effect.IN_PLACE)
        for name in ("restart", "mem_limit", "state", "name")
    ]
    noted = explained(fields, old, observed(old, successor_of(old, container, Standing("running", "always"))))
    assert {change.field for change in noted if not change.by_hand} == {"restart", "state"}
    assert {change.note for change in noted} == {"left so by an apply that died", ""}


@pytest.mark.parametrize(
    ("status", "before", "causes", "by_hand"),
    [
        ("exited", None, (Cause.DRIFT,), False),
        ("exited", "connected as web", (Cause.DRIFT,), True),
        ("exited", None, (Cause.EDIT,), False),
        ("running", None, (Cause.DRIFT,), True),
    ],
)
def test_a_network_that_one_who_was_set_aside_has_left_is_the_dead_runs_doing(
    container, status, before, causes, by_hand
):
    """It is to be made anew. Who is in it otherwise, or was not set aside, somebody has disconnected."""
    old = container(status=status, policy="unless-stopped" if status == "exited" else "always")
    old = replace(old, applied=Applied("busybox", {"restart": "always"}))
    field = FieldChange("networks.front", before, "connected as web", causes, Effect.IN_PLACE)
    (told,) = explained([field], old, observed(old, records=FAILED_TWICE))
    assert told.by_hand is by_hand
    assert told.note == ("" if by_hand or causes == (Cause.EDIT,) else LEFT_BY_THREE)


@pytest.mark.parametrize(
    ("result", "dead", "words"),
    [("", {2}, "died"), ("died", (), "died"), ("interrupted", (), "was interrupted"), ("", (), "has not ended")],
)
def test_what_became_of_the_apply_is_said(container, result, dead, words):
    """Only one that is at work has not ended."""
    made = of_revision(2, container(status="created"))
    records = Records((Record(1, result="succeeded"), Record(2, result=result)), dead=frozenset(dead))
    reason = plan_recovery(made, observed(made, records=records)).change.reason
    assert reason == f"left by the apply of revision 2, which {words}"


@pytest.mark.parametrize(
    ("address", "result", "about", "is_left"),
    [
        ("network.front", "died", About(change="+ web[1]; ~ network.front labels.a"), True),
        ("network.front", "died", About(change="+ web[1]; 9 more", changes=("~ network.front labels.a",)), True),
        ("network.front", "succeeded", About(change="~ network.front labels.a"), False),
        ("network.front", "died", About(change="~ network.front2 labels.a"), False),
        ("service.web[1]", "died", About(change="~ service.web[1] image"), False),
    ],
)
def test_a_network_that_was_to_be_made_anew_and_is_gone_is_the_dead_runs_doing(address, result, about, is_left):
    records = Records((Record(1, result="succeeded"), Record(2, result=result, about=about)))
    said = left_gone(address, observed(records=records))
    assert said == ("left so by the apply of revision 2, which died" if is_left else "")


LEFT_BY_THREE = "left so by the apply of revision 3, which failed"


def of_revision(number, container):
    """A container with the label that says which revision made it."""
    return replace(container, raw={**container.raw, "Config": {"Labels": {REVISION: str(number)}}})


STATE = FieldChange("state", "exited (143)", "running", (Cause.DRIFT,), Effect.RESTART)
FAILED_TWICE = Records((Record(1, result="succeeded"), Record(2, result="failed"), Record(3, result="failed")))


def test_the_apply_that_failed_is_named(container):
    """It left its successor, to be looked at, and the old one stopped: nobody did that by hand."""
    old = container(status="exited")
    new = of_revision(2, successor_of(old, container, Standing("running", "no")))
    there = observed(old, new, records=FAILED_TWICE)
    assert [change.note for change in explained([STATE], old, there)] == [
        "left so by the apply of revision 2, which failed"
    ]
    assert plan_recovery(new, there).change.reason == "left by the apply of revision 2, which failed"


def test_without_a_successor_the_last_one_that_did_not_succeed_is_named(container):
    old = container(status="exited", policy="unless-stopped")
    old = replace(old, applied=Applied("busybox", {"restart": "always"}))
    (change,) = explained([STATE], old, observed(old, records=FAILED_TWICE))
    assert change.note == "left so by the apply of revision 3, which failed"


@pytest.mark.parametrize(("reached", "by_hand"), [((), False), (("service.web[1]",), True)])
def test_what_an_apply_made_and_never_got_ready_is_its_doing(container, reached, by_hand):
    """What it did reach, and does not run now, somebody has stopped since."""
    made = of_revision(2, container(status="exited"))
    records = Records((Record(1, result="succeeded"), Record(2, result="failed", resources=frozenset(reached))))
    (change,) = explained([STATE], made, observed(made, records=records))
    assert change.by_hand is by_hand


def test_a_plan_knows_what_became_of_the_last_revision():
    """Whatever it is about."""
    there = replace(NOTHING, records=Records((Record(6, result="succeeded"), Record(7, result="failed")), "salt"))
    plan = plan_of({"services": {"web": {"image": "busybox"}}}, there)
    assert (plan.revision, plan.result) == (7, "failed")
    assert plan_of({"services": {"web": {"image": "busybox"}}}).result == ""
