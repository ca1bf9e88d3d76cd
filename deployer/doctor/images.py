"""What is unwise about an image reference, wherever it is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from deployer.doctor.end_of_life import end_of_life
from deployer.doctor.reference import moves
from deployer.errors import Diagnostic, Place
from deployer.fields.references import parse_reference


def image_warnings(reference: str, place: Place, today: date) -> Iterator[Diagnostic]:
    """That it means another image from one day to the next, and that nobody mends it any more."""
    image = parse_reference(reference)
    if moves(image):
        said = "has no tag, which means latest" if not image.tag else "says latest"
        yield Diagnostic(
            "image-latest",
            f"{reference} {said}: whatever is newest when it is pulled, so not the same everywhere, nor tomorrow",
            place,
            f"name a version: {reference.removesuffix(':latest')}:VERSION",
        )
    if ended := end_of_life(image, today):
        yield Diagnostic(
            "image-end-of-life",
            f"{reference} is past its end of life: {ended.what} gets no security updates since {ended.day}",
            place,
            f"take {ended.instead}",
        )
