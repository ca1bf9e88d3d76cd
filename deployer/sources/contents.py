"""What secrets and configs hold: read, digested, packed for a container, and never shown."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.sources.encrypted import decrypted
from deployer.sources.files import LARGEST, read_bytes


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Content:
    """Some bytes that no repr, message or comparison shows; `closed` are those that nobody else may see either."""

    data: bytes
    closed: bool = False

    def __repr__(self) -> str:
        return "Content(not shown)"

    @property
    def digest(self) -> str:
        """For comparing alone: of what is easily guessed, it is to be salted before it goes anywhere."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file of an archive, its path relative to where that is unpacked."""

    path: str
    content: Content
    uid: int
    gid: int
    mode: int


def content_of_file(path: Path, shown: str, place: Place) -> Content:
    """The bytes of a file, as they are: a line end at its end is a part of it. Of one that is encrypted, what it holds,
    closed.
    """
    data = read_bytes(path, shown, place)
    plain = decrypted(data, path, shown, place)
    return Content(data) if plain is None else Content(plain, closed=True)


def content_of_variable(name: str, environment: Mapping[str, str], whose: str, place: Place) -> Content:
    """The value of a variable; bytes that are no UTF-8 come out as they went in."""
    value = environment.get(name)
    if value is None:
        message = f"the variable {name}, which {whose} takes its content from, is not set"
        hint = "set it in the environment that deployer runs in, or in .env"
        raise InvalidStack(Diagnostic("unset-variable", message, place, hint))
    return content_of_text(value, whose, place)


def content_of_text(text: str, whose: str, place: Place) -> Content:
    data = text.encode("utf-8", "surrogateescape")
    if len(data) > LARGEST:
        message = f"{whose} holds more than {LARGEST // 1024 // 1024} MiB"
        raise InvalidStack(Diagnostic("file-huge", message, place, "data belongs into a volume"))
    return Content(data)


def line(content: Content) -> str:
    """The content as one text, less the line end that an editor puts at the end of a file."""
    return content.data.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")


def archive(files: Iterable[PackedFile]) -> bytes:
    """A tar of the files, made in memory: a secret is on no disk but that of the engine."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in files:
            entry = tarfile.TarInfo(file.path)
            entry.size, entry.mode = len(file.content.data), file.mode
            entry.uid, entry.gid = file.uid, file.gid
            tar.addfile(entry, io.BytesIO(file.content.data))
    return packed.getvalue()
