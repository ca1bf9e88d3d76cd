"""What should be, in the canonical shape: services, the images they run, builds, pushes, networks and volumes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer.fields.around import Around
from deployer.fields.container_names import name_in
from deployer.fields.field import Context, Value
from deployer.resources.registries import Registry


@dataclass(frozen=True, slots=True)
class Written:
    """A row as the user wrote it: under which name, and the validated value."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class BoundContent:
    """What a mounted file or folder holds, and what its change takes: restart, replace, or the signal to send.

    `written` is the source as the mount has it, `key` as `reload` does; `digest` is "" until it has been read, `files`
    are digests by path, `changed` is when any of it last changed, in seconds since 1970.
    """

    written: str
    source: str
    key: str
    way: str
    digest: str = ""
    changed: float = 0.0
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class DesiredArchive:
    """An archive that an image comes from: its file, as the user wrote it, the image's id, and what the archive calls
    it, which is the id where it has no name there.
    """

    file: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class DesiredImage:
    """An image that something runs, or that the stack names.

    `address` is its resource; `reference` is how the engine knows it, "" until a build has been made, or an archive has
    been read that tells it; `platform` is "" where any will do. Where it is not there by that name, it is had from its
    `source`: an image's id on the engine, or a name with a digest in a registry.
    """

    address: str
    reference: str
    pull: str = "missing"
    platform: str = ""
    archive: DesiredArchive | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class DesiredBuild:
    """A build with all that its image depends on but the base images: `inputs` maps what goes in to its digest (files
    by their path), `tags` are its further names. `platform` is what it must be made for, "" where nothing is said;
    `options` are what the engine's builder is told besides, as it calls them.

    `digest` is over everything in it; with the ids of the bases it becomes the tag. `on` are those of its images that
    are other builds of the stack: as its Dockerfile names them -> the build. `path` is where the stack says it. One
    that is `made` already has that tag, whatever its inputs are by now, and is had from its `source` as an image is.
    `sensitive` are the names of arguments that the stack calls so, besides those that look like it.
    """

    name: str
    repository: str
    folder: str
    digest: str
    inputs: Mapping[str, str]
    bases: tuple[str, ...]
    args: Mapping[str, str]
    target: str | None
    tags: tuple[str, ...]
    path: tuple[str, ...] = ()
    on: Mapping[str, str] = field(default_factory=dict[str, str])
    platform: str = ""
    made: str = ""
    source: str = ""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    sensitive: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        return f"build.{self.name}"

    def reference(self, started_from: Mapping[str, str]) -> str:
        """The tag that an image of just these inputs bears: `<stack>/<build>:<hash>`."""
        if self.made:
            return self.made
        text = json.dumps([self.digest, sorted(started_from.items())])
        return f"{self.repository}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class DesiredPush:
    """A build's image that is to be in a registry under `reference`; `path` is where the stack says it."""

    build: str
    registry: str
    reference: str
    service: str = ""
    path: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        return f"push.{self.build}->{self.registry}"


@dataclass(frozen=True, slots=True)
class DesiredService:
    """A service: what each of its containers asks for, how many there are, what it waits for (service -> condition).

    It starts anew when one of those is made or started anew that it `restarts_with`.
    `sensitive` are the names that it adds to what must not be shown, or takes away (`!NAME`); `hidden` are the rows and
    entries (row, entry; "" for all of it) that hold a sensitive variable's value. `ignored` are those that others own,
    with `ignores_count` the number of containers too; `counted` is the key that says how many there are, "" where none
    does; `contents` what is watched of mounted files, by target; `around` what can be shown of entries that are not
    shown whole.
    """

    name: str
    replicas: int
    image: DesiredImage
    asked: Mapping[str, Value]
    written: Mapping[str, Written]
    context: Context
    depends_on: Mapping[str, str]
    monitor: int | None
    completes: bool
    may_exit: bool
    sensitive: tuple[str, ...] = ()
    hidden: frozenset[tuple[str, str]] = frozenset()
    restarts_with: frozenset[str] = frozenset()
    ignored: frozenset[tuple[str, str]] = frozenset()
    ignores_count: bool = False
    counted: str = ""
    contents: Mapping[str, BoundContent] = field(default_factory=dict[str, "BoundContent"])
    around: Mapping[tuple[str, str], Around] = field(default_factory=dict[tuple[str, str], Around], repr=False)

    def container_name(self, number: int) -> str:
        """What the container with that number is to be called."""
        return name_in(self.context, self.name, number)

    def hides(self, row: str, entry: str = "") -> bool:
        """Whether a sensitive variable went into a row, or an entry of it."""
        return (row, "") in self.hidden or (row, entry) in self.hidden

    def ignores(self, row: str, entry: str = "") -> bool:
        """Whether a row, or an entry of it, is another's."""
        return (row, "") in self.ignored or (row, entry) in self.ignored


@dataclass(frozen=True, slots=True)
class DesiredThing:
    """A network or a volume: the name on the engine, and its canonical rows. One to `protect` no command removes.

    `said` tells that the stack file has it: of the default network it need not say a word.
    """

    key: str
    name: str
    external: bool
    asked: Mapping[str, Value]
    protect: bool = False
    said: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class Desired:
    """All that a stack wants of the engine; `left_out` are the addresses of what was taken out of it (`narrowed`), and
    `left_followers` the services among that which are in the namespaces of a service that is left, or start anew with
    it, by its name. `inactive` are the services that are no part of it by their profiles: what runs of them is left
    alone.

    `file` are the absolute paths of the stack's files, with commas, as Compose writes them on containers.
    """

    stack: str
    origin: str
    folder: str
    file: str
    services: Mapping[str, DesiredService]
    images: Mapping[str, DesiredImage]
    builds: Mapping[str, DesiredBuild]
    networks: Mapping[str, DesiredThing]
    volumes: Mapping[str, DesiredThing]
    context: Context
    left_out: tuple[str, ...] = ()
    left_followers: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    inactive: frozenset[str] = frozenset()
    registries: tuple[Registry, ...] = ()
    pushes: tuple[DesiredPush, ...] = ()
