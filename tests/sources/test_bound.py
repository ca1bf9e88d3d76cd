"""What a mounted file or folder holds: every file of it, in no time where nothing changed, and within bounds."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from deployer.errors import InvalidStack, Place
from deployer.sources import bound
from deployer.sources.bound import read_bound

PLACE = Place("stack.yaml", 3, 5)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    folder = tmp_path / "conf"
    (folder / "sites").mkdir(parents=True)
    (folder / "shop.conf").write_text("a")
    (folder / "sites" / "one.conf").write_text("b")
    return folder


def digest(path: Path) -> str:
    return read_bound(path, PLACE).digest


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda conf: (conf / "shop.conf").write_text("c"),
    "content beneath": lambda conf: (conf / "sites" / "one.conf").write_text("c"),
    "new file": lambda conf: (conf / "more.conf").write_text(""),
    "new empty folder": lambda conf: (conf / "empty").mkdir(),
    "gone": lambda conf: (conf / "shop.conf").unlink(),
    "name": lambda conf: (conf / "shop.conf").rename(conf / "shop2.conf"),
    "can be run": lambda conf: (conf / "shop.conf").chmod(0o755),
    "link": lambda conf: (conf / "link").symlink_to("shop.conf"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_another_digest(conf: Path, change: str):
    """And putting it back would be the old one."""
    before = digest(conf)
    CHANGES[change](conf)
    assert digest(conf) != before


def test_times_and_who_may_read_are_no_content(conf: Path):
    """A fresh checkout has others."""
    before = digest(conf)
    os.utime(conf / "shop.conf", (1, 1))
    (conf / "shop.conf").chmod(0o600)
    assert digest(conf) == before


def test_a_file_alone_has_its_own_name(conf: Path):
    """An empty folder of that name, or another file, is something else."""
    found = read_bound(conf / "shop.conf", PLACE)
    assert (list(found.files), found.is_file) == (["shop.conf"], True)
    assert found.digest != digest(conf)


def test_a_link_in_the_place_of_the_source_is_followed_and_those_in_it_are_not(conf: Path):
    """As the engine mounts what the link points to; nothing outside of it is read."""
    (conf.parent / "current").symlink_to(conf)
    assert digest(conf.parent / "current") == digest(conf)

    (conf / "out").symlink_to("/nowhere/at/all")
    assert read_bound(conf, PLACE).files["out"].startswith("link:")


def test_what_is_not_there_holds_nothing(tmp_path: Path):
    """The engine makes an empty folder there."""
    (tmp_path / "empty").mkdir()
    assert digest(tmp_path / "none") == digest(tmp_path / "empty")


def test_when_it_last_changed_is_the_newest_of_all(conf: Path):
    """By the time that nobody can set; so a file that was moved in with its old time counts."""
    before = read_bound(conf, PLACE).changed
    os.utime(conf / "sites" / "one.conf", (1, 1))
    assert before <= (conf / "sites" / "one.conf").stat().st_ctime == read_bound(conf, PLACE).changed


def test_a_socket_in_a_folder_is_named_and_not_read(conf: Path):
    """It never waits; in the place of the source it is refused."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(conf / "x.sock"))
        assert read_bound(conf, PLACE).files["x.sock"] == "socket"
        with pytest.raises(InvalidStack, match="is a socket"):
            read_bound(conf / "x.sock", PLACE)


@pytest.mark.parametrize(("most", "number"), [("MOST_FILES", 2), ("MOST_BYTES", 1)])
def test_far_too_much_is_an_error_at_its_line(conf: Path, monkeypatch: pytest.MonkeyPatch, most: str, number: int):
    """A folder of data that somebody put under reload: told before all of it is read."""
    monkeypatch.setattr(bound, most, number)
    with pytest.raises(InvalidStack) as caught:
        read_bound(conf, PLACE)
    (found,) = caught.value.diagnostics
    assert (found.code, found.place) == ("reload-too-much", PLACE)


def test_what_may_not_be_read_is_an_error_at_its_line(
    conf: Path, ordinary_user: Callable[[], AbstractContextManager[None]]
):
    """With the file's name."""
    (conf / "shop.conf").chmod(0)
    with ordinary_user(), pytest.raises(InvalidStack, match=r"shop\.conf cannot be read") as caught:
        read_bound(conf, PLACE)
    assert caught.value.diagnostics[0].code == "reload-unreadable"


def test_a_file_that_has_not_changed_is_not_read_again(conf: Path, monkeypatch: pytest.MonkeyPatch):
    """Its status tells, once it is old enough for that."""
    monkeypatch.setattr(bound.stat_cache, "YOUNG", -(10**12))
    before = digest(conf)

    def refuse(*_: object) -> str:
        raise AssertionError("read again")

    monkeypatch.setattr(bound._Reading, "_read", refuse)
    assert digest(conf) == before
