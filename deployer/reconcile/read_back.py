"""What Compose has copied into its containers, read back: an inspect shows no file."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from deployer.errors import DeployerError
from deployer.reconcile.protocol import Reader
from deployer.resources.applied import digest_with
from deployer.resources.observed import CopiedFile, ObservedContainer

LARGEST = 8 * 1024 * 1024
"""More than a secret or config may hold, and its tar: what is longer is none."""


def with_copied(
    reader: Reader, containers: Iterable[ObservedContainer], paths: Mapping[str, Collection[str]], salt: str
) -> list[ObservedContainer]:
    """The containers; those that are not of our making with the files that are at the paths, by service."""
    return [
        replace(each, copied=_copied(reader, each.id, paths[each.service], salt))
        if each.applied is None and paths.get(each.service)
        else each
        for each in containers
    ]


def _copied(reader: Reader, container: str, paths: Collection[str], salt: str) -> dict[str, CopiedFile]:
    found = {path: _file(reader, container, path, salt) for path in paths}
    return {path: file for path, file in found.items() if file}


def _file(reader: Reader, container: str, path: str, salt: str) -> CopiedFile | None:
    """Its salted digest, user, group and permissions; None where there is no such file."""
    packed = bytearray()
    try:
        for chunk in reader.get_archive(container, path):
            packed += chunk
            if len(packed) > LARGEST:
                return None
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            entry = tar.next()
            content = tar.extractfile(entry) if entry and entry.isreg() else None
            if entry is None or content is None:
                return None
            digest = hashlib.sha256(content.read()).hexdigest()
            return digest_with(salt, digest), entry.uid, entry.gid, entry.mode & 0o7777
    except (DeployerError, tarfile.TarError):  # not there, or no whole file: nothing is known of it
        return None
