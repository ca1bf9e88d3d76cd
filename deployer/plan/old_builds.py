"""Images of the stack's own builds that nobody needs any more: told by their tags, and only these are removed."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from deployer.plan.draft import Draft
from deployer.plan.model import NO_LONGER, Action, Call, Change, Step
from deployer.resources.built import BuiltImage
from deployer.resources.desired import Desired
from deployer.resources.observed import Observed

KEPT = 3
"""How many images of each build stay unless told otherwise, the one that the stack wants included."""


def old_builds(
    desired: Desired, observed: Observed, wanted: Collection[str], keep: int | None, *, orphans: bool = True
) -> list[Draft]:
    """The removal of all but the newest images of each build; with `orphans`, of all those of builds that the stack no
    longer has, but of services that are inactive. What a container was made from stays, and so do the `wanted`
    references, and, where nobody says how many to `keep`, all that can be gone back to.
    """
    reachable = observed.ran() if keep is None else frozenset[str]()
    keep = KEPT if keep is None else keep
    used = {each.image_id for each in observed.containers} | {each.image_id for each in observed.neighbours.values()}
    own = {build.repository.partition("/")[2]: build for build in desired.builds.values()}
    of_build: dict[str, list[BuiltImage]] = {}
    for image in observed.built():
        of_build.setdefault(image.build, []).append(image)
    drafts: list[Draft] = []
    for build, images in sorted(of_build.items()):
        if build in own:
            old, reason = _older(images, wanted, keep), f"older than the newest {keep}" if keep else "not in use"
        elif orphans and build not in {name.lower() for name in desired.inactive}:
            old, reason = iter(images), NO_LONGER
        else:
            continue
        going = (image for image in old if image.id not in used and image.reference not in reachable)
        drafts += [_removal(image, reason) for image in going]
    return drafts


def _older(images: list[BuiltImage], wanted: Collection[str], keep: int) -> Iterator[BuiltImage]:
    """The wanted one counts as the newest, whether or not it is there by now."""
    others = sorted((each for each in images if each.reference not in wanted), key=lambda each: each.made)
    return reversed(others[: max(0, len(others) - max(0, keep - 1))])


def _removal(image: BuiltImage, reason: str) -> Draft:
    """Of an image that has other names only this one goes; one that somebody uses by then stays."""
    return Draft(Change(image.address, Action.REMOVE, reason, steps=(Step(Call.REMOVE_IMAGE, image.reference),)))
