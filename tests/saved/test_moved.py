"""What differs between the plan that was kept and the one that would be made now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.errors import Busy, Exit
from deployer.fields.field import Effect
from deployer.plan.model import Action, Call, Cause, Change, FieldChange, Plan, Step
from deployer.plan.planner import Options
from deployer.resources.wire import EngineInfo
from deployer.saved.form import Saved, saved_of
from deployer.saved.moved import (
    differences,
    refuse_another_engine,
    refuse_another_stack,
    refuse_changed_sources,
    refuse_moved,
)
from deployer.sources.noted import Seen

MEMORY = FieldChange("mem_limit", "64m", "96m", (Cause.EDIT,), Effect.IN_PLACE)
WEB = Change("service.web[1]", Action.UPDATE, "mem_limit", (MEMORY,), (Step(Call.UPDATE, "1"),))
OLD = Change("service.old[1]", Action.REMOVE, "no longer in the stack")
ENGINE = EngineInfo("unix:///run/d.sock", "28.5.2", "1.51")


def plan_of(*changes: Change, fingerprint: str = "now", rests_on: str = "a") -> Plan:
    found = {"service.web[1]": rests_on}
    return Plan("shop", "there", ENGINE, 7, changes, (), (), f"sha256:{fingerprint}", rests_on=found)


def kept(*changes: Change) -> Saved:
    plan = plan_of(*changes, fingerprint="then")
    return saved_of(plan, Options(), {}, Seen(), folder="/", engine_id="ID", destroy=False)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (
            [replace(WEB, fields=(replace(MEMORY, before="128m"),))],
            ["service.web[1]: mem_limit is 128m now, it was 64m when the plan was made"],
        ),
        (
            [replace(WEB, fields=(replace(MEMORY, before=None),))],
            ["service.web[1]: mem_limit is (unset) now, it was 64m when the plan was made"],
        ),
        (
            [replace(WEB, fields=(replace(MEMORY, after="97m"),))],
            ["service.web[1]: mem_limit is to be 97m now, it was to be 96m"],
        ),
        (
            [replace(WEB, fields=(MEMORY, FieldChange("cpus", "2", "1", (Cause.DRIFT,), Effect.IN_PLACE)))],
            ["service.web[1]: cpus is 2 now, it was 1 when the plan was made"],
        ),
        (
            [replace(WEB, action=Action.START, fields=())],
            [
                "service.web[1] is to be started now, it was to be updated",
                "service.web[1]: mem_limit is 96m now, it was 64m when the plan was made",
            ],
        ),
        ([], ["service.web[1] was to be updated, and stays as it is now"]),
        ([WEB, OLD], ["service.old[1] is to be removed now, and stayed as it was in the plan"]),
        (
            [WEB, replace(OLD, fields=(replace(MEMORY, before="1m"),))],
            ["service.old[1]: mem_limit is 1m now, it was 96m when the plan was made"],
        ),
        (
            [replace(WEB, fields=(MEMORY, replace(MEMORY, field="environment.PW", before="x", sensitive=True)))],
            ["service.web[1]: environment.PW is not as it was when the plan was made"],
        ),
        (
            [replace(WEB, steps=(Step(Call.UPDATE, "2"),))],
            ["service.web[1]: how it is updated is another way now"],
        ),
        ([WEB], []),
    ],
)
def test_each_difference_is_named_with_its_resource(now: list[Change], said: list[str]) -> None:
    """Field by field, with both values, as a user would write them."""
    assert list(differences(kept(WEB), plan_of(*now))) == said


def test_another_container_is_named_where_no_field_tells() -> None:
    """Such as one that somebody made anew just as it was."""
    assert list(differences(kept(WEB), plan_of(WEB, rests_on="b"))) == [
        "service.web[1]: its container, its image or where its mounts lie is not what it was"
    ]


@pytest.mark.parametrize("change", [OLD, replace(OLD, action=Action.STOP), replace(WEB, address=OLD.address)])
def test_how_a_container_stands_is_named_where_no_field_tells(change: Change) -> None:
    """Of what is stopped, removed or updated."""
    then, now = ({OLD.address: state} for state in ("running", "exited (143)"))
    saved = replace(kept(change), states=then)
    assert list(differences(saved, replace(plan_of(change), states=now))) == [
        "service.old[1]: state is exited (143) now, it was running when the plan was made"
    ]
    assert list(differences(saved, replace(plan_of(change), states=then))) == []


def test_how_a_container_stands_is_named_once() -> None:
    """Where it is a field of the change."""
    paused, stopped = (
        replace(WEB, fields=(FieldChange("state", now, "running", (Cause.DRIFT,), Effect.RESTART),))
        for now in ("paused", "exited (0)")
    )
    saved = replace(kept(paused), states={WEB.address: "paused"})
    assert list(differences(saved, replace(plan_of(stopped), states={WEB.address: "exited (0)"}))) == [
        "service.web[1]: state is exited (0) now, it was paused when the plan was made"
    ]


def test_the_very_plan_is_let_through() -> None:
    refuse_moved(kept(WEB), plan_of(WEB, fingerprint="then"), 9)


def test_one_that_moved_is_refused_with_what_differs() -> None:
    """Exit 75, and the revisions since where there are some."""
    with pytest.raises(Busy, match="not as it was when the plan was made") as raised:
        refuse_moved(kept(WEB), plan_of(WEB, OLD), 9)
    (told,) = raised.value.diagnostics
    assert (raised.value.exit_code, told.code) == (Exit.BUSY, "plan-moved")
    assert told.notes[-1] == "revision 9 has been applied since; the plan was made at 7"
    assert told.notes[0].startswith("service.old[1] is to be removed now")


def test_one_that_was_carried_out_says_so() -> None:
    """Nothing is left to do, and the stack is further on."""
    with pytest.raises(Busy, match="carried out already") as raised:
        refuse_moved(kept(WEB), plan_of(), 8)
    assert raised.value.diagnostics[0].code == "plan-applied"


def test_changed_sources_are_named_up_to_a_number() -> None:
    refuse_changed_sources("shop", [])
    with pytest.raises(Busy) as raised:
        refuse_changed_sources("shop", [f"{number} has changed" for number in range(30)])
    assert raised.value.diagnostics[0].notes[-2:] == ("19 has changed", "and 10 more")


def test_another_engine_or_stack_is_refused() -> None:
    """The engine by how it calls itself, the stack by its name and where it comes from."""
    refuse_another_engine(kept(WEB), "ID", "elsewhere")
    refuse_another_stack(kept(WEB), "shop", "there")
    with pytest.raises(Busy, match="another one"):
        refuse_another_engine(kept(WEB), "OTHER", "unix:///run/d.sock")
    for stack, origin in (("other", "there"), ("shop", "elsewhere")):
        with pytest.raises(Busy, match="the plan is of shop from there"):
            refuse_another_stack(kept(WEB), stack, origin)
