"""Which stack file has which name: what is known of that from commit to commit."""

from __future__ import annotations

from deployer.gitops.names import named, names_in
from deployer.gitops.tree import StackFile

FILES = [StackFile("a/stack.yaml", "a/stack.override.yaml"), StackFile("b/stack.yaml")]
SEEN = {"shop": "a/stack.yaml", "blog": "b/stack.yaml"}


def test_a_file_that_is_not_changed_has_its_name_still():
    assert names_in(SEEN, {}, FILES, {"a/web/index.html", "c/stack.yaml"}) == SEEN


def test_of_one_that_is_changed_itself_or_by_what_lies_over_it_nothing_is_known():
    assert names_in(SEEN, {}, FILES, {"a/stack.override.yaml"}) == {"blog": "b/stack.yaml"}
    assert names_in(SEEN, {}, FILES, {"b/stack.yaml"}) == {"shop": "a/stack.yaml"}


def test_nor_of_one_that_is_gone():
    assert names_in(SEEN, {"b/stack.yaml": "blog"}, FILES[:1], set()) == {"shop": "a/stack.yaml"}


def test_but_of_what_is_on_the_engine():
    assert names_in(SEEN, {"b/stack.yaml": "blog"}, FILES, {"b/stack.yaml"}) == SEEN


def test_what_a_file_says_goes_before_what_was_applied_of_it():
    assert names_in(SEEN, {"a/stack.yaml": "store"}, FILES, set()) == SEEN


def test_a_file_has_one_name():
    assert named(SEEN, "store", "a/stack.yaml") == {"store": "a/stack.yaml", "blog": "b/stack.yaml"}
