"""What leads from a line of the stack file to where it can be read on the web."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.errors import Place, WrongUsage
from deployer.sources.links import links_to

URL = "https://git.example/me/shop/blob/0a1b2c"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in a checkout."""
    git, folder = tmp_path / ".git", tmp_path / "deploy" / "my shop"
    git.mkdir()
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("stack.yaml", "deploy/my%20shop/stack.yaml"),
        ("../base.yaml", "deploy/base.yaml"),
        ("a#b?.yaml", "deploy/my%20shop/a%23b%3F.yaml"),
    ],
)
def test_a_path_is_that_from_the_top_of_the_checkout(file: str, path: str, folder: Path) -> None:
    assert links_to(f"{URL}/", folder)(Place(file, 12, 3)) == f"{URL}/{path}#L12"


def test_an_absolute_path_of_the_checkout_is_as_good(folder: Path) -> None:
    place = Place(str(folder / "stack.yaml"), 2)
    assert links_to(URL, folder)(place) == f"{URL}/deploy/my%20shop/stack.yaml#L2"


def test_what_lies_outside_or_has_no_line_leads_nowhere(folder: Path) -> None:
    link = links_to(URL, folder)
    assert link(Place("../../../other.yaml", 1)) == ""
    assert link(Place("--set", 0, 0)) == ""


def test_without_a_url_nothing_leads_anywhere(folder: Path) -> None:
    assert links_to("", folder)(Place("stack.yaml", 12)) == ""


def test_without_a_checkout_the_url_is_the_folders(tmp_path: Path) -> None:
    assert links_to(URL, tmp_path)(Place("stack.yaml", 1)) == f"{URL}/stack.yaml#L1"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "shop/blob/main", "file:///etc"])
def test_only_the_web_can_be_led_to(url: str, folder: Path) -> None:
    with pytest.raises(WrongUsage, match="no URL of the web"):
        links_to(url, folder)
