"""What secrets and configs hold: exact, bounded, and never shown."""

from __future__ import annotations

import hashlib
import io
import tarfile
import traceback
from pathlib import Path

import pytest

from deployer.errors import InvalidStack, Place
from deployer.sources.contents import (
    Content,
    PackedFile,
    archive,
    content_of_file,
    content_of_text,
    content_of_variable,
)

PLACE = Place("stack.yaml", 3, 5)


def test_a_file_is_read_byte_by_byte(tmp_path: Path):
    """Neither its encoding nor a line end at its end is anybody's business."""
    odd = bytes(range(256)) + b"\r\n"
    (tmp_path / "pw").write_bytes(odd)
    assert content_of_file(tmp_path / "pw", "pw", PLACE).data == odd


@pytest.mark.parametrize(
    ("name", "code"), [("there", "file-missing"), ("folder", "file-is-folder"), ("large", "file-huge")]
)
def test_a_file_that_cannot_be_had_is_told_at_its_line(tmp_path: Path, name: str, code: str):
    (tmp_path / "folder").mkdir()
    (tmp_path / "large").write_bytes(b"x" * (4 * 1024 * 1024 + 1))
    with pytest.raises(InvalidStack) as error:
        content_of_file(tmp_path / name, name, PLACE)
    (diagnostic,) = error.value.diagnostics
    assert (diagnostic.code, diagnostic.place) == (code, PLACE)


def test_a_variable_comes_out_as_it_went_in():
    """Bytes that are no UTF-8 too, as the environment hands them over."""
    value = b"a\xff\xfe".decode("utf-8", "surrogateescape")
    assert content_of_variable("PW", {"PW": value}, "secrets.pw", PLACE).data == b"a\xff\xfe"
    assert content_of_variable("PW", {"PW": ""}, "secrets.pw", PLACE).data == b""


def test_a_variable_that_is_not_set_is_told_at_its_line():
    with pytest.raises(InvalidStack) as error:
        content_of_variable("PW", {"PWD": "/"}, "secrets.pw", PLACE)
    (diagnostic,) = error.value.diagnostics
    assert (diagnostic.code, diagnostic.place) == ("unset-variable", PLACE)
    assert "PW" in diagnostic.message
    assert "secrets.pw" in diagnostic.message


def test_a_huge_value_is_refused():
    with pytest.raises(InvalidStack) as error:
        content_of_text("ä" * (2 * 1024 * 1024 + 1), "configs.site", PLACE)
    assert error.value.diagnostics[0].code == "file-huge"
    assert "ä" not in str(error.value)


def test_no_repr_or_trace_shows_a_content():
    """A content says of itself only that it is one."""
    content = Content(b"hunter2")
    shown = [repr(content), str(content), f"{content!r:>3}", repr([content]), repr(PackedFile("a", content, 0, 0, 0))]
    try:
        raise ValueError(content)
    except ValueError as error:
        shown += [str(error), *traceback.format_exception(error)]
    assert not any("hunter2" in text for text in shown)


def test_a_digest_tells_contents_apart():
    assert Content(b"a").digest == hashlib.sha256(b"a").hexdigest()
    assert Content(b"a").digest != Content(b"a\n").digest


def test_an_archive_holds_the_files_with_owner_and_mode():
    """Numbers only: no name of a user or group of this machine is in it."""
    deep = "a/b/" + "c" * 120
    files = (PackedFile("pw", Content(b"\0x"), 1000, 1001, 0o400), PackedFile(deep, Content(b""), 0, 0, 0o444))
    with tarfile.open(fileobj=io.BytesIO(archive(files))) as tar:
        found = {each.name: (each.uid, each.gid, each.mode, each.uname, each.gname) for each in tar}
        file = tar.extractfile("pw")
        assert file
        assert file.read() == b"\0x"
    assert found == {"pw": (1000, 1001, 0o400, "", ""), deep: (0, 0, 0o444, "", "")}
