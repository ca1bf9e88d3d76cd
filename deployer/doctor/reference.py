"""What an image reference says of the image: is it an official one, and does it move."""

from __future__ import annotations

from deployer.fields.references import HUB, Reference


def official(image: Reference) -> str:
    """The name of one of the Hub's official images; empty for any other image."""
    name = image.path.removeprefix("library/")
    return name if image.host == HUB and "/" not in name else ""


def moves(image: Reference) -> bool:
    """Whether it means whatever is newest: no tag, or `latest`, and no digest."""
    return not image.digest and image.tag in ("", "latest")
