"""Stack and env files: found by default names, read whole, and refused at once when they are none."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from deployer.errors import Diagnostic, InvalidStack, Place, WrongUsage
from deployer.sources.confined import confined
from deployer.sources.files import LARGEST, STACK_FILES, find_stack_file, read_text, shown_path


def refusal(path: Path, shown: str = "stack.yaml") -> Diagnostic:
    with pytest.raises(InvalidStack) as caught:
        read_text(path, shown)
    return caught.value.diagnostics[0]


def test_the_default_names_are_tried_in_order(tmp_path: Path) -> None:
    """`stack.yaml` stands before `stack.yml`, and both before the names that Compose knows."""
    for name in reversed(STACK_FILES):
        (tmp_path / name).touch()
        assert find_stack_file(tmp_path) == tmp_path / name


def test_a_parent_is_searched_when_the_folder_has_none(tmp_path: Path) -> None:
    """The nearest folder wins, whichever name its file has."""
    (tmp_path / "stack.yaml").touch()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "docker-compose.yml").touch()
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    assert find_stack_file(tmp_path / "a" / "b" / "c") == tmp_path / "a" / "docker-compose.yml"
    assert find_stack_file(tmp_path) == tmp_path / "stack.yaml"


def test_a_folder_of_that_name_is_no_stack_file(tmp_path: Path) -> None:
    """Only files count."""
    (tmp_path / "stack.yaml").mkdir()
    (tmp_path / "compose.yaml").touch()
    assert find_stack_file(tmp_path) == tmp_path / "compose.yaml"


def test_no_stack_file_is_wrong_usage_that_says_how_to_get_one(tmp_path: Path) -> None:
    """Exit 64, `deployer init`, and the other YAML files that lie there."""
    (tmp_path / "shop.yaml").touch()
    with pytest.raises(WrongUsage) as caught:
        find_stack_file(tmp_path)
    [diagnostic] = caught.value.diagnostics
    assert caught.value.exit_code == 64
    assert diagnostic.code == "no-stack-file"
    assert "deployer init" in diagnostic.hint
    assert "shop.yaml" in diagnostic.hint


def test_a_text_is_read_without_its_byte_order_mark(tmp_path: Path) -> None:
    """Editors of Windows write one; it is no part of the text. Line ends stay."""
    path = tmp_path / "stack.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: caf\xc3\xa9\r\n")
    assert read_text(path, "stack.yaml") == "name: café\r\n"


def test_a_missing_file_names_the_nearest_one_in_its_folder(tmp_path: Path) -> None:
    """A slip of the finger is answered with the name that was meant, at the place where the stack names the file."""
    (tmp_path / "prod.env").touch()
    place = Place("stack.yaml", 3, 7)
    with pytest.raises(InvalidStack) as caught:
        read_text(tmp_path / "prd.env", "prd.env", place)
    [diagnostic] = caught.value.diagnostics
    assert diagnostic == Diagnostic(
        "file-missing", "prd.env does not exist", place=place, hint="did you mean 'prod.env'?"
    )


@pytest.mark.parametrize(("missing", "there"), [("pw.txt", "cf.txt"), ("a.env", "b.env"), (".env", "x.env")])
def test_an_ending_alone_makes_no_name_a_near_one(tmp_path: Path, missing: str, there: str) -> None:
    """Half of the files beside it may have that one."""
    (tmp_path / there).touch()
    with pytest.raises(InvalidStack) as caught:
        read_text(tmp_path / missing, missing)
    assert caught.value.diagnostics[0].hint == ""


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder is no file."""
    assert refusal(tmp_path).code == "file-is-folder"


@pytest.mark.parametrize("kind", ["named pipe", "socket", "device"])
def test_what_could_block_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    """Pipes, sockets and devices are named as what they are, and never waited for."""
    path = Path("/dev/zero") if kind == "device" else tmp_path / "x"
    server = socket.socket(socket.AF_UNIX)
    if kind == "named pipe":
        os.mkfifo(path)
    elif kind == "socket":
        here = os.open(".", os.O_RDONLY)
        try:
            os.chdir(tmp_path)  # the path of a socket may have no more than 107 bytes
            server.bind("x")
        finally:
            os.fchdir(here)
            os.close(here)
    diagnostic = refusal(path)
    server.close()
    assert diagnostic.code == "file-special"
    assert kind in diagnostic.message


def test_a_huge_file_is_refused_at_once(tmp_path: Path) -> None:
    """More than 4 MiB is no stack file; just 4 MiB is read."""
    path = tmp_path / "stack.yaml"
    path.write_bytes(b"#" * LARGEST)
    assert len(read_text(path, "stack.yaml")) == LARGEST
    with open(path, "ab") as file:
        file.truncate(1 << 40)
    before = time.process_time()
    assert refusal(path).code == "file-huge"
    assert time.process_time() - before < 1


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    """A NUL byte is in no text."""
    path = tmp_path / "stack.yaml"
    path.write_bytes(b"\x7fELF\0\0")
    assert refusal(path).code == "file-binary"


def test_utf_16_is_named_as_what_it_is(tmp_path: Path) -> None:
    """PowerShell writes it: the message says so and not `binary`."""
    path = tmp_path / "stack.yaml"
    path.write_text("name: x\n", encoding="utf-16")
    assert refusal(path).code == "file-not-utf8"
    assert "UTF-16" in refusal(path).message


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_bytes_that_are_no_utf_8_have_line_and_column(tmp_path: Path, mark: bytes) -> None:
    """The column counts characters, not bytes, and no byte order mark."""
    path = tmp_path / "stack.yaml"
    path.write_bytes(mark + b"name: x\n# \xc3\xa4\xc3\xb6 \xfc\n")
    diagnostic = refusal(path)
    assert diagnostic.code == "file-not-utf8"
    assert diagnostic.place == Place("stack.yaml", 2, 6)
    assert "0xfc" in diagnostic.message


def test_a_file_without_permission_says_so(
    tmp_path: Path, ordinary_user: Callable[[], AbstractContextManager[None]]
) -> None:
    """It is there, but not for us."""
    path = tmp_path / "stack.yaml"
    path.touch(mode=0)
    with ordinary_user():
        diagnostic = refusal(path)
    assert diagnostic.code == "file-unreadable"
    assert "permission denied" in diagnostic.message


def test_a_circle_of_links_is_unreadable_and_not_a_crash(tmp_path: Path) -> None:
    """Whatever else the system answers becomes a diagnostic."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert refusal(tmp_path / "a").code == "file-unreadable"
    assert refusal(Path("with\0nul")).code == "file-unreadable"


def test_files_are_shown_relative_to_where_the_user_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beneath the current folder a path is relative, elsewhere absolute."""
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert shown_path(tmp_path / "a" / "b" / "stack.yaml") == "b/stack.yaml"
    assert shown_path(Path("./b/../stack.yaml")) == "stack.yaml"
    assert shown_path(tmp_path / "stack.yaml") == str(tmp_path / "stack.yaml")


def test_where_reading_is_kept_within_a_folder_files_are_named_from_there(tmp_path: Path):
    within = tmp_path / "copy of a repository"
    with confined(within):
        assert shown_path(within / "apps/stack.yaml") == "apps/stack.yaml"
        assert shown_path(tmp_path / "elsewhere") == str(tmp_path / "elsewhere")
    assert shown_path(within / "stack.yaml") == str(within / "stack.yaml")
