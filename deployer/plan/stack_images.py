"""What `destroy --images` removes: the names that the stack has given to images, or has brought to the engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deployer.errors import Diagnostic
from deployer.fields.references import parse_reference
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
    users = {each.image_id: name for name, each in observed.neighbours.items()}
    users = {id: name for id, name in users.items() if name not in {each.name for each in observed.one_offs}}
    for image in images:
        if user := users.get(image.id):
            message = f"{image.reference} stays: the container {user}, which is not of this stack, was made from it"
            warnings.append(Diagnostic("image-in-use", message, address=image.address))
            continue
        runbook = tuple(Step(Call.REMOVE_IMAGE, name) for name in _names(image))
        drafts.append(Draft(Change(image.address, Action.REMOVE, "--images", steps=runbook, detail=image.reference)))
    return drafts, warnings


def _names(image: NamedImage) -> Iterator[str]:
    """The name itself; where it is the only one, then the digests too under which mirrors brought the image, for with
    these it would stay. Those of its own repository go with it.
    """
    yield image.reference
    if set(image.tags) <= {image.reference}:
        own = parse_reference(image.reference).name
        yield from (digest for digest in image.digests if parse_reference(digest).name != own)
