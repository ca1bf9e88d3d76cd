"""What is, in the canonical shape: the engine's answers, decoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from deployer.fields.field import Json, Value
from deployer.resources import identity
from deployer.resources.applied import Applied
from deployer.resources.built import BuiltImage
from deployer.resources.records import Records
from deployer.resources.standing import Standing
from deployer.resources.wire import EngineInfo

CopiedFile = tuple[str, int, int, int]
"""The salted digest of what a file holds, its user, group and permissions."""

MountedFrom = tuple[str, str]
"""What is mounted somewhere: `volume` and its name, or `bind` and the path on the host."""


@dataclass(frozen=True, slots=True)
class ObservedContainer:
    """A container of the stack.

    `status` is the engine's word (running, paused, exited, created, restarting, dead); `health` is "" without a
    check. `values` are the canonical rows, `network_ids` the engine's ids of the networks by key, `anonymous` the
    volumes without a name by target, `copies` the volumes of its secrets, which go with it; `predecessor` how the one
    that it replaces stood; a `one_off` ran a command beside the service. `copied` are files of one that is not of our
    making, by path, where the stack wants copies. `damaged` are the labels of ours that cannot be read.
    `mounted_images` are the ids that the images it mounts had when it was made, by reference. `raw` is the inspect, for
    what takes a step back.
    """

    id: str
    name: str
    service: str
    number: int
    status: str
    exit_code: int
    health: str
    started_at: str
    image_id: str
    image_reference: str
    values: Mapping[str, Value]
    network_ids: Mapping[str, str]
    anonymous: Mapping[str, str]
    applied: Applied | None
    origin: str | None
    replaces: str
    raw: Json
    predecessor: Standing | None = None
    copies: tuple[str, ...] = ()
    one_off: bool = False
    copied: Mapping[str, CopiedFile] = field(default_factory=dict[str, CopiedFile])
    damaged: tuple[str, ...] = ()
    mounted_images: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def address(self) -> str:
        """Of one that bears the stack's name and no service's, its own name."""
        if self.one_off:
            return f"run.{self.name}"
        return identity.container_address(self.service, self.number) if self.service else f"container.{self.name}"

    @property
    def state(self) -> str:
        """`exited (143)`, or the engine's word."""
        return f"exited ({self.exit_code})" if self.status == "exited" else self.status

    @property
    def is_up(self) -> bool:
        return self.status in ("running", "restarting")

    @property
    def is_alive(self) -> bool:
        """Up, or only paused."""
        return self.is_up or self.status == "paused"

    @property
    def has_completed(self) -> bool:
        """Whether it has ended well."""
        return self.status == "exited" and self.exit_code == 0

    @property
    def never_started(self) -> bool:
        """Nothing tells whether what goes before a start was done: its networks, its secrets."""
        return self.status == "created"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A container that is not of the stack: its name, its published ports (host address, host port, protocol), the ids
    of the networks that it is in (their names where it was never started) and of those where it is `addressed`, as it
    runs; its mounts by target. When it was started is known of those whose namespace a container of the stack is in.
    """

    name: str
    ports: frozenset[tuple[str, int, str]]
    networks: frozenset[str] = frozenset()
    id: str = ""
    started_at: str = ""
    image_id: str = ""
    mounts: Mapping[str, MountedFrom] = field(default_factory=lambda: MappingProxyType({}))
    addressed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A container that bears a service's labels and is none of its replicas; `number` is 0 where it has none."""

    name: str
    service: str
    number: int


@dataclass(frozen=True, slots=True)
class ObservedThing:
    """A network or a volume.

    `key` is the stack's name for it, "" where its labels say none; `ours` whether they name the stack.
    """

    id: str
    name: str
    key: str
    ours: bool
    origin: str | None
    values: Mapping[str, Value]
    applied: Applied | None
    raw: Json
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ObservedImage:
    """`tagged_at` is when it last got a name on the engine, as by a pull; `platform` is "" where none is said."""

    id: str
    digests: tuple[str, ...]
    config: Json
    tagged_at: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True)
class RegistryAnswer:
    """What a registry has under a name: `digest` is None where it has nothing, or where `trouble` says why it did not
    tell.
    """

    digest: str | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """All of the engine that a plan looks at.

    `images` are by reference and by id; `registry_answers` by reference, where they were asked for. `left_copies` are
    the volumes of the stack's secrets that no container has; `built` gives the images of its builds, for which the
    engine is asked when it is first called, `ran` the references of those that kept revisions ran, `asked` the newest
    revision that was reached, with what each service was to run. `pushed` are the
    registries' answers by what is to be pushed; none where there is nothing to push, or nobody to ask. `not_insecure`
    names the registries that the stack calls insecure, and the engine does not. `one_offs` are no replicas: they are
    neighbours, which only go with the stack; those that are `left` were never started, and nobody is there who would.
    `duplicates` are neighbours, too, and do not even go with it.
    `missing_paths` are those that are mounted and the engine's host does not have, where that can be seen from here.
    """

    engine: EngineInfo
    containers: Sequence[ObservedContainer]
    neighbours: Mapping[str, Neighbour]
    networks: Mapping[str, ObservedThing]
    volumes: Mapping[str, ObservedThing]
    images: Mapping[str, ObservedImage]
    registry_answers: Mapping[str, RegistryAnswer]
    records: Records
    twins: Sequence[ObservedThing] = ()
    left_copies: Sequence[str] = ()
    built: Callable[[], Sequence[BuiltImage]] = tuple
    ran: Callable[[], frozenset[str]] = frozenset
    asked: Callable[[], tuple[int, Mapping[str, str]]] = lambda: (0, {})
    pushed: Mapping[str, RegistryAnswer] = field(default_factory=lambda: MappingProxyType({}))
    not_insecure: frozenset[str] = frozenset()
    one_offs: Sequence[ObservedContainer] = ()
    left_one_offs: Sequence[ObservedContainer] = ()
    missing_paths: frozenset[str] = frozenset()
    duplicates: Sequence[Duplicate] = ()

    def of_service(self, service: str) -> list[ObservedContainer]:
        return sorted((each for each in self.containers if each.service == service), key=lambda each: each.number)
