"""Where a copy goes: the rules of docker cp."""

from __future__ import annotations

import pytest

from deployer.cli.copy import Found, _service_of, placed
from deployer.errors import OperationFailed

FILE, FOLDER = Found("/s", exists=True), Found("/s", exists=True, is_folder=True)
NOTHING = Found("/to/new", exists=False)
A_FILE, A_FOLDER = Found("/to/there", exists=True), Found("/to/there", exists=True, is_folder=True)


@pytest.mark.parametrize(
    ("source", "contents", "dest", "written", "goes"),
    [
        (FILE, False, NOTHING, "/to/new", ("/to", "new")),
        (FILE, False, A_FILE, "/to/there", ("/to", "there")),
        (FILE, False, A_FOLDER, "/to/there", ("/to/there", "s")),
        (FOLDER, False, NOTHING, "/to/new", ("/to", "new")),
        (FOLDER, False, NOTHING, "/to/new/", ("/to", "new")),
        (FOLDER, True, NOTHING, "/to/new", ("/to", "new")),
        (FOLDER, False, A_FOLDER, "/to/there", ("/to/there", "s")),
        (FOLDER, True, A_FOLDER, "/to/there", ("/to/there", "")),
        (FILE, False, Found("new", exists=False), "new", (".", "new")),
    ],
)
def test_a_copy_goes_where_docker_puts_it(
    source: Found, contents: bool, dest: Found, written: str, goes: tuple[str, str]
):
    assert placed(source, "s", contents, dest, written) == goes


@pytest.mark.parametrize(("source", "dest", "written"), [(FOLDER, A_FILE, "/to/there"), (FILE, NOTHING, "/to/new/")])
def test_a_folder_takes_no_files_place_and_a_file_makes_no_folder(source: Found, dest: Found, written: str):
    with pytest.raises(OperationFailed, match="folder"):
        placed(source, "s", False, dest, written)


@pytest.mark.parametrize(
    ("argument", "service"), [("web:/x", "web"), ("./a:b", ""), ("/a:b", ""), ("d/a:b", ""), ("-", ""), ("file", "")]
)
def test_a_colon_tells_a_container_from_a_path(argument: str, service: str):
    """A path here with a colon in it begins with ./ or has a slash before it."""
    assert _service_of(argument) == service
