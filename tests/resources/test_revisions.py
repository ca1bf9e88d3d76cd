"""What a revision keeps fits, comes back, and is nothing where it is damaged."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.resources.record_labels import (
    begin_body,
    desired_of,
    end_body,
    further_bodies,
    images_asked,
    images_of,
    records_of,
)
from deployer.resources.revisions import (
    BECAME,
    PIECE,
    About,
    KeptImage,
    about_of,
    images_in,
    images_text,
    packed,
    pieces,
    services_images,
    tree_in,
    unpacked,
)
from tests.resources.test_records import record, volumes

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    st.builds(
        About,
        texts,
        texts,
        texts,
        st.booleans(),
        texts,
        st.lists(texts).map(tuple),
        st.integers(1),
        st.lists(texts).map(tuple),
        became=st.dictionaries(st.sampled_from(BECAME), st.lists(texts, min_size=1).map(tuple)),
        again=st.booleans(),
    )
)
def test_how_it_came_about_is_read_again(about: About):
    assert about_of(about.as_text()) == about


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "[" * 100_000, '{"keep": 0}', '{"keep": true, "inactive": 1, "became": {"done": 1}}'],
)
def test_of_what_is_damaged_nothing_is_known(text: str):
    assert about_of(text) == About()


def test_what_a_later_version_says_besides_is_let_be():
    assert about_of('{"command": "apply", "weather": "fine"}') == About("apply")


def test_an_earlier_version_did_not_say_what_failed_and_what_became_of_it():
    said = about_of('{"command": "apply"}')
    assert (said.failure, said.became, said.again) == ("", {}, False)


def test_images_are_read_again():
    base = KeptImage("a:1", "sha256:1", ("a@sha256:2",))
    images = {"build.web": KeptImage("shop/web:1", "sha256:3", (), {"a:1": base}), "image.a:1": base}
    assert images_in(images_text(images)) == images


@pytest.mark.parametrize("text", ["", "x", packed([]), packed({"a": {}}), packed({"services": []}), "[" * 10_000])
def test_damaged_images_and_stacks_are_none(text: str):
    assert (images_in(text), tree_in(text)) == ({}, None)


def test_what_is_cut_off_is_no_stack():
    text = packed({"services": {"web": {"image": "a" * 1000}}})
    assert tree_in(text[: len(text) // 2]) is None
    with pytest.raises(ValueError, match="early"):
        unpacked(packed(list(range(1000)))[:400])


def long_stack() -> dict[str, dict[str, object]]:
    """What hardly shrinks: several pieces of it."""
    random.seed(1)
    return {"services": {f"s{number}": {"image": random.randbytes(500).hex()} for number in range(500)}}


def test_a_long_stack_lies_in_several_volumes_and_comes_back():
    tree = long_stack()
    text = packed(tree)
    assert len(pieces(text)) > 1
    assert all(len(piece) <= PIECE for piece in pieces(text))
    found = volumes(begin_body("shop", record(3), text), *further_bodies("shop", 3, text), end_body("shop", record(3)))

    assert tree_in(desired_of(found, "shop", 3)) == tree
    assert tree_in(desired_of(found[:-2], "shop", 3)) is None, "a piece is missing"


def test_the_pieces_go_with_their_record_and_first():
    """What is left of a record whose removal was cut off is still a record, or none."""
    text = packed(long_stack())
    found = volumes(*further_bodies("shop", 3, text), begin_body("shop", record(3), text))
    records = records_of(found, "shop")

    assert records.all[0].volumes[-1] == "shop.deployer.r3"
    assert len(records.all[0].volumes) == len(found)
    assert records_of(found[:-1], "shop").strays == tuple(each["Name"] for each in found[:-1])
    assert records_of(found[:-1], "shop").all == ()


def test_three_hundred_services_fit_in_one_volume():
    """As services are that are much alike."""
    service = {"image": "busybox:1.37", "networks": {"default": None}, "restart": "unless-stopped", "mem_limit": "64m"}
    tree = {"services": {f"s{number}": {**service, "environment": {"N": str(number)}} for number in range(300)}}
    assert len(pieces(packed(tree))) == 1


def test_images_are_found_where_the_revision_ended():
    found = volumes(begin_body("shop", record(1), ""), end_body("shop", record(1), "text"))
    assert (images_of(found, "shop", 1), images_of(found, "shop", 2)) == ("text", "")


def test_restarts_push_no_apply_out_of_the_history():
    """Of what asked for a stack only such counts; of the rest, all."""
    commands = ["apply"] * 3 + ["restart web"] * 12
    bodies = [
        body
        for number, command in enumerate(commands, 1)
        for body in (
            begin_body("shop", record(number, about=About(command)), ""),
            end_body("shop", record(number, about=About(command), result="succeeded")),
        )
    ]
    records = records_of(volumes(*bodies), "shop")
    assert [each.revision for each in records.outdated()] == [4, 5]
    assert [each.revision for each in records.outdated(2)] == [1, *range(4, 14)]


def test_as_many_stay_as_the_last_apply_said():
    """A restart after it goes by that, too."""
    mine = [record(1, about=About("apply", keep=30)), record(2, about=About("restart", keep=10))]
    assert records_of(volumes(*(begin_body("shop", each, "") for each in mine)), "shop").keep == 30


def test_nothing_of_an_about_breaks_a_label():
    assert json.loads(About("apply", "~ web[1] ü\n").as_text())["change"] == "~ web[1] ü\n"


STACK = {
    "builds": {"app": {}},
    "images": {"cache": {"from": "redis:7"}, "base": {"archive": "b.tar"}},
    "services": {
        "own": {"build": {"context": "./own"}, "image": "x:1"},
        "built": {"image": "app"},
        "named": {"image": "cache"},
        "plain": {"image": "redis"},
        "loaded": {"image": "base"},
    },
}


def test_a_revision_says_what_each_service_was_to_run_as_its_container_does():
    """What comes out of an archive is called as that says."""
    assert services_images(STACK) == {
        "own": "build.own",
        "built": "build.app",
        "named": "redis:7",
        "plain": "redis:latest",
    }


def test_of_what_services_were_to_run_the_newest_revision_tells_that_was_reached():
    """Not one that failed, nor one that asked for nothing of its own."""
    revisions = [("apply", "succeeded"), ("stop own", "succeeded"), ("apply", "failed")]
    bodies = [
        body
        for number, (command, result) in enumerate(revisions, 1)
        for mine in (record(number, about=About(command)),)
        for body in (begin_body("shop", mine, packed(STACK)), end_body("shop", replace(mine, result=result)))
    ]
    there = volumes(*bodies)
    assert images_asked(there, "shop", records_of(there, "shop")) == (1, services_images(STACK))


@pytest.mark.parametrize(
    "text", ["", "x", packed({"services": {"web": 1}}), packed({"services": {"a": {"image": []}}})]
)
def test_a_damaged_stack_does_not_say_what_was_to_run(text: str):
    ended = record(1, result="succeeded", about=About("apply"))
    there = volumes(begin_body("shop", ended, text), end_body("shop", ended))
    assert images_asked(there, "shop", records_of(there, "shop"))[1].keys() <= {"a"}
