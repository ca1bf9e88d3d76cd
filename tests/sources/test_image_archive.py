"""What an archive of images holds, read without an engine."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from deployer.errors import InvalidStack, Place
from deployer.sources.image_archive import ArchivedImage, chosen, read_image_archive

HERE = Place("stack.yaml", 4, 14)
CONFIG = b'{"architecture": "amd64"}'
ID = f"sha256:{hashlib.sha256(CONFIG).hexdigest()}"


def written(path: Path, *names: list[str] | None, mode: str = "w") -> Path:
    """An archive with an image for each list of names."""
    entries = [{"Config": f"{number}.json", "RepoTags": tags, "Layers": []} for number, tags in enumerate(names)]
    contents = {f"{number}.json": CONFIG + b" " * number for number, _ in enumerate(names)}
    with tarfile.open(path, mode) as tar:
        for name, content in {**contents, "manifest.json": json.dumps(entries).encode()}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_the_names_and_the_id_are_told_compressed_or_not(tmp_path, mode):
    """The id is the digest of the image's configuration."""
    path = written(tmp_path / "a.tar.gz", ["a:1", "b:2"], mode=mode)
    assert read_image_archive(path, HERE) == (ArchivedImage(("a:1", "b:2"), ID),)


def test_an_archive_of_several_images_tells_each(tmp_path):
    found = read_image_archive(written(tmp_path / "a.tar", ["a:1"], None), HERE)
    assert [image.names for image in found] == [("a:1",), ()]
    assert found[0].id != found[1].id


def test_what_is_no_archive_of_images_is_refused_at_its_line(tmp_path):
    (tmp_path / "text.tar").write_text("no tar")
    with tarfile.open(tmp_path / "exported.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("etc/passwd"))
    for name in ("text.tar", "exported.tar", "none.tar", "."):
        with pytest.raises(InvalidStack) as caught:
            read_image_archive(tmp_path / name, HERE)
        assert caught.value.diagnostics[0].place == HERE


@pytest.mark.parametrize("mode", ["w:gz", "w:xz"])
def test_a_compressed_archive_that_is_damaged_anywhere_is_refused(tmp_path, mode):
    path, layer = tmp_path / "a.tar", bytes(Random(0).choices(range(97, 123), k=20_000))
    with tarfile.open(path, mode) as tar:
        for name, content in (("layer", layer), ("0.json", CONFIG), ("manifest.json", b'[{"Config": "0.json"}]')):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    sound = path.read_bytes()
    for at in (*range(20, 600, 7), *range(600, len(sound), 500)):
        path.write_bytes(sound[:at] + bytes(255 - each for each in sound[at : at + 8]) + sound[at + 8 :])
        with suppress(InvalidStack):  # a byte of a header may say nothing
            read_image_archive(path, HERE)


@pytest.mark.parametrize("manifest", ["[" * 100_000, '[{"Config": 5}]', '[{"Config": "0.json", "RepoTags": [5]}]'])
def test_a_manifest_that_is_none_is_refused(tmp_path, manifest):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name, content in (("0.json", CONFIG), ("manifest.json", manifest.encode())):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    with pytest.raises(InvalidStack, match="no manifest of images"):
        read_image_archive(tmp_path / "a.tar", HERE)


def one(*names: str) -> ArchivedImage:
    return ArchivedImage(names, f"sha256:{names}")


def test_the_only_name_need_not_be_written():
    image = one("a:1")
    assert chosen([image], "", "a.tar", HERE) == (image, "a:1")


def test_of_several_names_the_written_one_is_meant():
    images = [one("a:1", "a:2"), one("b:1")]
    assert chosen(images, "b:1", "a.tar", HERE) == (images[1], "b:1")


def test_an_only_image_gets_the_name_that_is_written():
    """Also one that has no name in the archive."""
    for image in (one("a:1"), one()):
        assert chosen([image], "other:3", "a.tar", HERE) == (image, "other:3")


@pytest.mark.parametrize(
    ("images", "reference", "told"),
    [
        ([one("a:1", "a:2")], "", "several names: a:1, a:2"),
        ([one()], "", "has no name"),
        ([one("a:1"), one("b:1")], "c:1", "holds no c:1"),
    ],
)
def test_what_is_not_clear_is_asked_for(images, reference, told):
    with pytest.raises(InvalidStack, match=told):
        chosen(images, reference, "a.tar", HERE)
