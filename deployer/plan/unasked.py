"""Images that are to be what their registries have now, where no registry has told: the plan goes by what is here."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.errors import Diagnostic
from deployer.plan.asked import image_line
from deployer.plan.diff import PlaceOf
from deployer.resources.desired import Desired
from deployer.resources.observed import Observed


def not_asked(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """A warning an image, at the line that names it."""
    for image in desired.images.values():
        answer = observed.registry_answers.get(image.reference)
        if answer is None or answer.digest:
            continue
        why = answer.trouble or "it has no image of that name"
        yield Diagnostic(
            "registry-not-asked",
            f"what {image.reference} is in its registry now is not known: {why}",
            image_line(image.address, desired, place),
            f"pull: {image.pull} asks for that; until it is known, the image that is on the engine is run",
            address=image.address,
        )
