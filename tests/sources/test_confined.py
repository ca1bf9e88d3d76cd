"""Reading is kept within a folder also where somebody writes to it at the same time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from deployer.errors import InvalidStack, Place
from deployer.sources import bound, context_files, files, image_archive
from deployer.sources.bound import read_bound
from deployer.sources.confined import confined
from deployer.sources.context import read_context
from deployer.sources.files import read_text
from deployer.sources.image_archive import read_image_archive
from tests.sources.test_image_archive import written

PLACE = Place("stack.yaml", 3, 5)

READS: dict[str, tuple[ModuleType, Callable[[Path], object], str]] = {
    "a file": (files, lambda root: read_text(root / "sub/file", "file"), "sub/file"),
    "an archive of images": (image_archive, lambda root: read_image_archive(root / "sub/a.tar", PLACE), "sub/a.tar"),
    "a mounted file": (bound, lambda root: read_bound(root / "sub/file", PLACE).files, "sub/file"),
    "a mounted folder": (bound, lambda root: read_bound(root / "sub/web", PLACE).files, "sub/web"),
    "a build context": (context_files, lambda root: read_context(root / "sub/web").files, "sub/web"),
}


@pytest.mark.parametrize("whole_folder", [False, True])
@pytest.mark.parametrize("kind", READS)
def test_a_link_that_takes_a_place_once_it_was_looked_at_is_not_followed(
    kind: str, whole_folder: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A container may write to a mounted folder of the repository at any time."""
    module, read, path = READS[kind]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    within, outside = tmp_path / "repository", tmp_path / "host"
    for folder in (within / "sub", outside):
        (folder / "web").mkdir(parents=True)
        for file in (folder / "file", folder / "web/Dockerfile", folder / f"web/of {folder.name}"):
            file.write_text(folder.name)
        written(folder / "a.tar", [f"{folder.name}:1"])
    look = module.refuse_outside

    def look_and_swap(*asked: Any) -> Path | None:
        real = look(*asked)
        swapped = within / ("sub" if whole_folder else path)
        swapped.rename(within / "away")
        swapped.symlink_to(outside / swapped.relative_to(within / "sub"))
        return real

    with confined(within):
        assert read(within)
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        monkeypatch.setattr(module, "refuse_outside", look_and_swap)
        with pytest.raises(InvalidStack) as caught:
            read(within)
        assert caught.value.diagnostics[0].code.endswith(("-missing", "-unreadable"))
