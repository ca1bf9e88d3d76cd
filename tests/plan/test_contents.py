"""`x-deployer: {reload: {./conf: ...}}`: what a mounted file holds is compared with what the container has taken up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from deployer.errors import InvalidStack
from deployer.plan.model import Action, Call, Cause, Change, Plan
from deployer.plan.planner import make_plan
from deployer.render.plan_text import as_text
from deployer.resources.applied import CONTENTS
from deployer.resources.as_read import with_bound
from deployer.resources.desired import BoundContent, Desired
from deployer.resources.wire import EngineInfo
from tests.upgrades.kept import Kept, kept

FIELD = "volumes./etc/shop content"
BEFORE_THE_START, SINCE_THE_START = 1.0, 4_000_000_000.0


def holding(found: Kept, digest: str, *, changed: float = SINCE_THE_START, files: Mapping[str, str] = {}) -> Desired:
    def read(_: str, known: BoundContent) -> BoundContent:
        return replace(known, digest=digest, changed=changed, files=files)

    return with_bound(found.desired, read)


def plan_of(found: Kept, desired: Desired, recall: Mapping[str, Mapping[str, str]] | None = None) -> Plan:
    def recalled(name: str, _: str) -> Mapping[str, str] | None:
        return (recall or {}).get(name)

    return make_plan(desired, found.observed, found.stack.place, recall=recalled)


def watching(way: str = "restart") -> Kept:
    found = kept("contents")
    found.text = found.text.replace("./conf: restart", f"./conf: {way}")
    return found


def only(plan: Plan) -> Change:
    (change,) = plan.changes
    assert change.address == "service.watched[1]"
    return change


def test_another_content_is_an_edit_that_takes_what_the_file_says():
    """A restart, a replacement, a signal: each with the field, its cause, and no value of it."""
    ways = {"restart": Action.RESTART, "replace": Action.REPLACE, "SIGHUP": Action.UPDATE}
    for way, action in ways.items():
        found = watching(way)
        change = only(plan_of(found, holding(found, "another")))

        (field,) = change.fields
        assert (change.action, field.field, field.causes) == (action, FIELD, (Cause.EDIT,))
        assert (field.before, field.after, field.note) == (None, None, "./conf changed")


def test_a_signal_is_sent_and_the_container_waited_for():
    """One that takes the signal for its end is started again, and so it is if the change is taken back."""
    found = watching("hup")
    change = only(plan_of(found, holding(found, "another")))

    kill, wait = change.steps
    assert (kill.call, kill.payload, wait.call) == (Call.KILL, "SIGHUP", Call.AWAIT_READY)
    assert str(wait).endswith("(started again if SIGHUP ends it)")
    assert kill.undo == (wait,)
    assert change.detail == "SIGHUP sent, no restart unless the program ends by it"


def test_what_becomes_of_a_signal_is_told_at_the_line_that_asks_for_it():
    """The wait knows that line, how often the engine had restarted the container, and since when it has run."""
    found = watching("hup")
    found.container("watched")["RestartCount"] = 3
    change = only(plan_of(found, holding(found, "another")))

    wait = change.steps[-1].payload
    assert (wait.restarts, wait.signalled.signal) == (3, "SIGHUP")
    assert wait.signalled.started_at == found.container("watched")["State"]["StartedAt"]
    assert "./conf: hup" in found.text.splitlines()[wait.signalled.place.line - 1]


@pytest.mark.parametrize("way", ["restart", "SIGHUP"])
def test_what_it_has_taken_up_goes_into_the_records(way: str):
    """Salted, for a container's labels cannot change; so the next plan is empty."""
    found = watching(way)
    change = only(plan_of(found, holding(found, "another")))

    assert change.updates
    id, rows = change.updates
    assert rows.keys() == {CONTENTS}
    assert "another" not in rows[CONTENTS].values()
    updates = {**found.observed.records.updates, id: rows}
    after = replace(found.observed, records=replace(found.observed.records, updates=updates))
    assert make_plan(holding(found, "another"), after, found.stack.place).is_empty


def test_a_replacement_has_it_in_its_label():
    """As every other field; and the salt that goes with it."""
    found = watching("replace")
    change = only(plan_of(found, holding(found, "another")))

    create = next(step for step in change.steps if step.call is Call.CREATE)
    assert '"contents":{"/etc/shop":"sha256:' in create.payload.body["Labels"]["io.deployer.applied"]
    assert create.payload.body["Labels"]["io.deployer.salt"] == found.observed.records.salt


def test_the_files_that_changed_are_named_where_they_are_known():
    """Three of them, and how many more."""
    found = watching()
    before = {"content of watched /etc/shop": {"a": "1", "b": "1", "c": "1", "d": "1", "same": "1"}}
    after = {"b": "2", "c": "2", "d": "2", "same": "1"}

    plan = plan_of(found, holding(found, "another", files=after), before)

    assert only(plan).fields[0].note == "a, b, c and 1 more changed"
    assert "a, b, c and 1 more changed" in as_text(plan)


@pytest.mark.parametrize(("changed", "differs"), [(BEFORE_THE_START, False), (SINCE_THE_START, True)])
def test_without_a_record_what_changed_since_the_start_is_a_difference(changed: float, differs: bool):
    """Of a container that was made before the file said `reload`, or by Compose: the times tell."""
    found = kept("contents")
    found.text = found.text.replace("\n  mounts:\n", "\n  mounts:\n    x-deployer: {reload: {./conf: restart}}\n")
    watched = holding(found, "another", changed=changed)
    mounts = replace(watched.services["mounts"])
    plan = plan_of(found, replace(found.desired, services={**found.desired.services, "mounts": mounts}))

    fields = [(change.address, field.field, field.causes) for change in plan.changes for field in change.fields]
    assert fields == ([("service.mounts[1]", FIELD, (Cause.UNKNOWN,))] if differs else [])


def test_a_container_that_does_not_run_gets_no_signal():
    """It reads what is there at its start, and that goes into the records."""
    found = watching("SIGHUP")
    found.container("watched")["State"] |= {"Status": "exited", "Running": False, "ExitCode": 1}
    change = only(plan_of(found, holding(found, "another")))

    assert Call.KILL not in [step.call for step in change.steps]
    assert Call.START in [step.call for step in change.steps]
    assert change.updates


def test_what_keeps_restarting_gets_no_signal():
    """It has what is there from its next start on."""
    found = watching("SIGHUP")
    found.container("watched")["State"] |= {"Status": "restarting", "Restarting": True, "ExitCode": 1}
    change = only(plan_of(found, holding(found, "another")))

    assert Call.KILL not in [step.call for step in change.steps]


def test_an_engine_on_another_machine_is_refused_at_the_line():
    """What is mounted there cannot be read from here, and nothing is ignored in silence."""
    found = watching()
    observed = replace(found.observed, engine=EngineInfo("ssh://ops@edge", "28", "1.51"))

    with pytest.raises(InvalidStack) as caught:
        make_plan(found.desired, observed, found.stack.place)

    mistake = next(each for each in caught.value.diagnostics if each.code == "reload-elsewhere")
    assert "edge" in mistake.message
    assert mistake.place
    assert "./conf: restart" in found.text.splitlines()[mistake.place.line - 1]


def test_without_reload_the_plan_is_silent_and_verbose_says_so():
    """What is in a mounted folder is not compared: who wants to know, is told."""
    plan = kept("contents").plan

    assert "not compared" not in as_text(plan)
    (line, _) = [line for line in as_text(plan, verbose=True).splitlines() if "not compared" in line]
    assert line.split() == ["=", "service.mounts", "not", "compared:", "what", "is", "in", "./conf"]


def test_a_signal_for_a_mounted_file_is_warned_of():
    """An editor puts a new file in its place, and the mount stays with the old one."""
    found = watching("SIGHUP")
    desired = with_bound(found.desired, lambda _, known: replace(known, is_file=True))

    assert [warning.code for warning in plan_of(found, desired).warnings] == ["reload-file"]
    found = watching("restart")
    desired = with_bound(found.desired, lambda _, known: replace(known, is_file=True))
    assert not plan_of(found, desired).warnings
