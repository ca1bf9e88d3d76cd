"""The history for people and for programs."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from syrupy.assertion import SnapshotAssertion

from deployer.fields.field import Effect
from deployer.history.compare import Difference, differences, images_between
from deployer.history.entries import Entry
from deployer.plan.model import STATE, Action, Call, Cause, Change, FieldChange, Plan, Step
from deployer.render.change_line import change_line, change_lines, lines_by_end
from deployer.render.history import (
    as_json,
    as_text,
    differences_as_json,
    differences_as_text,
    revision_as_json,
    revision_as_text,
)
from deployer.render.times import time_text
from deployer.resources.revisions import KeptImage
from deployer.resources.wire import EngineInfo

COMMIT = "2bc5914ede2e2a2c2bf1d4807c3d210abe438744"
ENTRIES = [
    Entry(1, 0.0, "", "", "", "", "", False, "damaged", "its record is damaged"),
    Entry(2, 1772442871.0, "anna", "edge1", "apply", "~ web[1] replace: image", COMMIT, False, "succeeded", ""),
    Entry(
        *(
            3,
            1772442971.0,
            "ben",
            "edge1",
            "rollback to 2",
            "~ web[1] replace: a, b, c and 1 more; 1 more",
            COMMIT,
            True,
            "at work",
        ),
        why_not="it has not ended",
        changes=("~ web[1] replace: a, b, c, d", "- old[1]"),
    ),
]
TREE = {
    "name": "shop",
    "services": {"web": {"environment": {"DB_PASSWORD": "(sensitive)", "MODE": "a"}, "image": "web"}},
    "configs": {"site": {"name": "shop_site", "content": "listen 80"}},
}
IMAGES = {"build.web": KeptImage("shop/web:5cb41d555ee662d8", f"sha256:{'3aafc9' * 10}")}


def test_the_history_is_a_table(snapshot: SnapshotAssertion):
    """What is not known is a dash."""
    assert as_text(ENTRIES) == snapshot


def test_the_history_as_json(snapshot: SnapshotAssertion):
    assert as_json("shop", ENTRIES) == snapshot


def test_a_revision_is_yaml_after_what_is_known_of_it(snapshot: SnapshotAssertion):
    """What a config holds is not shown, as `deployer config` does not."""
    assert revision_as_text(ENTRIES[2], TREE, IMAGES) == snapshot


def test_a_revision_that_failed_says_why():
    """In the line that says what is known of it; nothing in it can break out of that."""
    failed = replace(ENTRIES[1], result="failed", failure="web ended with 3\nname: evil")
    first, second, *_ = revision_as_text(failed, TREE, {}).splitlines()
    assert first.startswith("# revision 2, 2026-03-02 09:14:31 UTC; by anna on edge1; apply; commit ")
    assert first.endswith(r"; failed: web ended with 3\nname: evil")
    assert second == "name: shop"


HALF_WAY = replace(
    ENTRIES[1],
    result="failed",
    changes=("+ volume.data", "~ web[1..2] replace: image", "~ db[1] update: mem_limit"),
    became={
        "done": ("+ volume.data",),
        "put back": ("~ web[1..2] replace: image",),
        "not done": ("~ db[1] update: mem_limit",),
    },
)


def test_a_revision_that_failed_says_what_stays_done_and_what_was_put_back():
    """What was put back was not changed."""
    told = "done: + volume.data; put back: ~ web[1..2] replace: image; not done: ~ db[1] update: mem_limit"
    assert as_text([HALF_WAY]).splitlines()[1].endswith(f"  failed  apply    {told}")
    assert revision_as_text(HALF_WAY, TREE, {}).splitlines()[1:7] == [
        "# done:",
        "#   + volume.data",
        "# put back:",
        "#   ~ web[1..2] replace: image",
        "# not done:",
        "#   ~ db[1] update: mem_limit",
    ]


@pytest.mark.parametrize("result", ["died", "failed", "at work"])
def test_what_has_no_end_that_is_known_is_not_said_to_be_changed(result: str):
    """It died, or an earlier deployer did not say what became of it."""
    entry = replace(ENTRIES[1], result=result, changes=("~ web[1] replace: image",))
    assert as_text([entry]).splitlines()[1].endswith("  to change: ~ web[1] replace: image")
    assert revision_as_text(entry, TREE, {}).splitlines()[1:3] == ["# to change:", "#   ~ web[1] replace: image"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_a_time_is_the_same_wherever_it_is_read(zone: str, monkeypatch: pytest.MonkeyPatch):
    """And says its zone: two people speak of the same one."""
    with monkeypatch.context() as context:
        context.setenv("TZ", zone)
        time.tzset()
        assert time_text(1772442871.0) == "2026-03-02 09:14:31 UTC"
        assert time_text(0) == ""
    time.tzset()


def test_a_revision_as_json_holds_no_config_either():
    found = json.loads(revision_as_json("shop", ENTRIES[1], TREE, IMAGES))
    assert found["resolved"]["configs"]["site"]["content"] == "(sensitive)"
    assert found["images"]["build.web"]["reference"] == "shop/web:5cb41d555ee662d8"
    assert (found["revision"]["revision"], found["format_version"]) == (2, 1)


AFTER = {
    "name": "shop",
    "services": {"web": {"environment": {"DB_PASSWORD": "(sensitive)", "MODE": "b\x1b[31m"}, "image": "web"}},
    "configs": {"site": {"name": "shop_site", "content": "listen 81"}},
    "volumes": {"data": {"name": "shop_data"}},
}


def found() -> list[Difference]:
    other = {"build.web": KeptImage("shop/web:55114a9a4aa0047a", f"sha256:{'7e7aaa' * 10}")}
    return [*differences(TREE, AFTER), *images_between(IMAGES, other)]


def test_two_revisions_compared(snapshot: SnapshotAssertion):
    """Nothing that is printed can harm a terminal."""
    assert differences_as_text("shop", 2, 3, found()) == snapshot


def test_two_revisions_compared_as_json():
    assert "listen" not in differences_as_json("shop", 2, 3, found())


def test_two_revisions_that_asked_for_the_same():
    assert differences_as_text("shop", 2, 3, []).endswith(
        "The same was asked for, secrets apart: of these no revision keeps anything."
    )


def plan(*changes: Change) -> Plan:
    return Plan("shop", "origin", EngineInfo("unix:///x", "28", "1.51"), 1, changes, (), (), "sha256:1")


def field(name: str) -> FieldChange:
    return FieldChange(name, "before", "after", (Cause.EDIT,), Effect.REPLACE)


def test_what_changed_is_a_line_without_values():
    """Replicas are one; what was there before, and old images that go in passing, are left out."""
    changes = (
        Change("build.web", Action.BUILD, "new"),
        *(Change(f"service.web[{n}]", Action.REPLACE, "x", tuple(map(field, "abcde"))) for n in (1, 2, 3)),
        Change("build.web:123", Action.REMOVE, "old", steps=(Step(Call.REMOVE_IMAGE, "x"),)),
        Change("volume.data", Action.KEPT, "x"),
        Change("service.old[1]", Action.REMOVE, "gone"),
    )
    assert change_line(plan(*changes)) == "+ build.web; ~ web[1..3] replace: a, b, c and 2 more; - old[1]"


def test_each_change_says_what_its_sign_alone_does_not_tell():
    """The signs are those of the plan, where `~` stands for what is replaced and for what goes on running."""
    changes = (
        Change("service.db[1]", Action.UPDATE, "x", (field("mem_limit"),)),
        Change("service.web[1]", Action.REPLACE, "x", (field("image"),)),
        Change("service.job[1]", Action.RESTART, "x"),
        Change("service.old[1]", Action.STOP, "x"),
        Change("service.older[1]", Action.REMOVE, "x"),
    )
    assert change_lines(plan(*changes)) == (
        "~ db[1] update: mem_limit",
        "~ web[1] replace: image",
        "> job[1] restart",
        "- old[1] stop",
        "- older[1]",
    )


def test_what_somebody_removed_or_stopped_is_how_it_was_found_and_not_what_was_done():
    def found(state: str) -> tuple[FieldChange, ...]:
        return (FieldChange(STATE, state, "running", (Cause.DRIFT,), Effect.REPLACE),)

    changes = (
        Change("service.web[1]", Action.CREATE, "removed since", found("removed")),
        Change("service.db[1]", Action.START, "state", found("exited (137)")),
    )
    assert change_line(plan(*changes)) == "+ web[1] create again: found removed; > db[1] start: found exited (137)"


def test_all_that_changed_is_there_with_all_fields():
    """However much that is."""
    changes = (Change(f"service.{name}[1]", Action.REPLACE, "x", tuple(map(field, "abcde"))) for name in ("web", "db"))
    assert change_lines(plan(*changes)) == ("~ web[1] replace: a, b, c, d, e", "~ db[1] replace: a, b, c, d, e")


def test_changes_are_told_by_what_became_of_them():
    """Replicas that fared alike are one."""
    changes = (
        Change("volume.data", Action.CREATE, "new"),
        *(Change(f"service.web[{n}]", Action.REPLACE, "x", (field("a"),)) for n in (1, 2, 3)),
    )
    became = {
        "service.web[1]": "put back",
        "service.web[2]": "not done",
        "service.web[3]": "not done",
        "volume.data": "done",
    }
    assert list(lines_by_end(plan(*changes), became).items()) == [
        ("done", ("+ volume.data",)),
        ("put back", ("~ web[1] replace: a",)),
        ("not done", ("~ web[2..3] replace: a",)),
    ]


def test_what_is_too_much_for_a_line_is_counted():
    line = change_line(plan(*(Change(f"service.a-long-name-{n}[1]", Action.CREATE, "new") for n in range(40))))
    assert line.endswith("; 32 more")
    assert len(line) < 180


def test_sizes_are_in_the_units_of_a_plan():
    """For people; JSON has the tree as it is kept."""
    web = {"mem_limit": "314572800", "memswap_limit": "-1", "environment": {"mem_limit": "314572800"}}
    limits = {"deploy": {"resources": {"limits": {"memory": "67108865"}}}}
    tree = {**TREE, "services": {"web": web, "db": limits}}
    shown = revision_as_text(ENTRIES[1], tree, {})
    assert "\n    mem_limit: 300m\n" in shown
    assert '\n      mem_limit: "314572800"\n' in shown
    assert 'memory: "67108865"' in shown
    assert json.loads(revision_as_json("shop", ENTRIES[1], tree, {}))["resolved"]["services"]["web"] == web
    found = [
        Difference("services.web.mem_limit", "314572800", "67108864"),
        Difference("services.web.environment.mem_limit", "314572800", "67108864"),
    ]
    assert [line.split("  ")[-1] for line in differences_as_text("shop", 1, 2, found).splitlines()[2:]] == [
        "300m -> 64m",
        "314572800 -> 67108864",
    ]
