"""The images of a stack, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from deployer.render.sizes import bytes_text
from deployer.render.table import table

FORMAT_VERSION = 1

_HEAD = ("NAME", "IMAGE", "ID", "SIZE", "DIGEST", "USED BY")


@dataclass(frozen=True, slots=True)
class StackImage:
    """An image that the stack uses: its address, how the engine knows it, and who runs it.

    `id` and `size` (bytes) are those of the image on the engine, empty and None where it is not there; `digest` is what
    its registry knows it by, empty for one that came from none and went to none.
    """

    address: str
    reference: str
    id: str = ""
    size: int | None = None
    digest: str = ""
    used_by: tuple[str, ...] = ()


def as_text(images: Iterable[StackImage]) -> str:
    """A line an image; ids and digests are cut, as `docker images` does."""
    rows = [
        (
            each.address,
            each.reference or "not built yet",
            _short(each.id) if each.id else "not here",
            "" if each.size is None else bytes_text(each.size),
            _short(each.digest),
            ", ".join(each.used_by),
        )
        for each in images
    ]
    return table(_HEAD, rows)


def as_json(images: Iterable[StackImage], *, stack: str = "") -> str:
    """One object; `format_version` grows when a reader of the old form would be wrong."""
    found = [asdict(each) for each in images]
    return json.dumps({"format_version": FORMAT_VERSION, "stack": stack, "images": found}, indent=2)


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
