"""What a command writes to a file that is named to it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from deployer.cli.whole_file import written_whole
from deployer.errors import WrongUsage


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path):
    """As a device does: for root, /dev/null became a file."""
    pipe, got = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with written_whole(pipe) as write:
        write(b"whole")
    reader.join(5)
    assert (got, pipe.is_fifo()) == ([b"whole"], True)


def test_the_file_behind_a_link_is_written_and_the_link_stays(tmp_path: Path):
    (tmp_path / "link").symlink_to("file")
    with written_whole(tmp_path / "link") as write:
        write(b"whole")
    assert ((tmp_path / "link").readlink(), (tmp_path / "file").read_bytes()) == (Path("file"), b"whole")


def test_a_folder_is_refused_and_nothing_is_left_beside_it(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(WrongUsage, match="cannot be written: Is a directory"), written_whole(tmp_path / "folder"):
        pass
    assert os.listdir(tmp_path) == ["folder"]
