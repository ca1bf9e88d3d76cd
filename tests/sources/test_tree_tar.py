"""Tars of files and folders: what they hold, and that none writes beside where it is unpacked."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.errors import OperationFailed
from deployer.sources.tree_tar import pack, unpack


def tar_of(*members: tuple[str, bytes | str]) -> Iterator[bytes]:
    """Files with their contents (bytes), links with their targets (text); cut where nobody expects it."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, what in members:
            member = tarfile.TarInfo(name)
            if isinstance(what, str):
                member.type, member.linkname = tarfile.SYMTYPE, what
                tar.addfile(member)
            else:
                member.size = len(what)
                tar.addfile(member, io.BytesIO(what))
    raw = made.getvalue()
    return (raw[at : at + 700] for at in range(0, len(raw), 700))


def test_a_folder_is_unpacked_under_another_name(tmp_path: Path):
    """Its own name is the first part of each path in the tar."""
    done = unpack(tar_of(("d/one", b"1" * 2000), ("d/in", "one")), tmp_path, "as")
    assert (done.files, (tmp_path / "as/one").read_bytes()) == (2, b"1" * 2000)
    assert (tmp_path / "as/in").readlink() == Path("one")


def test_what_is_in_a_folder_is_unpacked_without_it(tmp_path: Path):
    unpack(tar_of(("d/one", b"1"), ("d/sub/two", b"2")), tmp_path, "")
    assert sorted(os.listdir(tmp_path)) == ["one", "sub"]


@pytest.mark.parametrize(
    "members",
    [
        [("d/../../evil", b"x")],
        [("d//../../../evil", b"x")],
        [("d/out", ".."), ("d/out/evil", b"x")],
        [("d/out", "../.."), ("d/out/evil", b"x")],
        [("d/out", "/"), ("d/out/evil", b"x")],
    ],
    ids=str,
)
def test_nothing_is_written_beside_the_folder(tmp_path: Path, members: list[tuple[str, bytes | str]]):
    """Neither by a path nor through a link."""
    inside = tmp_path / "a/b"
    inside.mkdir(parents=True)
    unpack(tar_of(*members), inside, "d")
    assert {path for path in tmp_path.rglob("evil") if inside not in path.parents} == set()
    assert not Path("/evil").exists()


def test_nothing_is_written_outside_by_a_way_too_long_to_be_followed(tmp_path: Path):
    """Short links lead so far down that what lies there has a path longer than the system takes."""
    inside, short, long = tmp_path / "in", "abcdefghijklmnop", "d" * 247
    inside.mkdir()
    down: list[tuple[str, bytes | str]] = [("/".join(["d", *[long] * at, step]), long) for at, step in enumerate(short)]
    far = "/".join([*short, "l" * 254])
    tar = tar_of(*down, (f"d/{far}", "../" * len(short)), ("d/out", f"{far}/.."), ("d/out/evil", b"x"))
    assert unpack(tar, inside, "").left_out[0].endswith("its path is too long")
    assert sorted(os.listdir(tmp_path)) == ["in"]


def test_what_leads_out_is_left_out_and_named(tmp_path: Path):
    done = unpack(tar_of(("d/out", "/etc/passwd"), ("d/one", b"1")), tmp_path, "d")
    assert (done.files, len(done.left_out), done.left_out[0].startswith("d/out: ")) == (1, 1, True)
    assert sorted(os.listdir(tmp_path / "d")) == ["one"]


def test_what_is_packed_is_roots(tmp_path: Path):
    """Under the name asked for, or, without one, what is in the folder."""
    folder = tmp_path / "conf"
    folder.mkdir()
    (folder / "app").write_text("x")
    (folder / "app").chmod(0o755)
    for name, names in (("etc", ["etc", "etc/app"]), ("", ["app"])):
        made = io.BytesIO()
        pack(folder, name, made)
        made.seek(0)
        with tarfile.open(fileobj=made) as tar:
            members = tar.getmembers()
        assert [member.name for member in members] == names
        assert {(member.uid, member.gid, member.uname) for member in members} == {(0, 0, "")}
        assert members[-1].mode == 0o755


def test_what_is_no_tar_is_a_failure(tmp_path: Path):
    with pytest.raises(OperationFailed, match="cannot write"):
        unpack(iter([b"no tar at all"]), tmp_path, "x")


def test_a_hard_link_and_a_device_stay_within_the_folder(tmp_path: Path):
    """A hard link to a file of the tar is one; what leads elsewhere, and what is no file, is left out and named."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("d/one"))
        for name, kind, target in (
            ("d/same", tarfile.LNKTYPE, "d/one"),
            ("d/evil", tarfile.LNKTYPE, "d/../../one"),
            ("d/null", tarfile.CHRTYPE, ""),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            tar.addfile(member)
    done = unpack(iter([made.getvalue()]), tmp_path / "x", "d")
    assert [told.partition(":")[0] for told in done.left_out] == ["d/evil", "d/null"]
    assert (tmp_path / "x/d/same").samefile(tmp_path / "x/d/one")


def test_rights_that_only_root_may_grant_are_not_kept(tmp_path: Path):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        member = tarfile.TarInfo("d")
        member.mode, member.uid = 0o6777, 4711
        tar.addfile(member)
    unpack(iter([made.getvalue()]), tmp_path, "d")
    found = (tmp_path / "d").stat()
    assert (found.st_mode & 0o7777, found.st_uid) == (0o755, os.geteuid())
