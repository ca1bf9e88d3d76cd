"""Builds that start from each other."""

from __future__ import annotations

import pytest

from deployer.errors import InvalidStack, Place
from deployer.resources.builds import build_of, in_order, joined, needs_of, references, refuse_circles
from deployer.resources.desired import DesiredBuild

TAGS = {"base": ("shop-base:1", "base:lts"), "web": (), "nginx": ("mine",)}


def build(name: str, *bases: str) -> DesiredBuild:
    return DesiredBuild(name, f"shop/{name}", ".", f"digest of {name}", {}, bases, {}, None, TAGS.get(name, ()))


def stack(**bases: tuple[str, ...]) -> dict[str, DesiredBuild]:
    builds = {name: build(name, *images) for name, images in bases.items()}
    return joined(builds, needs_of(bases, dict.fromkeys(bases, ())))


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("base", "base"),
        ("shop-base:1", "base"),
        ("mine", "nginx"),
        ("mine:latest", "nginx"),
        ("base:latest", ""),
        ("shop-base", ""),
        ("docker.io/library/base", ""),
        ("Base", ""),
        ("busybox:1.37", ""),
        ("web", ""),
    ],
)
def test_an_image_is_a_build_of_the_stack_by_its_name_or_a_further_one(image: str, expected: str) -> None:
    """To the letter; a build that names itself means an image from elsewhere: `FROM nginx` in the build nginx."""
    assert build_of(image, "web", TAGS) == expected


def test_builds_come_after_those_that_they_start_from() -> None:
    """In the order of the file but for that."""
    builds = stack(web=("tools", "x"), base=(), tools=("base",), other=())
    assert [each.name for each in in_order(builds)] == ["base", "tools", "web", "other"]
    assert (builds["web"].on, builds["web"].bases) == ({"tools": "tools"}, ("x",))


def test_a_build_is_another_one_when_what_it_starts_from_is() -> None:
    """However far below; its tag holds the reference of the build that it starts from, so all are known at once."""
    builds = stack(base=("x",), tools=("base",), web=("tools",))
    before, after = references(builds, {"x": "sha256:1"}), references(builds, {"x": "sha256:2"})
    assert all(before.values())
    assert all(before[name] != after[name] for name in builds)
    assert before["web"] == builds["web"].reference({"tools": before["tools"]})


def test_what_starts_from_an_image_that_is_not_there_is_not_known_yet() -> None:
    builds = stack(base=("x",), web=("base",), other=("y",))
    found = references(builds, {"y": "sha256:1"})
    assert (found["base"], found["web"], bool(found["other"])) == ("", "", True)


def test_a_circle_of_builds_is_refused_where_it_is_said() -> None:
    """The whole circle is told, from its first build by name on; a build beside it is not part of it."""
    needs = needs_of({"a": ["b"], "web": ["c"], "b": ["x", "c"], "c": ["a"]}, dict.fromkeys(["a", "b", "c", "web"], ()))
    with pytest.raises(InvalidStack) as caught:
        refuse_circles(needs, lambda build, image: Place(f"{build}/Dockerfile from {image}"))
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.code == "build-circle"
    assert "a -> b -> c -> a" in diagnostic.message
    assert diagnostic.place == Place("a/Dockerfile from b")


def test_builds_without_a_circle_are_let_be() -> None:
    """Two that share a base are none."""
    refuse_circles(needs_of({"a": ["c"], "b": ["c", "a"], "c": []}, dict.fromkeys("abc", ())), lambda *_: None)
