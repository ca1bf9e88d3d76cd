"""What a commit's listing tells."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.gitops.tree import (
    LARGEST_FILE,
    Entry,
    StackFile,
    beneath,
    changed_first,
    changed_paths,
    entries_of,
    leaves,
    pattern_of,
    refusals,
    stacks_in,
)
from deployer.gitops.versions import newest, order
from deployer.sources.files import OVERRIDES, STACK_FILES


def test_a_listing_is_read():
    listing = (
        b"100644 blob aaaa      12\tweb/a b\n\xff\x00120000 blob bbbb       3\tl\x00160000 commit cccc       -\ts\x00"
    )
    assert entries_of(listing) == [
        Entry("100644", "aaaa", 12, "web/a b\n\udcff"),
        Entry("120000", "bbbb", 3, "l"),
        Entry("160000", "cccc", 0, "s"),
    ]


NAMES = st.sampled_from(["a", "b", "c"])
PARTS = st.lists(st.sampled_from(["a", "b", "c", "..", "."]), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None)
@given(links=st.dictionaries(st.lists(NAMES, min_size=1, max_size=2).map("/".join), PARTS.map("/".join), max_size=4))
def test_a_link_leaves_the_tree_where_the_kernel_would(links: dict[str, str]):
    """Links beneath links are none: git has no such trees."""
    kept = {path: to for path, to in links.items() if not any(path.startswith(f"{other}/") for other in links)}
    with tempfile.TemporaryDirectory() as above:
        root = Path(os.path.realpath(above), "p", "q", "r", "s", "t", "tree")
        for path, target in kept.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            os.symlink(target, root / path)
        for path in kept:
            try:
                real = Path(os.path.realpath(root / path, strict=True))
            except OSError:  # it leads nowhere, or round in a circle: there is nothing to leak
                continue
            assert leaves(path, kept) or real.is_relative_to(root)


@pytest.mark.parametrize(
    ("links", "path"),
    [
        ({"l": "/etc/passwd"}, "l"),
        ({"l": "../x"}, "l"),
        ({"a/l": "../../x"}, "a/l"),
        ({"a/b/c": "../..", "l": "a/b/c/../x"}, "l"),
        ({"l": "m", "m": ".."}, "l"),
    ],
    ids=lambda value: str(value),
)
def test_a_link_out_of_the_tree_is_known(links: dict[str, str], path: str):
    assert leaves(path, links)


@pytest.mark.parametrize(
    "links", [{"l": "a/b"}, {"a/l": "../x"}, {"l": "l"}, {"l": "m", "m": "l"}, {"d": ".", "l": "d/d/x"}]
)
def test_a_link_within_the_tree_is_known(links: dict[str, str]):
    assert not any(leaves(path, links) for path in links)


def test_what_a_commit_must_not_hold():
    entries = [
        Entry("160000", "", 0, "sub"),
        Entry("100644", "", LARGEST_FILE + 1, "huge"),
        Entry("120000", "", 9, "link"),
        Entry("100644", "", 1, "a/.GIT/config"),
        Entry("100644", "", 1, "fine"),
    ]
    told = " ".join(each.message for each in refusals(entries, {"link": "/etc"}))
    assert all(name in told for name in ("sub", "huge", "link", "config"))
    assert "fine" not in told


def found(paths: list[str], *globs: str) -> list[StackFile]:
    return stacks_in(paths, globs, STACK_FILES, OVERRIDES)


def test_without_a_path_it_is_the_stack_of_the_top_folder():
    assert found(["stack.yaml", "compose.yaml", "apps/stack.yaml"]) == [StackFile("stack.yaml")]
    assert found(["apps/stack.yaml"]) == []


def test_what_lies_beside_a_default_file_goes_over_it():
    assert found(["compose.yaml", "compose.override.yaml", "stack.override.yaml"]) == [
        StackFile("compose.yaml", "compose.override.yaml")
    ]
    assert found(["shop.yaml", "stack.override.yaml"], "shop.yaml") == [StackFile("shop.yaml")]


def test_a_glob_names_files_or_folders_with_a_stack():
    paths = ["apps/a/stack.yaml", "apps/a/values.yaml", "apps/b/compose.yml", "apps/b/c/stack.yaml", "other.yaml"]
    assert [each.path for each in found(paths, "apps/*")] == ["apps/a/stack.yaml", "apps/b/compose.yml"]
    assert [each.path for each in found(paths, "**/stack.yaml")] == ["apps/a/stack.yaml", "apps/b/c/stack.yaml"]
    assert [each.path for each in found(paths, "other.yaml", "apps/a/")] == ["apps/a/stack.yaml", "other.yaml"]


def test_a_glob_is_anchored():
    assert pattern_of("apps/*.yaml").fullmatch("apps/a.yaml")
    assert not pattern_of("apps/*.yaml").fullmatch("apps/x/a.yaml")
    assert pattern_of("./apps/").fullmatch("apps")
    assert not pattern_of("a.b").fullmatch("axb")


IN_ORDER = ["v0.9", "v1.0.0-alpha", "v1.0.0-alpha.1", "v1.0.0-rc.2", "v1.0.0-rc.10", "v1.0.0", "v1.2", "v1.10", "v2"]
SHUFFLED = [*IN_ORDER[1::2], *IN_ORDER[::2]]


def test_versions_have_their_order():
    assert sorted(SHUFFLED, key=order) == IN_ORDER


@given(st.lists(st.sampled_from(IN_ORDER), min_size=1))
def test_the_newest_is_one_of_them_and_no_other_is_newer(tags: list[str]):
    assert newest(tags, "*") == max((tag for tag in tags if "-" not in tag), key=IN_ORDER.index, default=None)
    assert newest([*tags, "v0-a"], "v*-*") == max((tag for tag in [*tags, "v0-a"] if "-" in tag), key=order)


@given(st.lists(st.text(max_size=8)))
def test_any_tag_has_a_place_in_the_order(tags: list[str]):
    assert newest(tags, "*") in (*tags, None)


def test_a_name_before_the_version_is_no_version():
    assert newest(["release-1.9", "release-1.10"], "release-*") == "release-1.10"
    assert newest(["prod", "test"], "v*") is None


def test_what_is_before_a_release_is_followed_where_the_pattern_says_so_and_nowhere_else():
    tags = ["v1.9.0", "v1.10.0-rc1", "v2.0.0-beta", "v2-rc1"]
    assert newest(tags, "v*") == "v1.9.0"
    assert newest(tags, "v1.*") == "v1.9.0"
    assert newest(tags, "v2*") is None
    assert newest(tags, "v1.*-rc*") == "v1.10.0-rc1"
    assert newest(tags, "v2.0.0-beta") == "v2.0.0-beta"
    assert newest(["release-1.2", "release-1.3-rc1"], "release-*") == "release-1.2"
    assert order("release-1.3-rc1") < order("release-1.3")


def test_a_hyphen_in_a_date_or_a_name_is_nothing_before_a_release():
    assert newest(["2026-11-28", "2026-11-29"], "*") == "2026-11-29"
    assert newest(["deploy-2026-11-28", "deploy-2026-11-29"], "deploy-*") == "deploy-2026-11-29"
    assert newest(["v1.0+build-7", "v0.9"], "v*") == "v1.0+build-7"


def files_in_order(before: dict[str, str], now: dict[str, str], *names: str) -> list[str]:
    was, are = ([Entry("100644", id, 1, path) for path, id in tree.items()] for tree in (before, now))
    return [each.path for each in changed_first([StackFile(name) for name in names], changed_paths(was, are))]


def test_what_was_pushed_is_looked_at_first():
    """A stack whose own file is another, then those with another file beneath their folder; all in their order."""
    before = {"a/stack.yaml": "1", "b/stack.yaml": "1", "c/stack.yaml": "1", "c/conf/x": "1", "d/stack.yaml": "1"}
    names = [name for name in before if name.endswith("stack.yaml")]
    assert files_in_order(before, before, *names) == names
    now = {**before, "d/stack.yaml": "2", "c/conf/x": "2"}
    assert files_in_order(before, now, *names) == ["d/stack.yaml", "c/stack.yaml", "a/stack.yaml", "b/stack.yaml"]
    gone = {path: id for path, id in before.items() if path != "c/conf/x"}
    assert files_in_order(before, gone, *names)[0] == "c/stack.yaml"
    assert files_in_order({}, before, *names) == names


@pytest.mark.parametrize(
    ("folders", "inside"),
    [({"a"}, ["a/b/c", "a/d"]), ({"a/b"}, ["a/b/c"]), ({"a/d"}, ["a/d"]), ({""}, ["a/b/c", "a/d", "ab"]), (set(), [])],
)
def test_what_lies_in_a_folder_is_known(folders: set[str], inside: list[str]):
    assert beneath(["a/d", "ab", "a/b/c"], folders) == inside


def test_of_stack_files_in_one_folder_the_one_that_was_pushed_is_first():
    before = {"apps/a.yaml": "1", "apps/b.yaml": "1"}
    assert files_in_order(before, {**before, "apps/b.yaml": "2"}, *before) == ["apps/b.yaml", "apps/a.yaml"]
    assert files_in_order(before, {**before, "common.env": "1"}, *before) == ["apps/a.yaml", "apps/b.yaml"]
