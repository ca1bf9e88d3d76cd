"""The plan after a rollback: the file is as it was, and would undo it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from deployer.errors import Diagnostic
from deployer.fields.field import Effect
from deployer.plan.model import Action, Cause, Change, FieldChange, Plan
from deployer.plan.planner import Options, make_plan
from deployer.plan.rolled_back import rolled_back
from deployer.render.causes import cause_text
from deployer.render.plan_json import as_json
from deployer.render.plan_markdown import as_markdown
from deployer.resources.records import Record, Records
from deployer.resources.revisions import About
from deployer.rollback import told_of
from tests.upgrades.kept import kept

EDITED = Change("service.web[1]", Action.UPDATE, "a", (FieldChange("a", "1", "2", (Cause.EDIT,), Effect.IN_PLACE),))
MESSAGE = "revision 3 was a rollback to 1; this plan goes back to what the file says"


def records(*commands: str, last: str = "succeeded") -> Records:
    """Revisions from 1 on that succeeded, but for the last."""
    results = [*["succeeded"] * (len(commands) - 1), last]
    pairs = enumerate(zip(commands, results, strict=True), 1)
    return Records(tuple(Record(number, about=About(command), result=result) for number, (command, result) in pairs))


def told(*commands: str, last: str = "succeeded") -> list[Diagnostic]:
    return list(rolled_back(records(*commands, last=last), [EDITED]))


def test_a_rollback_is_told_of_with_the_way_to_stay():
    (found,) = told("apply", "apply", "rollback to 1")
    assert found.message == MESSAGE
    assert found.hint == (
        "to stay with revision 1, put the file right first; deployer diff 2 3 shows what the rollback changed"
    )


@pytest.mark.parametrize("commands", [("apply",), ("apply", "apply", "rollback to 1", "apply")])
def test_who_applied_since_has_gone_forward_already(commands: tuple[str, ...]):
    assert told(*commands) == []


@pytest.mark.parametrize("commands", [("rollback to 2",), ("rollback to 2", "rollback to 3", "rollback to 4")])
def test_who_went_forward_again_has_what_the_file_asked_for(commands: tuple[str, ...]):
    """Also by way of another rollback."""
    assert told("apply", "apply", "rollback to 1", *commands) == []
    assert len(told("apply", "apply", "rollback to 1", *commands, "rollback to 3")) == 1


def test_who_went_back_from_what_failed_has_not_what_the_file_asked_for():
    failed = Record(2, about=About("apply"), result="failed")
    first, _, third = records("apply", "apply", "rollback to 1").all
    assert len(list(rolled_back(Records((first, failed, third)), [EDITED]))) == 1


def test_stop_and_its_like_ask_for_nothing_so_they_do_not_count():
    assert len(told("apply", "apply", "rollback to 1", "stop web")) == 1


def test_a_rollback_that_failed_was_put_back():
    """Then the file is no way back from it."""
    assert told("apply", "apply", "rollback to 1", last="failed") == []


def test_an_apply_that_failed_since_has_not_undone_it():
    assert len(told("apply", "apply", "rollback to 1", "apply", last="failed")) == 1


def is_told(*changes: Change, reached: tuple[str, ...] = ("service.web[1]",)) -> bool:
    known = Records((Record(3, about=About("rollback to 1"), result="succeeded", resources=frozenset(reached)),))
    return list(rolled_back(known, changes)) != []


def differs(*causes: Cause, action: Action = Action.UPDATE) -> Change:
    return Change("service.web[1]", action, "a", (FieldChange("a", "1", "2", causes, Effect.IN_PLACE),))


@pytest.mark.parametrize("cause", [Cause.EDIT, Cause.IMAGE, Cause.BUILD, Cause.UNKNOWN])
def test_what_the_file_or_its_image_asks_for_may_undo_it(cause: Cause):
    """Also where the same field drifted, or is beside one that did."""
    assert is_told(differs(cause))
    assert is_told(differs(Cause.DRIFT), differs(cause, Cause.DRIFT))


def test_what_drifted_and_what_follows_from_it_undoes_nothing():
    assert not is_told(differs(Cause.DRIFT), differs(Cause.DEPENDENCY), differs(Cause.DRIFT, action=Action.CREATE))
    assert not is_told(Change("image.busybox:1.37", Action.PULL, "missing"), differs(Cause.EDIT, action=Action.RECOVER))


def test_what_is_new_or_goes_by_the_file_may_undo_it():
    """But one that somebody made is no part of what the rollback reached."""
    assert is_told(Change("service.web[1]", Action.CREATE, "new"))
    gone = Change("service.web[1]", Action.REMOVE, "no longer in the stack")
    assert is_told(gone)
    assert not is_told(gone, reached=())


def plan(*, edited: bool, **options: bool) -> Plan:
    """Of a stack whose third revision was a rollback."""
    found = kept("contents")
    found.text = found.text.replace("mem_limit: 48M", "mem_limit: 64M") if edited else found.text
    known = found.observed.records
    observed = replace(found.observed, records=replace(known, all=records("apply", "apply", "rollback to 1").all))
    return make_plan(found.desired, observed, found.stack.place, Options(**options))


def test_a_plan_that_does_something_warns_of_it_in_every_form():
    assert MESSAGE in [each["message"] for each in json.loads(as_json(plan(edited=True)))["warnings"]]
    assert MESSAGE in as_markdown(plan(edited=True))


def test_a_plan_with_nothing_to_do_undoes_nothing():
    """The file was put right."""
    assert plan(edited=False).is_empty
    assert MESSAGE not in as_json(plan(edited=False))


def test_a_further_rollback_does_not_go_by_the_file():
    assert MESSAGE not in as_json(told_of(plan(edited=True), 2))


def image_field(cause: Cause, after: str = "web:1 @ 3f2a91") -> FieldChange:
    return FieldChange("image", "web:1 @ bb0c4d", after, (cause,), Effect.REPLACE)


def of_images(*fields: FieldChange, pinned: bool = True) -> list[str]:
    """The causes, as they are read, of a plan that goes back to the second revision."""
    changes = tuple(Change(f"service.s{n}[1]", Action.REPLACE, "image", (field,)) for n, field in enumerate(fields))
    told = told_of(replace(plan(edited=True), changes=changes), 2, pinned=pinned)
    return [cause_text(field) for change in told.changes for field in change.fields]


def test_an_image_of_a_rollback_is_asked_for_by_the_revision():
    """No tag was moved for it; one that is yet to be built says so itself."""
    above = image_field(Cause.BUILD, "(built above)")
    assert of_images(image_field(Cause.IMAGE), image_field(Cause.BUILD), above) == ["revision 2", "revision 2", ""]


def test_a_revision_that_does_not_say_which_images_it_ran_asks_for_none():
    (said,) = of_images(image_field(Cause.IMAGE), pinned=False)
    assert said == "the tag names another image now"
