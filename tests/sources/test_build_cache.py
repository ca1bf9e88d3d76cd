"""The cache of what went into builds: it only ever helps, and never stands in the way."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from deployer.sources.build_cache import KEPT, changed, recall, remember


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "deployer" / "builds"


def kept(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


def test_what_is_remembered_is_recalled() -> None:
    """By stack, build and hash; odd file names included."""
    inputs = {"app.py": "file:1", "arg PYTHON": "2", os.fsdecode(b"\xff"): "3"}
    remember("shop", "web", "abc", inputs)
    assert recall("shop", "web", "abc") == inputs
    assert recall("shop", "web", "other") is None
    assert recall("shop", "other", "abc") is None
    assert recall("other", "web", "abc") is None


def test_builds_with_odd_names_do_not_leave_the_cache_nor_meet(cache: Path) -> None:
    """A name is never a path."""
    remember("shop", "../../x", "../h", {"a": "1"})
    remember("shop/..", "x", "../h", {"a": "2"})
    assert recall("shop", "../../x", "../h") == {"a": "1"}
    assert recall("shop/..", "x", "../h") == {"a": "2"}
    assert len(kept(cache)) == 2


def test_only_the_owner_may_read_it(cache: Path) -> None:
    """File names tell something about a project, and digests of short arguments can be guessed."""
    remember("shop", "web", "abc", {})
    [path] = kept(cache)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_newest_entries_of_a_build_stay(cache: Path) -> None:
    """The oldest go; to remember one again makes it new."""
    for number in range(KEPT):
        remember("shop", "web", str(number), {"n": str(number)})
        for path in kept(cache):
            os.utime(path, (path.stat().st_mtime - 10,) * 2)
    remember("shop", "web", "0", {"n": "0"})
    remember("shop", "web", "new", {})
    assert len(kept(cache)) == KEPT
    assert recall("shop", "web", "0") == {"n": "0"}
    assert recall("shop", "web", "1") is None
    assert recall("shop", "web", "new") == {}


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only home costs an explanation in a plan, nothing else."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    remember("shop", "web", "abc", {})
    assert recall("shop", "web", "abc") is None


def test_a_failed_write_leaves_nothing_behind(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry is whole or not there."""

    def full(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("os.replace", full)
    remember("shop", "web", "abc", {})
    assert kept(cache) == []


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"[" * 100_000,
        json.dumps({"format": 1, "hash": "other", "inputs": {}}).encode(),
        json.dumps({"format": 1, "hash": "abc", "inputs": {"a": 1}}).encode(),
        json.dumps({"format": 1, "hash": "abc"}).encode(),
        json.dumps({"format": 2, "hash": "abc", "inputs": {}}).encode(),
    ],
)
def test_a_damaged_entry_is_as_good_as_none(cache: Path, damaged: bytes) -> None:
    """So is one of another version's format."""
    remember("shop", "web", "abc", {"a": "1"})
    [path] = kept(cache)
    path.write_bytes(damaged)
    assert recall("shop", "web", "abc") is None


def test_a_cache_home_that_is_not_absolute_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the XDG specification says; then it is `.cache` in the home folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    remember("shop", "web", "abc", {})
    assert len(kept(tmp_path / "home" / ".cache" / "deployer" / "builds")) == 1


def test_changes_are_additions_removals_and_other_digests() -> None:
    """Sorted by name."""
    assert changed({"same": "1", "b": "1", "gone": "1"}, {"same": "1", "b": "2", "added": "1"}) == [
        "added",
        "b",
        "gone",
    ]
    assert changed({"a": "1"}, {"a": "1"}) == []
