"""A plan as a value: what would change, field by field, and the engine calls that would change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from deployer.errors import Diagnostic, Place
from deployer.fields.field import Effect
from deployer.resources.wire import EngineInfo

FORMAT_VERSION = 1

NO_LONGER = "no longer in the stack"
"""Why what is there goes, or, where it holds data, is kept."""

ASKED_ANEW = "asked for: --replace"
"""Why a container is made anew of which no field need differ."""

LEFT_SO = "left so by "
"""How the note of a field begins that no person changed: an apply that did not come to its end did."""

NOT_IN_SNAPSHOT = "(not in the snapshot)"
"""How a value is shown that a snapshot hides, and that nobody here knows."""

STATE = "state"
"""The field that says whether a container runs."""

STAYS = "stays, with its data, "
"""How the note of a volume without a name begins that stays when its container goes."""

HOLDS_DATA = "it holds data"
"""Why a volume of a stack that goes is kept."""


class Action(StrEnum):
    """What becomes of a resource.

    CREATE    before: absent    after: there, and ready
    UPDATE    the same one, changed while it runs
    START     the same one, which should run and does not
    STOP      the same one, which stays and no longer runs
    RESTART   the same one, stopped and started
    KILL      the same one, which is sent a signal
    PAUSE     the same one, frozen
    UNPAUSE   the same one, which goes on
    REPLACE   a new one under the same name; the old one is gone once the new one is ready, or, of a one-shot whose work
              is gone, before
    REMOVE    before: there     after: absent
    BUILD     an image is made here
    PULL      an image is fetched from its registry
    LOAD      an image is read from an archive
    PUSH      an image is brought to a registry, and has its name there on the engine, too
    KEPT      data that the stack no longer names: stays
    """

    CREATE = "create"
    UPDATE = "update"
    RESTART = "restart"
    REPLACE = "replace"
    START = "start"
    STOP = "stop"
    RENAME = "rename"
    REMOVE = "remove"
    BUILD = "build"
    PULL = "pull"
    PUSH = "push"
    LOAD = "load"
    RECOVER = "recover"
    KEPT = "kept"
    KILL = "kill"
    PAUSE = "pause"
    UNPAUSE = "unpause"


class Cause(StrEnum):
    """Why a field differs: for people, never for decisions."""

    EDIT = "edit"
    DRIFT = "drift"
    IMAGE = "image"
    BUILD = "build"
    DEPENDENCY = "dependency"
    UNKNOWN = "unknown"


class Shows(StrEnum):
    """What can be told of a sensitive value: that there is none, that it is empty, or nothing of it."""

    UNSET = "(unset)"
    EMPTY = "(empty)"
    NOTHING = "(sensitive)"


class Danger(StrEnum):
    """What of a change is to be seen by whoever looks at a plan for a minute.

    POWER         a new container has power over its host that none of the service's had
    HOST_PATH     it mounts something of the host outside of the stack's folder
    OPEN_PORT     it can be reached from other machines
    LEFT_BEHIND   it begins with an empty volume where its service had another one, whose data stays there
    RUNS_AGAIN    what runs once does so once more
    WAY_OUT       another network of a living container is its way out: connections through published ports end
    """

    POWER = "power"
    HOST_PATH = "host path"
    OPEN_PORT = "open port"
    LEFT_BEHIND = "left behind"
    RUNS_AGAIN = "runs again"
    WAY_OUT = "way out"


@dataclass(frozen=True, slots=True)
class Ahead:
    """What brings an image that is not there yet: the address of its change, and `how`: built, pulled or loaded."""

    address: str
    how: str


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs. The values are as a user would write them; None is unset. Sensitive ones are never here.

    `applied` is there when `applied_known`; `applied_by` is the revision that applied what drifted, 0 where none tells.
    `note` says in words what the values cannot; `quoted` values are texts that a person sees in quotation marks.
    `was_at` is where the value before is written, where two versions of a file are compared. `shows` is what can be
    told of sensitive values, before and after, `around` the texts with `(sensitive)` in the place of what is hidden,
    where these can be shown. `known_after` is there where the value after is that of an image which is not there yet.
    """

    field: str
    before: str | None
    after: str | None
    causes: tuple[Cause, ...]
    effect: Effect
    applied: str | None = None
    applied_known: bool = False
    at: Place | None = None
    sensitive: bool = False
    note: str = ""
    quoted: bool = False
    shows: tuple[Shows, Shows] = (Shows.NOTHING, Shows.NOTHING)
    around: tuple[str | None, str | None] = (None, None)
    was_at: Place | None = None
    applied_by: int = 0
    known_after: Ahead | None = None

    @property
    def has_values(self) -> bool:
        """Whether a value stands on one of its sides; else the note says in words what there is to say."""
        return self.sensitive or bool(self.known_after) or (self.before, self.after) != (None, None)

    @property
    def by_hand(self) -> bool:
        """Whether somebody changed it on the engine."""
        return Cause.DRIFT in self.causes and not self.note.startswith(LEFT_SO)


@dataclass(frozen=True, slots=True)
class Part:
    """Something that takes a while, in seconds from the least to the most; `said_by` is the field that says so. It is
    that of the old image, and so only `if_kept` by one that is not there yet.
    """

    what: str
    least: float
    most: float
    said_by: str = ""
    if_kept: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """For how long a service is away while it is changed, in seconds from the least to the most, and what that is made
    of; `or_more` where a health check is waited for, each failure of which adds to that. `plus` names what it lasts
    besides, for as long as nobody can foresee: one-shots, builds and pulls. `others` of its containers run meanwhile;
    `at_once` of them, this one counted, are away together.
    """

    least: float
    most: float
    parts: tuple[Part, ...] = ()
    others: int = 0
    plus: tuple[str, ...] = ()
    or_more: bool = False
    at_once: int = 1
    instead_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LostData:
    """A volume that goes with its data: its name on the engine, and its size in bytes, None where that is not known."""

    volume: str
    size: int | None = None


class Call(StrEnum):
    """What a step does: one engine call, or one named wait."""

    PULL = "pull"
    LOAD = "load"
    PUSH = "push"
    BUILD = "build"
    TAG = "tag"
    CREATE_NETWORK = "create network"
    REMOVE_NETWORK = "remove network"
    CREATE_VOLUME = "create volume"
    REMOVE_VOLUME = "remove volume"
    REMOVE_IMAGE = "remove image"
    CREATE = "create"
    COPY = "copy into"
    REMOVE_COPY = "remove the secrets of"
    CONNECT = "connect"
    DISCONNECT = "disconnect"
    UPDATE = "update"
    LET_STOPPED_STAY = "set the restart policy of"
    STOP = "stop"
    START = "start"
    RESTART = "restart"
    KILL = "kill"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    REMOVE = "remove"
    RENAME = "rename"
    LOOK_PORTS = "check the host ports for"
    AWAIT_READY = "wait until ready"
    AWAIT_COMPLETED = "wait until completed"

    @property
    def is_wait(self) -> bool:
        return self in (Call.AWAIT_READY, Call.AWAIT_COMPLETED, Call.LOOK_PORTS)


_ENDS = (Call.STOP, Call.RESTART, Call.PAUSE, Call.REMOVE)
_ENDING = ("SIGKILL", "SIGTERM", "SIGINT", "SIGQUIT", "SIGSTOP")
"""The signals by which a program ends, or stands still; others, such as SIGHUP, tell it something."""


@dataclass(frozen=True, slots=True)
class Step:
    """One engine call, and what takes it back if a later step fails.

    `target` is the engine's name or id of what is acted on, `name` what a person calls it where that is another;
    `payload` goes with the call and is never shown: it may hold what is sensitive. One that a run which died has `done`
    already is taken back even where the change fails before it.
    """

    call: Call
    target: str
    payload: Any = field(default=None, repr=False, compare=False)
    undo: tuple[Step, ...] = ()
    detail: str = ""
    name: str = ""
    done: bool = False

    def __str__(self) -> str:
        return f"{self.call} {self.name or self.target}{f' {self.detail}' if self.detail else ''}"


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one resource.

    `gap` is there where something that runs is away for it. `group` names the changes that are put back together if
    one of them fails. `known_after` is the address of the build or pull without which it is not known whether the
    change is needed; `unless_image` is the image id that makes it needless. `updates` is what the records keep of an
    update in place, as the labels of a living container cannot change: its id, and the rows as they are stored;
    `protects` what they keep of a volume: its name, and whether no command removes it from now on. `loses` are the
    volumes that go with it. `mounts` are those of a new container, as the stack file would say them. `at` is where that
    asks for the resource; `asks` is all that it says of a new container, as changes from nothing, `settings` in brief
    what `detail` does not say of it. `notes` are what else there is to know: of what, and what.
    `dangers` are what is to be seen first, each with what it is about. `breaks` are the networks, by key, that a living
    container leaves and joins again: connections through them break.
    """

    address: str
    action: Action
    reason: str
    fields: tuple[FieldChange, ...] = ()
    steps: tuple[Step, ...] = ()
    gap: Gap | None = None
    detail: str = ""
    known_after: str | None = None
    unless_image: str = ""
    group: str = ""
    updates: tuple[str, Mapping[str, Any]] | None = field(default=None, repr=False)
    protects: tuple[str, bool] | None = None
    loses: tuple[LostData, ...] = ()
    mounts: tuple[str, ...] = ()
    at: Place | None = None
    asks: tuple[FieldChange, ...] = ()
    settings: str = ""
    notes: tuple[tuple[str, str], ...] = ()
    dangers: tuple[tuple[Danger, str], ...] = ()
    breaks: tuple[str, ...] = ()


StepId = tuple[int, int]
"""A step by the index of its change and its own index there."""

Edge = tuple[StepId, StepId]
"""The first step is done before the second starts."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that apply would do.

    `fingerprint` is over all that the plan rests on, `rests_on` over what each change finds there, by its address;
    `states` says in words how the container stands that is there.
    `result` is what became of the `revision`, one of the records' RESULTS, "" before the first.
    `back_to` is the revision that it goes back to, 0 where it goes by the `files`: these as they are shown, none where
    the stack is known by its name alone, None where it does not go by files.
    `against` is what it was made against in the place of an engine, as it was named.
    `images` gives the reference that is run for each image's address, where it is known before anything is done.
    `left_alone` are the addresses of what the plan is not about, where it is not about the whole stack. `ignored` are
    the fields of each service that others own, `uncompared` the mounted files and folders whose content nobody looks
    at, each by the address of the service.
    """

    stack: str
    origin: str
    engine: EngineInfo
    revision: int
    changes: tuple[Change, ...]
    edges: tuple[Edge, ...]
    unchanged: tuple[str, ...]
    fingerprint: str
    images: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[Diagnostic, ...] = ()
    left_alone: tuple[str, ...] = ()
    rests_on: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    states: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ignored: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    uncompared: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    back_to: int = 0
    against: str = ""
    result: str = ""
    files: tuple[str, ...] | None = None

    def ends(self, container: str) -> bool:
        """Whether what runs in the container of that id does not outlive it."""
        steps = (step for change in self.changes for step in change.steps if step.target == container)
        return any(step.call in _ENDS or (step.call is Call.KILL and step.payload in _ENDING) for step in steps)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do; data that is kept is nothing to do."""
        return all(change.action is Action.KEPT for change in self.changes)

    @property
    def summary(self) -> dict[str, int]:
        """How many of each action, in the order of Action, and how many resources stay as they are."""
        counts = {action.value: sum(change.action is action for change in self.changes) for action in Action}
        return {**{action: many for action, many in counts.items() if many}, "unchanged": len(self.unchanged)}
