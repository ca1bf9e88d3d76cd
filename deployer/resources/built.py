"""The images that a stack's builds have made, as the engine has them: told by their tags alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from deployer.fields.field import section
from deployer.resources.wire import Json

_HASH = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """An image under one tag of a build, `<stack>/<build>:<hash>`; `made` is when it was last tagged, since 1970."""

    reference: str
    build: str
    id: str
    made: float

    @property
    def address(self) -> str:
        return f"build.{self.build}:{self.reference.rpartition(':')[2]}"


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image under a name that the stack has given it."""

    address: str
    reference: str
    id: str


def tags_of(listed: Iterable[Json], stack: str) -> Iterator[str]:
    """The tags that builds of the stack, whatever their names, have given to images; `listed` as the engine lists them.

    An image that came from a registry under such a name is none of them.
    """
    for image in listed:
        from_registry = {digest.partition("@")[0] for digest in image.get("RepoDigests") or ()}
        for tag in image.get("RepoTags") or ():
            repository, _, hash = tag.rpartition(":")
            folder, _, build = repository.partition("/")
            if folder == stack and build and _HASH.fullmatch(hash) and repository not in from_registry:
                yield tag


def built_image(reference: str, inspect: Json) -> BuiltImage:
    repository = reference.rpartition(":")[0]
    tagged = section(inspect, "Metadata").get("LastTagTime") or ""
    made = max(_seconds(tagged), _seconds(inspect.get("Created") or ""))
    return BuiltImage(reference, repository.partition("/")[2], inspect["Id"], made)


def _seconds(said: str) -> float:
    try:
        return datetime.fromisoformat(said).timestamp()
    except ValueError:
        return 0.0
