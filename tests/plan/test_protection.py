"""What is protected is removed by no command: because the file says so, or because the newest record does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from deployer.plan.destroying import plan_destroy
from deployer.plan.model import Action, Call, Plan
from deployer.plan.planner import Options, make_plan
from deployer.plan.protection import protected_volumes
from deployer.plan.removing import Removal, plan_rm
from deployer.render.plan_text import as_text
from deployer.resources.observed import Observed
from deployer.resources.records import Record, Records
from tests.upgrades.kept import FOLDER, ORIGIN, STACK, Kept, kept

DATA = "upgrades_data"


def said(protect: str) -> Kept:
    """The stack, whose volume says that."""
    found = kept("contents")
    found.text = found.text.replace("\n  data:\n", f"\n  data:\n    protect: {protect}\n" if protect else "\n  data:\n")
    return found


def with_records(observed: Observed, *protected: str) -> Observed:
    """As it is once an apply has ended that left these protected."""
    record = Record(7, origin=ORIGIN, result="succeeded", protected=frozenset(protected))
    return replace(observed, records=replace(observed.records, all=(*observed.records.all, record)))


def destroyed(found: Kept, observed: Observed) -> Plan:
    protected = protected_volumes(found.desired.volumes.values(), observed, found.stack.place)
    return plan_destroy(STACK, ORIGIN, FOLDER, observed, Options(volumes=True), protected=protected)


def of_data(plan: Plan) -> Mapping[str, object]:
    (change,) = (each for each in plan.changes if each.address == "volume.data")
    return {"action": change.action, "reason": change.reason, "protects": change.protects}


def test_a_volume_that_the_file_protects_is_kept_and_the_line_is_said():
    found = said("true")
    plan = destroyed(found, found.observed)
    at = next(number for number, line in enumerate(found.text.splitlines(), 1) if "protect" in line)
    assert of_data(plan) == {
        "action": Action.KEPT,
        "reason": f"protected (stack.yaml:{at})",
        "protects": (DATA, True),
    }
    (line,) = (each for each in as_text(plan).splitlines() if "! volume.data" in each)
    assert (
        line.split("kept")[1].strip()
        == f"protected (stack.yaml:{at}): to let it go, apply a file that names it without `protect`"
    )


@pytest.mark.parametrize("protect", ["", "false"])
def test_a_volume_that_only_the_newest_record_protects_is_kept(protect: str):
    """The file was edited, and not applied."""
    found = said(protect)
    plan = destroyed(found, with_records(found.observed, DATA))
    assert of_data(plan)["reason"] == "protected (revision 7)"


def test_a_volume_that_nothing_protects_goes():
    found = said("false")
    assert of_data(destroyed(found, with_records(found.observed)))["action"] is Action.REMOVE


def test_a_volume_without_a_name_that_got_one_and_protection_stays_with_its_container():
    """`docker rm -v` would take it along, and all the others of that container."""
    found = said("true")
    nameless = next(each for each in found.observed.containers if each.anonymous)
    (name, *_) = nameless.anonymous.values()
    observed = with_records(found.observed, name)
    for plan in (
        destroyed(found, observed),
        plan_rm(found.desired, observed, Removal((nameless.service,), running=True, data=True)),
    ):
        (change,) = (each for each in plan.changes if each.address == nameless.address)
        assert not any(step.call is Call.REMOVE_VOLUME for step in change.steps)
        assert not any(step.call is Call.REMOVE and step.payload for step in change.steps)


@pytest.mark.parametrize(("recorded", "protect"), [(False, "true"), (True, "false"), (True, "")])
def test_protection_that_comes_or_goes_is_a_change_of_the_records_alone(recorded: bool, protect: str):
    """So that it is seen, asked for and written down; no step is needed for it."""
    found = said(protect)
    observed = with_records(found.observed, *([DATA] if recorded else ()))
    (change,) = make_plan(found.desired, observed, found.stack.place).changes
    assert (change.address, change.action, change.steps) == ("volume.data", Action.UPDATE, ())
    assert [field.field for field in change.fields] == ["protect"]
    assert change.protects == (DATA, not recorded)


@pytest.mark.parametrize(("recorded", "protect"), [(False, ""), (False, "false"), (True, "true")])
def test_protection_that_is_as_it_was_is_no_change(recorded: bool, protect: str):
    found = said(protect)
    observed = with_records(found.observed, *([DATA] if recorded else ()))
    assert make_plan(found.desired, observed, found.stack.place).is_empty


def test_a_protected_volume_that_the_file_no_longer_names_stays_protected():
    found = said("")
    found.text = found.text.replace("\n  data:\n", "\n  store:\n").replace("data:/var/lib", "store:/var/lib")
    found.text = found.text.replace("source: data\n", "source: store\n")
    observed = with_records(found.observed, DATA)
    plan = make_plan(found.desired, observed, found.stack.place)
    assert of_data(plan) == {
        "action": Action.KEPT,
        "reason": "no longer in the stack, protected (revision 7)",
        "protects": (DATA, True),
    }


def records(*all: Record) -> Records:
    return Records(all)


def ended(revision: int, *names: str, result: str = "succeeded") -> Record:
    return Record(revision, result=result, protected=frozenset(names))


def test_the_newest_record_that_has_ended_says_what_is_protected():
    assert records(ended(1, "a", "b"), ended(2, "b")).protected == {"b": 2}


@pytest.mark.parametrize("result", ["", "died"])
def test_a_record_whose_holder_died_takes_no_protection_away(result: str):
    """Nobody knows how far it came: what it would have protected is protected, too."""
    assert records(ended(1, "a"), ended(2, "b", result=result)).protected == {"a": 1, "b": 2}


def test_a_record_that_says_nothing_takes_no_protection_away():
    """It is damaged, or of an earlier deployer."""
    assert records(ended(1, "a"), Record(2, result="succeeded")).protected == {"a": 1}
