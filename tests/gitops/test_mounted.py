"""Which files of a commit containers have mounted, and a plan of a commit whose files lie aside."""

from __future__ import annotations

from pathlib import Path

from deployer.gitops.projects import Checkout, beneath_of, bound, mounting, project_of
from deployer.gitops.tree import StackFile
from deployer.project import Project
from deployer.wiring import Choices

STACK = """
name: shop
services:
  web:
    image: nginx
    volumes: [./conf:/conf:ro, ./new:/new, ../top:/top, /etc/hosts:/h, data:/data]
volumes: {data: {}}
"""


def aside(tmp_path: Path) -> tuple[Project, Checkout]:
    folder = tmp_path / "aside"
    (folder / "apps").mkdir(parents=True)
    (folder / "apps/stack.yaml").write_text(STACK)
    checkout = Checkout(folder, "c" * 40, StackFile("apps/stack.yaml"), "https://git.example/me/shop.git")
    return project_of(checkout, Choices()), checkout


def test_what_of_the_repository_is_mounted_is_known(tmp_path: Path):
    project, checkout = aside(tmp_path)
    assert beneath_of(checkout.folder, bound(project.stack)) == {"apps/conf", "apps/new", "top"}


def test_a_link_is_known_by_both_of_its_names(tmp_path: Path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "link").symlink_to("conf")
    assert beneath_of(tmp_path, [str(tmp_path / "link"), "/etc", ""]) == {"link", "conf"}


def test_the_whole_repository_may_be_mounted(tmp_path: Path):
    assert beneath_of(tmp_path, [str(tmp_path)]) == {""}


def test_what_lies_in_place_is_mounted_from_there_and_what_is_new_from_aside(tmp_path: Path):
    project, checkout = aside(tmp_path)
    place = tmp_path / "place"
    for each in ("apps/conf", "top"):
        (place / each).mkdir(parents=True)
    moved = mounting(project, checkout, place)
    sources = [each.source for each in moved.stack.services["web"].volumes]
    assert sources == [str(place / "apps/conf"), "./new", str(place / "top"), "/etc/hosts", "data"]
    assert (moved.origin, moved.commit) == (project.origin, project.commit)
