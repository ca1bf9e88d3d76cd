"""An upgrade plans nothing: what an earlier deployer wrote is read by this one as it was meant.

A commit that changes what labels or records hold, or how a row's value is written there, keeps a fixture of what it
writes: `scripts/keep_format.py NAME`, with an engine to try on. `docs/records.md` says what changed.
"""

from __future__ import annotations

from pathlib import Path

from deployer.history.entries import entries
from deployer.plan.model import Cause
from deployer.plan.planner import make_plan
from deployer.project import Project
from deployer.resources.identity import APPLIED
from deployer.resources.record_labels import desired_of
from deployer.resources.revisions import tree_in
from deployer.rollback import Kept as Revision
from deployer.rollback import gone_back
from tests.upgrades.kept import FOLDER, FORMATS, HERE, STACK, Kept, as_read, relabel


def told(kept: Kept) -> list[tuple[str, ...]]:
    return [(each.address, each.action.value, *(field.field for field in each.fields)) for each in kept.plan.changes]


def test_a_stack_that_an_earlier_deployer_applied_has_an_empty_plan(each_format: Kept):
    """Every label and record is read, none is called damaged, and nothing differs."""
    plan = each_format.plan

    assert told(each_format) == []
    assert [warning.code for warning in plan.warnings] == []
    assert len(plan.unchanged) >= len(each_format.state["containers"])


def test_what_an_earlier_deployer_asked_for_is_known(each_format: Kept):
    """So that a change has its cause: of each container what was asked, and what was updated in place since."""
    observed = each_format.observed
    web = next(each for each in observed.containers if each.service == "web")

    assert all(each.applied for each in observed.containers)
    assert observed.records.updates[web.id]["mem_limit"] == 48 * 1024 * 1024
    assert observed.records.salt
    assert observed.records.ended.result == "succeeded"


def test_an_edit_after_an_upgrade_is_called_an_edit_and_a_drift_a_drift(each_format: Kept):
    """The three sides are told apart, sensitive values by their salted hashes."""
    each_format.text = each_format.text.replace("DB_PASSWORD: fixture", "DB_PASSWORD: another")
    each_format.container("web")["HostConfig"]["NanoCpus"] = 250_000_000

    fields = {
        field.field: field.causes
        for change in each_format.plan.changes
        if change.address == "service.web[1]"
        for field in change.fields
    }

    assert fields.pop("environment.DB_PASSWORD") == (Cause.EDIT,)
    assert fields.pop("cpus") == (Cause.DRIFT,)
    assert fields == {}


def test_every_fixture_says_what_it_was_written_from():
    """A stack and what the engine showed of it; the newest holds every service that there is one for."""
    assert {"first", "contents", "revision", "protected", "around"} <= set(FORMATS)
    newest = Kept((HERE / "around" / "stack.yaml").read_text(), {})
    whole = Kept((HERE / "stack.yaml").read_text(), {})
    assert newest.stack.services.keys() == whole.stack.services.keys()


def test_every_revision_of_an_earlier_deployer_is_listed_and_can_be_gone_back_to(each_format: Kept):
    """Its stack is read again as it was asked for: going back to the newest is no change at all."""
    records = each_format.observed.records
    assert [each.result for each in entries(records)] == ["succeeded"] * len(records.all)

    for record in records.all:
        tree = tree_in(desired_of(each_format.state["volumes"], STACK, record.revision))
        assert tree
        back = gone_back(Project(each_format.stack, Path(FOLDER, "stack.yaml")), Revision(record, tree))
        stack = back.project.stack
        plan = make_plan(as_read(stack), each_format.observed, stack.place)

    assert ([(each.address, each.fields) for each in plan.changes], back.changed) == ([], ())


def test_what_is_protected_is_known_where_a_record_says_so(each_format: Kept):
    """Records of an earlier deployer say nothing of it."""
    says = "ledger" in each_format.desired.volumes
    assert each_format.observed.records.protected == ({f"{STACK}_ledger": 2} if says else {})


def test_a_later_format_is_unknown_and_nothing_is_done_for_it(each_format: Kept):
    """A label of a deployer to come tells nothing: a difference has no known cause, and what is the same stays."""
    relabel(each_format.container("web"), APPLIED, '{"format":2}')
    assert told(each_format) == []

    each_format.text = each_format.text.replace("MODE: production", "MODE: test")
    (web,) = [change for change in each_format.plan.changes if change.address == "service.web[1]"]
    assert [(field.field, field.causes) for field in web.fields] == [("environment.MODE", (Cause.UNKNOWN,))]
