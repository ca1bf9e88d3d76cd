"""What a row of the field table is: one thing that a stack can say, and where the Engine API keeps it.

Everything else is derived from the rows: the keys of a service and their schema, the create body, the observed state,
the diff, the text of the plan, the reference page and the law's tests. To add a field is to add a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, cast

Json = Mapping[str, Any]

Value = Any
"""A canonical value: None, bool, int, str, or a tuple or frozenset of such. Two are equal exactly where the engine
treats them as the same.
"""


class Effect(StrEnum):
    """What it takes to change a field, from the least to the most."""

    NONE = "none"
    IN_PLACE = "in_place"
    RESTART = "restart"
    REPLACE = "replace"

    @property
    def weight(self) -> int:
        return list(Effect).index(self)


@dataclass(frozen=True, slots=True)
class KnownContent:
    """What is known of a secret's or config's content where the content itself has no business.

    `name` is what a person calls the place that it comes from, `file` the absolute path if that is a file.
    """

    digest: str = ""
    name: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What a written value refers to.

    `networks` and `volumes` are the names that the stack's have on the engine, by their keys; `containers` are the
    services by the names of their own that their containers have; `folder` is where relative paths start from;
    `hostname` is what the service is called by itself; `contents` are by section and key: `secrets.db_password`.
    """

    folder: str = ""
    service: str = ""
    hostname: str = ""
    networks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    volumes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    stack: str = ""
    contents: Mapping[str, KnownContent] = field(default_factory=lambda: MappingProxyType({}))
    containers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of one notation are written, made canonical, put on the wire, read back and shown.

    `written` is the type of the model's attribute: pydantic turns what the user wrote into it. `keyed` values are
    mappings, held as a sorted tuple of pairs, whose entries are fields of their own in a plan (`environment.DEBUG`);
    `nested` tells that a dot in an entry leads a level deeper (`logging.options.max-size`).
    `quoted` ones are texts that a person sees in quotation marks.
    """

    written: Any
    normal: Callable[[Any, Context], Value]
    encode: Callable[[Value], Any]
    decode: Callable[[Any], Value]
    show: Callable[[Value], str]
    keyed: bool = False
    nested: bool = False
    quoted: bool = False
    show_entry: Callable[[str, Value], str] | None = None

    def path_of(self, entry: str) -> tuple[str, ...]:
        """Where an entry stands below the key of its row."""
        return tuple(entry.split(".", 1)) if self.nested else (entry,)

    def entry_at(self, path: tuple[str | int, ...]) -> str:
        """The entry that a path below the key of the row leads into; "" where that is no name."""
        names = path[: 2 if self.nested else 1] if self.keyed else ()
        return ".".join(name for name in names if isinstance(name, str))


FilledRule = Callable[[Value, Value, Value], Value]
"""The observed value, the asked one, the one that was last applied -> the observed one, less what the engine filled in
and nobody asks or asked for.
"""


def asked_entries(have: Value, want: Value, was: Value) -> Value:
    """Of a keyed row that the engine adds entries to: those that were asked for, or are just what is wanted now."""
    wanted, then = dict(want), dict(was)
    return tuple((entry, value) for entry, value in have if entry in then or wanted.get(entry) == value)


def asked_text(have: Value, want: Value, was: Value) -> Value:
    """Of a text that the engine fills in: what was asked for, or is just what is wanted now."""
    return have if was or have == want else ""


ImageRule = Callable[[Value, Mapping[str, Value], Json], Value]
"""Asked value, all asked values by field name, the image's Config -> what a container of that image then has."""


PartsSince = Callable[[Any], Iterable[tuple[tuple[str | int, ...], str]]]
"""A written value -> the paths in it that need a newer Engine API than the row, each with the version that has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One row.

    `name` and `also` are the names under which users write it, dotted where nested; `engine` is where it lies in the
    create body, dotted; `inspect` where inspect shows it, the same place unless said. `unset` is the canonical value
    when nothing is asked. `effect` tells what a change takes, from the values before and after. `image` tells what
    the image supplies, `fills` what the engine fills in. `example` is a pair of written values for the law and the
    manual; `needs` what must be said besides for the example to be valid. `since` is the version of the Engine API
    that has it, "" where the oldest that deployer speaks does; `parts_since` gives the paths in a written value that
    need a newer one. `default` tells, from all else that a container has, what the engine gives who asks for nothing.
    `caution` tells, from the values before and after, what a change in place may do to what runs. `host_may_lack` tells
    that an engine whose host cannot do it leaves it out, with no more than a warning. `example_as` are the
    examples under names that are written otherwise. `unproven` is why no engine can try it, `proven_where` what an
    engine must have to try it; `unseen` is why it cannot be seen that a person changed it on the engine.
    """

    name: str
    kind: Kind
    doc: str
    example: tuple[Any, Any]
    engine: str = ""
    inspect: str = ""
    also: tuple[str, ...] = ()
    unset: Value = None
    effect: Effect | Callable[[Value, Value], Effect] = Effect.REPLACE
    image: ImageRule | None = None
    fills: FilledRule | None = None
    write: Callable[[dict[str, Any], Value, Any, Context], None] | None = None
    read: Callable[[Json, Context], Value] | None = None
    update: Callable[[Mapping[str, Value]], Json] | None = None
    default: Callable[[Mapping[str, Value]], Value] | None = None
    caution: Callable[[Value, Value], str] | None = None
    host_may_lack: bool = False
    example_as: Mapping[str, tuple[Any, Any]] = field(default_factory=lambda: MappingProxyType({}))
    needs: Json = field(default_factory=lambda: MappingProxyType({}))
    since: str = ""
    parts_since: PartsSince | None = None
    unproven: str = ""
    proven_where: str = ""
    unseen: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.also)

    def needs_api(self, written: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """The paths in a written value, `()` for all of it, that not every Engine API has, each with the version."""
        if self.since:
            yield (), self.since
        yield from self.parts_since(written) if self.parts_since else ()

    def effect_of(self, before: Value, after: Value) -> Effect:
        return self.effect if isinstance(self.effect, Effect) else self.effect(before, after)

    def into(self, body: dict[str, Any], value: Value, written: Any, context: Context) -> None:
        """Put a canonical value into a create body; what is unset stays absent. `written` is what it was made from."""
        if value == self.unset:
            return
        if self.write:
            self.write(body, value, written, context)
        else:
            put(body, self.engine, self.kind.encode(value))

    def out_of(self, inspect: Json, context: Context) -> Value:
        """The canonical value that an inspect shows; what is empty there is unset."""
        if self.read:
            return self.read(inspect, context)
        raw = get(inspect, self.inspect or self.engine)
        return self.unset if raw in (None, "", [], {}) else self.kind.decode(raw)

    def on_image(self, asked: Mapping[str, Value], image: Json | None) -> Value:
        """What a container has that asks for `asked` and runs an image with the Config `image`; None where that image
        is gone.
        """
        value = asked.get(self.name, self.unset)
        return self.image(value, asked, image) if self.image and image is not None else value

    def less_filled(self, have: Value, want: Value, was: Value) -> Value:
        """The observed value less what the engine filled in; `was` is what was last applied."""
        return self.fills(have, want, was) if self.fills else have

    def less_default(self, values: Mapping[str, Value], want: Value, was: Value) -> Value:
        """The observed value of these of all rows; unset where it is what the engine gives who asks for nothing, and
        nobody asks for just that or, where something else is wanted now, did so.
        """
        have = values[self.name]
        given = self.default is not None and have == self.default(values)
        return self.unset if given and have != want and self.unset in (want, was) else have

    def shown(self, key: str, value: Value) -> str:
        """A value as a user would write it; `key` is the entry of a keyed one."""
        return self.kind.show_entry(key, value) if self.kind.show_entry else self.kind.show(value)

    def update_body(self, values: Mapping[str, Value]) -> Json:
        """The body of `POST /containers/{id}/update` that sets the field to its value among these of all rows."""
        if self.update:
            return self.update(values)
        return {self.engine.rpartition(".")[2]: self.kind.encode(values[self.name])}


def get(document: Json, path: str) -> Any:
    """The value at a dotted path; None where a part of the path is missing."""
    found: Any = document
    try:
        for part in path.split("."):
            found = found[part]
    except (KeyError, TypeError):
        return None
    return found


def section(document: Json, path: str) -> Mapping[str, Any]:
    """The mapping at a dotted path; an empty one where there is none, as the engine writes null for those."""
    found = get(document, path)
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def put(document: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for part in parents:
        document = document.setdefault(part, {})
    document[last] = value
