"""Where each image of a revision is to be had now, put into what a plan is made from; what is not, told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from deployer.errors import NOTHING_TOUCHED, Diagnostic, Place
from deployer.resources.desired import DesiredBuild, DesiredImage
from deployer.resources.revisions import KeptImage

if TYPE_CHECKING:
    from deployer.stack.model import Build


def image_had(address: str, kept: KeptImage, source: str, instead: str) -> DesiredImage:
    """The image by the name that it had, which it is given again from its `source` where nothing has that now.

    Where another image does, that one keeps it, and this one runs by what it is called `instead`.
    """
    if not source:
        return DesiredImage(address, kept.reference)
    is_a_name = "@" not in kept.reference and not kept.reference.startswith("sha256:")
    if instead or not is_a_name:
        return DesiredImage(address, instead or source)
    return DesiredImage(address, kept.reference, source=source)


def build_had(name: str, build: Build, path: tuple[str, ...], stack: str, kept: KeptImage, source: str) -> DesiredBuild:
    """A build whose image is there, or is pulled by its digest: nothing of it is read."""
    return DesiredBuild(
        name=name,
        repository=f"{stack}/{name}".lower(),
        folder=build.context,
        digest="",
        inputs={},
        bases=(),
        args={},
        target=None,
        tags=build.names(),
        path=path,
        made=kept.reference,
        source=source,
    )


def as_it_was(build: DesiredBuild, kept: Mapping[str, KeptImage]) -> bool:
    """Whether a build that is read now would make what the revision ran, started from the images of then."""
    mine = kept[build.address]
    bases = {base: mine.started_from[base].id for base in build.bases if base in mine.started_from}
    others = {image: kept[f"build.{name}"].reference for image, name in build.on.items() if f"build.{name}" in kept}
    known = len(bases) == len(build.bases) and len(others) == len(build.on)
    return known and build.reference({**bases, **others}) == mine.reference


def bases_of(builds: Mapping[str, DesiredBuild], kept: Mapping[str, KeptImage]) -> dict[str, KeptImage]:
    """The images from elsewhere that builds start from, as the revision had them, by address."""
    return {
        f"image.{base}": kept[build.address].started_from[base] for build in builds.values() for base in build.bases
    }


def gone(address: str, kept: KeptImage, revision: int, trouble: str, why_not_made: str = "") -> Diagnostic:
    """That an image of the revision is not to be had: before anything stops."""
    parts = [f"its image {kept.reference} ({kept.id[7:19]}) is not on the engine", trouble, why_not_made]
    return Diagnostic(
        "rollback-image",
        f"{address} of revision {revision} is not to be had: {'; '.join(filter(None, parts))}",
        Place(f"revision {revision}", 0, 0),
        "bring the image back, or go to another revision: deployer history",
        notes=(NOTHING_TOUCHED,),
    )


def told_unpinned(addresses: Collection[str], revision: int) -> list[Diagnostic]:
    """That a revision, of an earlier deployer, does not say which images these were."""
    if not addresses:
        return []
    message = f"revision {revision} does not say which images it ran: {', '.join(sorted(addresses))} are today's"
    return [Diagnostic("rollback-images", message)]
