"""Who runs this may have no home, or name one that nobody knows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deployer.home import from_home

NOBODY = """
import pwd

def nobody(_):
    raise KeyError

pwd.getpwuid = nobody
from deployer.__main__ import main
main()
"""


def test_a_path_may_begin_with_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv/me")
    assert (from_home("~/a"), from_home("a/~")) == (Path("/srv/me/a"), Path("a/~"))
    assert from_home("~nobody-knows/a") == Path("~nobody-knows/a")


@pytest.mark.parametrize("command", [["doctor"], ["logout", "r.example"], ["plan"], ["validate"]])
def test_without_a_home_every_command_says_what_it_says_else(command: list[str], tmp_path: Path) -> None:
    """As in a container whose user nobody has named."""
    (tmp_path / "stack.yaml").write_text("services: {web: {image: 'busybox:1.37'}}\n")
    there = {name: value for name, value in os.environ.items() if name not in ("HOME", "DOCKER_CONFIG")}
    there["DOCKER_HOST"] = f"unix://{tmp_path}/none.sock"
    ended = subprocess.run(
        [sys.executable, "-c", NOBODY, *command], cwd=tmp_path, env=there, capture_output=True, text=True, check=False
    )
    assert ended.returncode != 70, ended.stderr
    assert "RuntimeError" not in ended.stderr
