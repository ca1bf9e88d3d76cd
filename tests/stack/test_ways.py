"""Ways along what needs what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deployer.stack.ways import circle_from, needed_first

NAMES = "abcdef"
LONG = {str(number): [str(number + 1)] for number in range(5000)} | {"5000": list[str]()}
"""A chain of more than Python can call functions."""

graphs = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), unique=True) for name in NAMES})
upwards = graphs.map(lambda needs: {name: [each for each in needs[name] if each > name] for name in NAMES})


@given(upwards)
def test_each_comes_once_and_after_what_it_needs(needs: dict[str, list[str]]):
    names = list(needed_first(needs, needs.__getitem__))
    assert sorted(names) == sorted(NAMES)
    assert all(names.index(each) < names.index(name) for name in NAMES for each in needs[name])


@given(graphs)
def test_with_a_circle_each_still_comes_once(needs: dict[str, list[str]]):
    assert sorted(needed_first(needs, needs.__getitem__)) == sorted(NAMES)


@given(upwards)
def test_where_there_is_no_circle_none_is_found(needs: dict[str, list[str]]):
    done: set[str] = set()
    assert [circle_from(name, needs.__getitem__, done) for name in NAMES] == [[]] * len(NAMES)
    assert done == set(NAMES)


@given(graphs)
def test_a_circle_that_is_found_is_one(needs: dict[str, list[str]]):
    found = circle_from("a", needs.__getitem__, set())
    assert all(following in needs[name] for name, following in zip(found, [*found[1:], *found[:1]], strict=True))


def test_a_way_may_be_long():
    assert list(needed_first(LONG, LONG.__getitem__)) == [str(number) for number in reversed(range(5001))]
    assert circle_from("0", LONG.__getitem__, set()) == []
    assert circle_from("0", (LONG | {"5000": ["4998"]}).__getitem__, set()) == ["4998", "4999", "5000"]
