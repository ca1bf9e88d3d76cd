"""Builds that start from each other: which needs which, in what order, and what each image is called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.fields.references import with_tag
from deployer.resources.desired import DesiredBuild
from deployer.stack.ways import circle_from, needed_first

FROM = "FROM "
"""How the inputs of an image name what it starts from."""

Needs = Mapping[str, Mapping[str, str]]
"""Of each build, the images as its Dockerfile names them that are builds of the stack, too: image -> build."""


def build_of(image: str, build: str, tags: Mapping[str, Sequence[str]]) -> str:
    """The build of the stack that an image named in another build's Dockerfile is, by its name or a further one.

    Empty for an image from elsewhere: a build that names itself means the one that it replaces.
    """
    if image in tags:
        return image if image != build else ""
    tagged = (name for name, said in tags.items() if with_tag(image) in map(with_tag, said))
    return next((name for name in tagged if name != build), "")


def needs_of(bases: Mapping[str, Sequence[str]], tags: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """`bases` are the images that each build's Dockerfile names; `tags` has all builds, each with its further names."""
    return {
        name: {image: other for image in images if (other := build_of(image, name, tags))}
        for name, images in bases.items()
    }


def refuse_circles(needs: Needs, place: Callable[[str, str], Place | None]) -> None:
    """Raises InvalidStack with the circle, at the line in which its first build (by name) names the next.

    `place` says where a build names an image.
    """
    done: set[str] = set()
    for name in sorted(needs):
        if circle := circle_from(name, lambda each: needs.get(each, {}).values(), done):
            first = circle.index(min(circle))
            circle = [*circle[first:], *circle[:first]]
            image = next(image for image, other in needs[circle[0]].items() if other == circle[1 % len(circle)])
            message = f"these builds start from each other: {' -> '.join([*circle, circle[0]])}"
            hint = "one of them must start from an image of its own"
            raise InvalidStack(Diagnostic("build-circle", message, place=place(circle[0], image), hint=hint))


def joined(builds: Mapping[str, DesiredBuild], needs: Needs) -> dict[str, DesiredBuild]:
    """The builds, each knowing which of its bases are builds of the stack."""
    return {
        name: replace(
            build,
            on=dict(needs.get(name, {})),
            bases=tuple(base for base in build.bases if base not in needs.get(name, {})),
        )
        for name, build in builds.items()
    }


def in_order(builds: Mapping[str, DesiredBuild], addresses: Collection[str] | None = None) -> Iterator[DesiredBuild]:
    """Each after those that it starts from; of `addresses`, these and what they start from alone."""
    names = (build.name for build in builds.values() if addresses is None or build.address in addresses)
    return (builds[name] for name in needed_first(names, lambda name: builds[name].on.values()))


def references(builds: Mapping[str, DesiredBuild], ids: Mapping[str, str]) -> dict[str, str]:
    """The tag of each build, by its name; empty where a base image (`ids`, by reference) is not there yet."""
    found: dict[str, str] = {}
    for build in in_order(builds):
        started = started_from(build, ids, found)
        found[build.name] = "" if started is None else build.reference(started)
    return found


def started_from(build: DesiredBuild, ids: Mapping[str, str], references: Mapping[str, str]) -> dict[str, str] | None:
    """What a build starts from: the id of each image, and the reference of each build; None while one is not known."""
    found = {base: ids.get(base, "") for base in build.bases}
    found |= {image: references.get(other, "") for image, other in build.on.items()}
    return found if all(found.values()) else None


def inputs_of(build: DesiredBuild, started_from: Mapping[str, str]) -> dict[str, str]:
    """All that went into an image, by the names that a user knows."""
    return {**build.inputs, **{f"{FROM}{image}": what for image, what in started_from.items()}}
