"""Records: what is written is read again, and what is damaged hurts nobody."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from deployer.resources import identity
from deployer.resources.record_labels import begin_body, end_body, records_of, updates_of
from deployer.resources.records import Holder, Record, Records

ME = Holder("edge1", "boot", "pid:[1]", 42, "123", "ops")


def record(revision=1, **more):
    return Record(revision, nonce="n", holder=ME, expires=1000.0, origin="github.com/a/b//stack.yaml", salt="s", **more)


def volumes(*bodies):
    """What the engine lists when these volumes were created."""
    return [{"Name": body["Name"], "Labels": body["Labels"]} for body in bodies]


def test_what_is_begun_and_ended_is_read_again():
    """A revision is two volumes: one that takes the turn, one that says what was reached."""
    mine = record()
    ended = record(result="succeeded", updates={"id": {"mem_limit": 1}}, resources=frozenset({"service.web[1]"}))
    found = records_of(volumes(begin_body("shop", mine, "text"), end_body("shop", ended)), "shop")
    assert found.newest == record(
        result="succeeded",
        updates={"id": {"mem_limit": 1}},
        resources=frozenset({"service.web[1]"}),
        volumes=("shop.deployer.r1", "shop.deployer.r1.done"),
        has_stack=True,
    )
    assert (found.revision, found.salt, found.origin) == (1, "s", "github.com/a/b//stack.yaml")


def test_what_is_protected_is_read_again():
    """From the end, once there is one that can be read; a label that is no list of names is a damaged record's."""
    begun, done = record(protected=frozenset({"a", "b"})), record(result="succeeded", protected=frozenset({"b"}))
    bodies = volumes(begin_body("shop", begun, ""), end_body("shop", done))
    assert records_of(bodies[:1], "shop").protected == {"a": 1, "b": 1}
    assert records_of(bodies, "shop").protected == {"b": 1}
    bodies[1]["Labels"]["io.deployer.protected"] = "7"
    found = records_of(bodies, "shop")
    assert (found.newest and found.newest.damaged, found.protected) == (True, {"a": 1, "b": 1})


def test_a_revision_without_an_end_is_at_work_or_dead():
    """It has no result, and what it was to reach is not taken for reached."""
    found = records_of(volumes(begin_body("shop", record(resources=frozenset({"service.web[1]"})), "")), "shop")
    assert found.newest is not None
    assert found.newest.result == ""
    assert found.ended.resources == frozenset()


def test_what_became_of_a_revision_can_be_told_of_each():
    """Also of one that has no result: it is at work, or dead, or damaged."""
    records = Records((record(1, result="failed"), record(2), Record(3, damaged=True), record(4)), dead=frozenset({2}))
    assert [records.result_of(each) for each in records.all] == ["failed", "died", "damaged", "at work"]


def test_the_turn_that_one_holds_oneself_is_left_out():
    """Who has the turn looks at the engine as it was before."""
    found = records_of(volumes(begin_body("shop", record(1), ""), begin_body("shop", record(2), "")), "shop", holding=2)
    assert found.revision == 1


def test_records_are_told_by_their_whole_name():
    """Another stack's records, and volumes that only look like some, are no business of ours."""
    names = ["shop2.deployer.r1", "my-shop.deployer.r1", "shop.deployer.r", "shop.deployer.r1.done.x", "shop_data"]
    assert records_of([{"Name": name, "Labels": None} for name in names], "shop") == Records()


@pytest.mark.parametrize(
    ("volume", "is_one"),
    [
        ("shop.deployer.r1", True),
        ("shop.deployer.r12.done", True),
        ("shop.deployer.r1.2", True),
        ("my.deployer.results", False),
        ("my.deployer.r1.data", False),
    ],
)
def test_a_volume_whose_name_only_looks_like_a_records_is_a_volume(volume: str, is_one: bool):
    assert identity.is_record(volume) == is_one


@pytest.mark.parametrize(
    "labels", [None, {}, {"io.deployer.holder": "{"}, {"io.deployer.holder": "[]", "io.deployer.expires": "x"}]
)
def test_a_damaged_record_counts_by_its_number_alone(labels):
    """Nothing that stands in labels makes the tool stumble; the number is taken all the same."""
    found = records_of([{"Name": "shop.deployer.r7", "Labels": labels}], "shop")
    assert found.revision == 7
    assert found.newest is not None
    assert found.newest.holder is None


def test_ten_newer_ones_that_succeeded_make_a_record_needless():
    """Failed revisions do not push out the last ones that worked."""
    bodies = [
        body
        for number in range(1, 14)
        for body in (
            begin_body("shop", record(number), ""),
            end_body("shop", record(number, result="failed" if number == 12 else "succeeded")),
        )
    ]
    assert [old.revision for old in records_of(volumes(*bodies), "shop").outdated()] == [1, 2]


def test_ten_newer_ones_that_failed_make_a_failed_one_needless():
    """Whoever tries again and again fills nothing; what can be gone back to stays."""
    results = ["succeeded", "failed", "interrupted", "died", *["failed"] * 4, *["interrupted"] * 6]
    bodies = [
        body
        for number, result in enumerate(results, 1)
        for body in (begin_body("shop", record(number), ""), end_body("shop", record(number, result=result)))
    ]
    assert [old.revision for old in records_of(volumes(*bodies), "shop").outdated()] == [2, 3, 4]


def test_what_a_dead_holder_was_to_change_counts_where_it_shows():
    """It may have died before or after the engine took it."""
    dead = record(2, updates={"a": {"mem_limit": 2, "cpus": 5}, "gone": {"mem_limit": 2}})
    bodies = [
        begin_body("shop", record(1), ""),
        end_body("shop", record(1, result="succeeded", updates={"a": {"mem_limit": 1, "restart": "no"}})),
        begin_body("shop", dead, ""),
    ]
    found = replace(records_of(volumes(*bodies), "shop"), dead=frozenset({2}))
    living = {"a": {"mem_limit": 2, "cpus": 4, "restart": "no"}}
    updates = updates_of(found, living, lambda id, row, value: living[id].get(row) == value)
    assert updates == {"a": {"mem_limit": 2, "restart": "no"}}


def test_who_lives_is_at_work_and_who_is_dead_has_abandoned_it():
    """A revision that has ended is neither."""
    found = records_of(volumes(begin_body("shop", record(1), ""), begin_body("shop", record(2), "")), "shop")
    assert [each.revision for each in replace(found, dead=frozenset({1})).abandoned] == [1]
    assert replace(found, dead=frozenset({1})).at_work == found.newest
    assert replace(found, dead=frozenset({1, 2})).at_work is None


def test_what_a_dead_holder_was_to_reach_is_not_reached_though_its_record_was_ended():
    """Who came after it says what is there."""
    bodies = [
        begin_body("shop", record(1), ""),
        end_body("shop", record(1, result="succeeded", resources=frozenset({"service.web[1]"}))),
        begin_body("shop", record(2), ""),
        end_body("shop", record(2, result="died")),
    ]
    assert records_of(volumes(*bodies), "shop").ended.revision == 1


def test_what_a_later_version_says_of_a_holder_is_left_out():
    """And the rest is read."""
    body = begin_body("shop", record(), "")
    holder = json.dumps({**json.loads(body["Labels"]["io.deployer.holder"]), "colour": "red"})
    labels = {**body["Labels"], "io.deployer.holder": holder}
    assert records_of([{"Name": body["Name"], "Labels": labels}], "shop").all[0].holder == ME
