"""Which images of the stack's builds go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from deployer.fields.field import Context
from deployer.plan.old_builds import old_builds
from deployer.resources.built import BuiltImage, built_image, tags_of
from deployer.resources.desired import Desired, DesiredBuild
from deployer.resources.observed import Neighbour, Observed, ObservedContainer
from deployer.resources.records import Records
from deployer.resources.wire import EngineInfo


def image(build: str, number: int) -> BuiltImage:
    """One that was made after those of lower numbers."""
    return BuiltImage(f"shop/{build}:{number:016x}", build, f"id of {build} {number}", float(number))


def gone(
    *built: BuiltImage,
    wanted: str = "",
    keep: int = 2,
    orphans: bool = True,
    containers: tuple[ObservedContainer, ...] = (),
    neighbours: Mapping[str, Neighbour] | None = None,
) -> list[tuple[str, str]]:
    build = DesiredBuild("Web", "shop/web", ".", "", {}, (), {}, None, ())
    desired = Desired("shop", "", "", "", {}, {}, {"Web": build}, {}, {}, Context())
    observed = Observed(
        EngineInfo("", "", ""), containers, neighbours or {}, {}, {}, {}, {}, Records(), built=lambda: built
    )
    drafts = old_builds(desired, observed, {wanted}, keep, orphans=orphans)
    return [(draft.change.steps[0].target, draft.change.reason) for draft in drafts]


def test_the_newest_stay_and_the_wanted_one_is_the_newest() -> None:
    """Whatever its age: it may be there from an earlier time, or not be built yet."""
    built = [image("web", number) for number in (3, 1, 4, 2)]
    old = "older than the newest 2"
    assert gone(*built, wanted=image("web", 1).reference) == [
        (image("web", 3).reference, old),
        (image("web", 2).reference, old),
    ]
    assert [target for target, _ in gone(*built, wanted="shop/web:not there yet")] == [
        image("web", number).reference for number in (3, 2, 1)
    ]
    assert gone(*built, keep=9) == []
    assert gone(*built, keep=1, wanted=image("web", 1).reference)[0][1] == "older than the newest 1"


def test_what_a_container_was_made_from_stays(container: Callable[..., Any]) -> None:
    """A container of the stack's or anybody's, running or not."""
    built = [image("web", number) for number in (1, 2, 3, 4)]
    ours = container()
    ours = type(ours)(**{name: getattr(ours, name) for name in ours.__slots__} | {"image_id": built[0].id})
    other = Neighbour("other", frozenset(), image_id=built[1].id)
    found = gone(*built, keep=1, containers=(ours,), neighbours={"other": other})
    assert [target for target, _ in found] == [built[3].reference, built[2].reference]


def test_of_a_build_that_the_stack_no_longer_has_none_stays() -> None:
    """Unless what the stack no longer names is to be left alone."""
    assert gone(image("old", 1)) == [(image("old", 1).reference, "no longer in the stack")]
    assert gone(image("old", 1), orphans=False) == []


@pytest.mark.parametrize(
    "tag",
    ["shop/web:1.0", "shop/web:latest", "shop-web:00000000000000aa", "shopping/web:00000000000000aa", "web:1", ":"],
)
def test_a_tag_that_no_build_of_the_stack_gives_is_somebody_elses(tag: str) -> None:
    assert list(tags_of([{"RepoTags": [tag, "shop/web:00000000000000aa"]}], "shop")) == ["shop/web:00000000000000aa"]


def test_an_image_that_came_from_a_registry_is_somebody_elses() -> None:
    """A hub's `shop/web` with such a tag."""
    pulled = {"RepoTags": ["shop/web:00000000000000aa"], "RepoDigests": ["shop/web@sha256:1"]}
    pushed = {"RepoTags": ["shop/web:00000000000000ab", "r:5000/web:1"], "RepoDigests": ["r:5000/web@sha256:1"]}
    assert list(tags_of([pulled, pushed, {"RepoTags": None}], "shop")) == ["shop/web:00000000000000ab"]


def test_an_image_is_as_new_as_its_tag() -> None:
    """The builder's cache gives old images new tags; an engine that does not say when has the image's own time."""
    created = {"Id": "x", "Created": "2020-01-01T00:00:00.123456789Z"}
    tagged = {**created, "Metadata": {"LastTagTime": "2021-01-01T00:00:00.5Z"}}
    never = {**created, "Metadata": {"LastTagTime": "0001-01-01T00:00:00Z"}}
    ages = [built_image("shop/web:00000000000000aa", each).made for each in (tagged, created, never)]
    assert ages[0] > ages[1] == ages[2] > 0
    assert built_image("shop/web:00000000000000aa", created).address == "build.web:00000000000000aa"
