"""Which of the containers that bear a service's labels are its replicas."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.resources import identity
from deployer.resources.duplicates import duplicates_in
from deployer.resources.listed import duplicate_of
from deployer.resources.observed import Duplicate

APPLIED = json.dumps({"format": 1, "image": "busybox:1.37", "fields": {"container_name": "own"}})


def one(name: str, number: str = "1", *, created: int = 0, service: str = "web", **labels: str) -> dict[str, Any]:
    """A container of the list of all, whose id is its name."""
    said = {identity.PROJECT: "shop", identity.SERVICE: service, identity.NUMBER: number}
    more = {getattr(identity, key): text for key, text in labels.items()}
    return {"Id": name, "Names": [f"/{name}"], "Created": created, "Labels": {**said, **more}}


def aside(*listed: dict[str, Any]) -> list[str]:
    return [each["Id"] for each in duplicates_in(listed, "shop")]


@pytest.mark.parametrize("copy", ["dbg", "shop-web-2", "a", "shop-web-1-copy", "shop-webs-1"])
def test_a_copy_is_set_aside_for_the_one_that_is_called_by_its_service_and_number(copy: str) -> None:
    """Whichever the engine lists first."""
    assert aside(one(copy), one("shop-web-1", created=9)) == [copy]
    assert aside(one("shop-web-1", created=9), one(copy)) == [copy]


def test_a_copy_is_set_aside_for_the_one_that_has_the_name_that_both_were_made_with() -> None:
    assert aside(one("shop-web-1", APPLIED=APPLIED), one("own", APPLIED=APPLIED)) == ["shop-web-1"]


def test_a_copy_is_set_aside_for_a_successor_that_has_yet_to_be_renamed() -> None:
    """The one that it replaced is gone: the labels still name it, in the copy, too."""
    assert aside(one("dbg", REPLACES="gone"), one("shop-web-1.next", REPLACES="gone")) == ["dbg"]


def test_who_replaces_another_is_no_copy_of_it_whatever_both_are_called() -> None:
    """A run died in between, and somebody renamed the one that it replaced; or the name changes with it."""
    assert aside(one("by-hand"), one("shop-web-1.next", REPLACES="by-hand"), one("dbg")) == ["dbg"]
    assert aside(one("shop-web-1"), one("own.next", REPLACES="shop-web-1", APPLIED=APPLIED)) == []


def test_where_all_were_renamed_the_first_is_the_replica() -> None:
    """A copy comes after what it was made of."""
    assert aside(one("b", created=2), one("a", created=3), one("c", created=1)) == ["b", "a"]


def test_one_alone_is_a_replica_whatever_it_is_called() -> None:
    """Somebody renamed it: that is drift."""
    assert aside(one("by-hand"), one("shop-web-2", "2"), one("shop-db-1", service="db")) == []


@pytest.mark.parametrize("number", ["0", "", "one"])
def test_one_without_a_number_is_no_replica(number: str) -> None:
    """There is no `web[0]`; but where the label alone is damaged, the name tells."""
    assert aside(one("imp", number)) == ["imp"]
    assert aside(one("shop-web-1", number)) == []
    assert aside(one("imp-1", number), one("shop-web-1")) == ["imp-1"]


def test_what_is_of_no_service_or_of_another_stack_is_none_of_this() -> None:
    assert aside(one("stray", "", service="")) == []
    assert duplicates_in([one("shop-web-1"), one("dbg")], "other") == []


def test_a_duplicate_is_told_with_what_it_says_it_is() -> None:
    assert duplicate_of(one("imp-3", "")) == Duplicate("imp-3", "web", 3)
    assert duplicate_of(one("imp", "")) == Duplicate("imp", "web", 0)


made = st.builds(
    one,
    st.sampled_from(["shop-web-1", "shop-web-2", "shop-web-1.next", "own", "own.next", "a", "b", "c-1"]),
    st.sampled_from(["1", "2"]),
    created=st.integers(0, 3),
    REPLACES=st.sampled_from(["", "gone", "a", "shop-web-1"]),
    APPLIED=st.sampled_from(["", APPLIED]),
)


@given(st.lists(made, unique_by=lambda each: each["Id"]))
def test_of_each_number_there_is_a_replica(listed: list[dict[str, Any]]) -> None:
    """The real one is never lost for its copies."""
    numbers = {each["Labels"][identity.NUMBER] for each in listed}
    left = set(aside(*listed))
    assert {each["Labels"][identity.NUMBER] for each in listed if each["Id"] not in left} == numbers
    assert set(aside(*(each for each in listed if each["Id"] not in left))) == set()
