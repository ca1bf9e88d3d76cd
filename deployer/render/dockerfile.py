"""A Dockerfile that comes near to what a container has become: a beginning for a build, which says how, and why not."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from shlex import quote

from deployer.render.harmless import harmless

CHANGED, ADDED, DELETED = 0, 1, 2
"""Kinds of changed files, as the engine counts them."""

_PASSING = ("/tmp", "/var/tmp", "/var/cache", "/var/log", "/run", "/var/run", "/proc", "/sys", "/dev", "/root/.cache")
_NOT_SAID = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/.dockerenv")
_PACKAGES: Mapping[str, str] = {
    "/var/lib/dpkg": "apt-get update && apt-get install -y --no-install-recommends PACKAGE...",
    "/lib/apk": "apk add --no-cache PACKAGE...",
    "/usr/lib/apk": "apk add --no-cache PACKAGE...",
    "/var/lib/rpm": "dnf install -y PACKAGE...",
    "/usr/lib/sysimage/rpm": "dnf install -y PACKAGE...",
}
_OF_PACKAGES = ("/usr", "/lib", "/bin", "/sbin", "/var/lib")
_MANY = 30


def suggestion(image: str, service: str, changes: Iterable[Mapping[str, object]]) -> str:
    """The Dockerfile, with how to get the files that it copies; what cannot be told is said in it."""
    kinds = {str(each["Path"]): each["Kind"] for each in changes}
    installed = [command for folder, command in _PACKAGES.items() if any(_is_in(path, [folder]) for path in kinds)]
    kept = {path: kind for path, kind in kinds.items() if not _is_in(path, (*_PASSING, *_NOT_SAID))}
    if installed:  # what a package manager wrote is its own to write again
        kept = {path: kind for path, kind in kept.items() if not _is_in(path, _OF_PACKAGES)}
    copied = _topmost(kept, ADDED, CHANGED)
    deleted = _topmost(kept, DELETED)
    return "\n".join(harmless(line) for line in _lines(image, service, installed, copied, deleted))


def _lines(
    image: str, service: str, installed: Sequence[str], copied: Sequence[str], deleted: Sequence[str]
) -> Iterator[str]:
    yield f"FROM {image}"
    for command in dict.fromkeys(installed):
        yield "# Packages were installed; which ones, files alone do not tell:"
        yield f"# RUN {command}"
    for path in copied[:_MANY]:
        yield f"# deployer cp {quote(f'{service}:{path}')} {quote(f'.{path}')}"
        yield (
            f"COPY .{path} {path}"
            if quote(path) == path
            else f"COPY {json.dumps([f'.{path}', path], ensure_ascii=False)}"
        )
    if len(copied) > _MANY:
        yield f"# and {len(copied) - _MANY} more: deployer status --files --only {service}"
    if deleted:
        yield f"RUN rm -rf {' '.join(map(quote, deleted[:_MANY]))}"
    yield "# What cannot be told: commands that were run, and why. Write those as RUN in place of their results."


def _topmost(kinds: Mapping[str, object], *wanted: int) -> list[str]:
    """The paths of these kinds that no other one holds. A folder that only changed is in the list for what is in it."""
    folders = {posixpath.dirname(path) for path in kinds}
    found: list[str] = []
    for path in sorted(path for path, kind in kinds.items() if kind in wanted):
        is_way = kinds[path] == CHANGED and path in folders
        if not is_way and not _is_in(path, found):
            found.append(path)
    return found


def _is_in(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
