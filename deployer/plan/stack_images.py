"""What `destroy --images` removes: the names that the stack has given to images that it has built or loaded."""

from __future__ import annotations

from collections.abc import Iterable

from deployer.errors import Diagnostic
from deployer.plan.draft import Draft
from deployer.plan.model import Action, Call, Change, Step
from deployer.resources.built import NamedImage
from deployer.resources.observed import Observed


def going_images(images: Iterable[NamedImage], observed: Observed) -> tuple[list[Draft], list[Diagnostic]]:
    """The removal of each name, and a warning for each image that stays because somebody else's container runs it.

    An image with other names stays under those.
    """
    drafts: list[Draft] = []
    warnings: list[Diagnostic] = []
    going = {each.name for each in observed.one_offs}
    users = {each.image_id: name for name, each in observed.neighbours.items() if name not in going}
    for image in images:
        if user := users.get(image.id):
            message = f"{image.reference} stays: the container {user}, which is not of this stack, was made from it"
            warnings.append(Diagnostic("image-in-use", message, address=image.address))
            continue
        step = Step(Call.REMOVE_IMAGE, image.reference)
        drafts.append(Draft(Change(image.address, Action.REMOVE, "--images", steps=(step,), detail=image.reference)))
    return drafts, warnings
