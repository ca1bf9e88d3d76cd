"""Reads what an archive of `docker save` holds, without an engine: the names of its images and their ids."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.sources.confined import open_in_bounds, refuse_outside
from deployer.sources.files import near_name, shown_path

_MANIFEST = "manifest.json"
_LARGEST = 16 * 1024 * 1024
"""Of the files in an archive that are read here; the layers are not."""


@dataclass(frozen=True, slots=True)
class ArchivedImage:
    """An image in an archive: what it is called there (`busybox:1.37`, may be nothing), and its id."""

    names: tuple[str, ...]
    id: str


def read_image_archive(path: Path, place: Place) -> tuple[ArchivedImage, ...]:
    """The images of an archive, compressed or not. Raises InvalidStack for a file that is none."""
    import zlib
    from lzma import LZMAError

    broken = (tarfile.TarError, EOFError, zlib.error, LZMAError)
    something_else = (AttributeError, KeyError, RecursionError, TypeError, ValueError)
    shown = shown_path(path)
    real = refuse_outside(path, shown, place)
    try:
        descriptor = open_in_bounds(path, real, os.O_RDONLY | os.O_CLOEXEC)
        with open(descriptor, "rb") as file, tarfile.open(fileobj=file) as tar:
            found = tuple(_images(tar))
    except FileNotFoundError:
        raise _refused("archive-missing", f"{shown} does not exist", near_name(path), place) from None
    except (*broken, *something_else) as error:
        hint = "write it with `docker save IMAGE -o FILE` or `deployer save`; `docker export` gives no image"
        reason = str(error) if isinstance(error, broken) else "it has no manifest of images"
        raise _refused("archive-unreadable", f"{shown} is no archive of images: {reason}", hint, place) from None
    except OSError as error:
        raise _refused("archive-unreadable", f"{shown} cannot be read: {error.strerror or error}", "", place) from None
    if not found:
        raise _refused("archive-unreadable", f"{shown} holds no image", "", place)
    return found


def chosen(images: Sequence[ArchivedImage], reference: str, shown: str, place: Place) -> tuple[ArchivedImage, str]:
    """The image that the stack means, and the reference that it is to have: `reference`, or the archive's only name.

    A reference that the archive does not know becomes the name of its only image.
    """
    named = [(image, name) for image in images for name in image.names]
    if found := [(image, name) for image, name in named if name == reference]:
        return found[0]
    if not reference and len(named) == 1:
        return named[0]
    if reference and len(images) == 1:
        return images[0], reference
    names = ", ".join(name for _, name in named)
    if reference:
        message, hint = f"{shown} holds no {reference}", f"it holds {names}" if names else "its images have no names"
    elif named:
        message, hint = f"{shown} holds several names: {names}", "say which one with from:"
    else:
        message, hint = f"the image in {shown} has no name", "say how it is to be called with from: NAME:TAG"
    raise _refused("archive-name", message, hint, place)


def _images(tar: tarfile.TarFile) -> Iterator[ArchivedImage]:
    for entry in _json(tar, _MANIFEST):
        # An image's id is the digest of its configuration (OCI image specification, "ImageID").
        id = f"sha256:{hashlib.sha256(_content(tar, entry['Config'])).hexdigest()}"
        yield ArchivedImage(tuple(map(_text, entry.get("RepoTags") or ())), id)


def _text(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(name)
    return name


def _json(tar: tarfile.TarFile, name: str) -> Any:
    return json.loads(_content(tar, name))


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    member = tar.getmember(name)
    file: IO[bytes] | None = tar.extractfile(member) if member.isreg() and member.size <= _LARGEST else None
    if file is None:
        raise ValueError(name)
    with file:
        return file.read()


def _refused(code: str, message: str, hint: str, place: Place) -> InvalidStack:
    return InvalidStack(Diagnostic(code, message, place, hint))
