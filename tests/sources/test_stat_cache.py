"""What is remembered of a context's files: it saves the reading of them, and never gives another digest."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.sources import stat_cache
from deployer.sources.context import Context, read_context

GRAIN = 20_000_000
"""No kernel's tick is longer than 10 milliseconds."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "deployer" / "contexts"


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A context whose files were written long enough ago, as far as these tests are concerned."""
    folder = tmp_path / "web"
    (folder / "lib").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM base\nCOPY . .\n")
    (folder / "app.py").write_text("print()\n")
    (folder / "lib" / os.fsdecode(b"\xff\n")).write_text("odd\n")
    time.sleep(2 * GRAIN / 1e9)
    return folder


@pytest.fixture(autouse=True)
def short_youth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stat_cache, "YOUNG", GRAIN)


@contextmanager
def counted() -> Iterator[list[int]]:
    """The opened descriptors that were read from, each time."""
    found: list[int] = []
    read = os.read

    def counting(descriptor: int, size: int) -> bytes:
        found.append(descriptor)
        return read(descriptor, size)

    with patch("os.read", counting):
        yield found


def reads(folder: Path) -> tuple[Context, int]:
    with counted() as found:
        context = read_context(folder)
    return context, len(found)


def test_what_did_not_change_is_not_read_again(web: Path) -> None:
    """Not a byte of it, and the digest is the same."""
    first, many = reads(web)
    second, none = reads(web)
    assert many > 0
    assert none == 0
    assert (second.digest, second.files) == (first.digest, first.files)


def test_a_context_in_which_nothing_changed_writes_nothing(web: Path, cache: Path) -> None:
    """A plan that is made again and again wears out no disk."""
    read_context(web)
    [before] = [path.stat().st_ino for path in cache.iterdir()]
    read_context(web)
    assert [path.stat().st_ino for path in cache.iterdir()] == [before]


def test_a_file_that_was_changed_a_moment_ago_is_read_again(web: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the clock's grain a second change would leave no trace."""
    monkeypatch.setattr(stat_cache, "YOUNG", 2**62)  # all are, however slow the machine is
    read_context(web)
    assert reads(web)[1] == 2 * 3, "the content of each, and its end"
    monkeypatch.setattr(stat_cache, "YOUNG", GRAIN)
    time.sleep(2 * GRAIN / 1e9)
    read_context(web)
    assert reads(web)[1] == 0


def test_a_time_that_lies_ahead_is_never_trusted(web: Path) -> None:
    """What else is written then, nobody knows."""
    os.utime(web / "app.py", (2**33, 2**33))
    time.sleep(2 * GRAIN / 1e9)
    read_context(web)
    assert reads(web)[1] == 2


def test_where_the_status_differs_the_content_decides(web: Path) -> None:
    """A touched file has the digest that it had."""
    before = read_context(web).digest
    os.utime(web / "app.py", (1, 1))
    after, many = reads(web)
    assert (after.digest, many) == (before, 2)


def test_a_change_with_size_and_time_put_back_is_seen(web: Path) -> None:
    """Nobody can put back the time of the change itself."""
    before, status = read_context(web), (web / "app.py").stat()
    (web / "app.py").write_text("PRINT()\n")
    os.utime(web / "app.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert read_context(web).digest != before.digest


def test_another_file_of_the_same_size_and_time_is_seen(web: Path) -> None:
    """As `cp -p` and `mv` leave it."""
    other = web.with_name("other")
    other.write_text("PRINT()\n")
    status = (web / "app.py").stat()
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    before = read_context(web)
    other.rename(web / "app.py")
    assert read_context(web).digest != before.digest


def test_two_builds_of_one_folder_do_not_make_each_other_forget(web: Path) -> None:
    """What they leave out differs."""
    (web / "b.dockerfile").write_text("FROM base\n")
    (web / "b.dockerfile.dockerignore").write_text("lib\n")
    time.sleep(2 * GRAIN / 1e9)
    for _ in range(2):
        read_context(web)
        read_context(web, "b.dockerfile")
    with counted() as found:
        read_context(web)
        read_context(web, "b.dockerfile")
    assert found == []


@pytest.mark.parametrize("damage", ["empty", "cut", "one bit", "longer", "other magic", "other context", "folder"])
def test_a_damaged_cache_is_as_good_as_none(web: Path, cache: Path, damage: str) -> None:
    """So is one of another format, or of another context."""
    right = read_context(web).digest
    [path] = list(cache.iterdir())
    content = path.read_bytes()
    path.unlink()
    match damage:
        case "empty":
            path.write_bytes(b"")
        case "cut":
            path.write_bytes(content[:-1])
        case "one bit":
            path.write_bytes(content[:-40] + bytes([content[-40] ^ 1]) + content[-39:])
        case "longer":
            path.write_bytes(content + b"x")
        case "other magic":
            path.write_bytes(content.replace(b"cache 1", b"cache 2"))
        case "other context":
            stat_cache.keep("other", stat_cache.recall("none"))
            os.replace(*cache.iterdir(), path)
        case _:
            path.mkdir()
    context, many = reads(web)
    assert context.digest == right
    assert many > 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_another_users_cache_is_not_read(web: Path, cache: Path) -> None:
    """It could say what it likes."""
    read_context(web)
    for path in cache.iterdir():
        os.chown(path, 65534, 65534)
    assert reads(web)[1] > 0


def test_a_cache_that_cannot_be_written_is_no_error(web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert read_context(web).digest == read_context(web).digest


def test_a_file_that_changes_while_it_is_read_is_not_remembered(web: Path) -> None:
    """Its digest is of nothing that ever was there as a whole."""
    (web / "big").write_bytes(b"x" * 200_000)
    time.sleep(2 * GRAIN / 1e9)
    read = os.read

    def changing(descriptor: int, size: int) -> bytes:
        with open(web / "big", "r+b") as file:
            file.write(b"y")
        return read(descriptor, size)

    with patch("os.read", changing):
        read_context(web)
    time.sleep(2 * GRAIN / 1e9)
    assert reads(web)[1] > 0


def test_those_who_read_at_once_harm_nothing(web: Path, cache: Path) -> None:
    """The cache is one of theirs, whole."""
    found: list[str] = []

    def work() -> None:
        for number in range(10):
            (web / f"new{number}").touch()
            found.append(read_context(web / "lib" / "..", "Dockerfile").digest)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    assert not [path for path in cache.iterdir() if path.name.startswith(".new-")]
    with_cache = read_context(web).digest
    for path in cache.iterdir():
        path.unlink()
    assert read_context(web).digest == with_cache


NAMES = st.sampled_from(["a", "b", "lib/c", "lib/d"])
CHANGES = st.one_of(
    st.tuples(st.just("write"), NAMES, st.sampled_from([b"1", b"2", b"longer"])),
    st.tuples(st.just("rewrite in place"), NAMES, st.sampled_from([b"3", b"4"])),
    st.tuples(st.just("write, times put back"), NAMES, st.sampled_from([b"5", b"6"])),
    st.tuples(st.just("rename"), NAMES, NAMES),
    st.tuples(st.just("chmod"), NAMES, st.sampled_from([0o644, 0o755, 0o600])),
    st.tuples(st.just("touch"), NAMES, st.integers(0, 3)),
    st.tuples(st.just("remove"), NAMES, st.none()),
    st.tuples(st.just("link"), NAMES, NAMES),
    st.tuples(st.just("read"), st.none(), st.none()),
    st.tuples(st.just("wait"), st.none(), st.none()),
)


def change(folder: Path, what: str, name: str | None, value: object) -> None:
    path = folder / (name or ".")
    match what:
        case "wait":
            time.sleep(1.5 * GRAIN / 1e9)
        case "read":
            read_context(folder)
        case "write" if isinstance(value, bytes):
            path.unlink(missing_ok=True)
            path.write_bytes(value)
        case "rewrite in place" if isinstance(value, bytes):
            with open(path, "r+b") as file:
                file.write(value)
        case "write, times put back" if isinstance(value, bytes):
            status = path.stat()
            path.write_bytes(value)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        case "rename" if isinstance(value, str):
            path.rename(folder / value)
        case "chmod" if isinstance(value, int):
            path.chmod(value)
        case "touch" if isinstance(value, int):
            os.utime(path, (value, value))
        case "remove":
            path.unlink()
        case _ if isinstance(value, str):
            path.symlink_to(folder / value)


@settings(max_examples=60, deadline=None)
@given(st.lists(CHANGES, max_size=15))
def test_with_and_without_the_cache_the_digest_is_the_same(changes: list[tuple[str, str | None, object]]) -> None:
    """After any sequence of writes, renames, changed modes and times, with plans made in between."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "web")
        (folder / "lib").mkdir(parents=True)
        for name in ("Dockerfile", "a", "b", "lib/c"):
            (folder / name).write_text("FROM x\n")
        with patch.dict(os.environ, XDG_CACHE_HOME=str(Path(temporary, "cache"))):
            for what, name, value in changes:
                with suppress(OSError):
                    change(folder, what, name, value)
            found = read_context(folder)
        with patch.dict(os.environ, XDG_CACHE_HOME=str(Path(temporary, "none"))):
            right = read_context(folder)
        assert found.files == right.files
        assert found.digest == right.digest
