"""The notations that several rows share: text, flags, numbers, sizes, durations, command lines, mappings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from deployer.fields import parse
from deployer.fields.field import Context, Kind, Value


class Model(BaseModel):
    """A concept of the stack file: frozen, and strict about its keys.

    `later` names the keys that the Compose Specification knows and deployer does not carry out yet; `swarm` those that
    are about what only Swarm keeps, and cannot be passed over; `elsewhere` has, for keys that have their place in the
    file, but not here, what to write.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)

    @classmethod
    def later(cls) -> frozenset[str]:
        return frozenset()

    @classmethod
    def swarm(cls) -> frozenset[str]:
        return frozenset()

    @classmethod
    def elsewhere(cls) -> dict[str, str]:
        return {}


def schema(*types: str, **more: Any) -> WithJsonSchema:
    """The JSON Schema of a value that is read from any of the JSON types named."""
    return WithJsonSchema({"type": types[0] if len(types) == 1 else list(types), **more})


Text = Annotated[str, BeforeValidator(parse.text), schema("string")]
Flag = Annotated[bool, BeforeValidator(parse.flag), schema("boolean", "string")]
Count = Annotated[int, BeforeValidator(parse.count), schema("integer", "string", minimum=0)]
Replicas = Annotated[
    int,
    BeforeValidator(parse.replicas),
    schema("integer", "string", minimum=0, maximum=parse.MOST_REPLICAS),
]
Size = Annotated[int, BeforeValidator(parse.size), schema("string", "integer", examples=["128M", "1.5GiB"])]
Duration = Annotated[int, BeforeValidator(parse.duration), schema("string", examples=["10s", "1m30s"])]
Cpus = Annotated[int, BeforeValidator(parse.cpus), schema("number", "string", examples=["0.5"])]
Signal = Annotated[str, BeforeValidator(parse.signal_name), schema("string", "integer", examples=["SIGTERM"])]

Argv = Annotated[
    tuple[str, ...],
    BeforeValidator(parse.command_line),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": ["string", "number", "boolean"]}}]}
    ),
]

_SCALAR = {"type": ["string", "number", "boolean", "null"]}
MAPPING_SCHEMA = {
    "anyOf": [
        {"type": "object", "additionalProperties": _SCALAR},
        {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    ]
}

Mapping = Annotated[dict[str, str | None], BeforeValidator(parse.key_values), WithJsonSchema(MAPPING_SCHEMA)]


def environment_values(written: Any) -> dict[str, str | None]:
    """As `parse.key_values`, but `KEY` alone takes its value from where deployer runs, which the loader has looked
    up.
    """
    values = parse.key_values(written, bare=lambda _: None)
    for name in values:
        if not name or "=" in name or "\0" in name:
            raise parse.refusal("bad-environment", f"{name!r} is no name for a variable", "write it as NAME=value")
    return values


Environment = Annotated[dict[str, str | None], BeforeValidator(environment_values), WithJsonSchema(MAPPING_SCHEMA)]


_CONTROL = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
"""What JSON leaves as it is beyond ASCII's control characters."""


def as_written(value: Any, _: Context) -> Value:
    return value


def same(value: Any) -> Any:
    return value


def pairs(value: dict[str, Any], _: Context | None = None) -> Value:
    """A mapping as a canonical value: sorted pairs."""
    return tuple(sorted(value.items()))


def show_words(words: Value) -> str:
    """A command as the list that a user would write."""
    return "[" + ", ".join(show_text(word) for word in words) + "]"


def show_text(value: Value) -> str:
    """Text in quotes, as YAML reads it back, with nothing in it that a terminal would obey."""
    quoted = json.dumps(str(value), ensure_ascii=False)
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def show_flag(value: Value) -> str:
    return "true" if value else "false"


def text_kind(
    annotation: Any = Text, *, decode: Callable[[Any], Value] = str, encode: Callable[[Value], Any] = same
) -> Kind:
    return Kind(annotation, as_written, encode, decode, str)


TEXT = text_kind()
FLAG = Kind(Flag, as_written, same, bool, show_flag)
COUNT = Kind(Count, as_written, same, int, str)
SIZE = Kind(Size, as_written, same, int, parse.show_size)
CPUS = Kind(Cpus, as_written, same, int, parse.show_cpus)
SIGNAL = text_kind(Signal, decode=parse.signal_name)
ARGV = Kind(Argv, as_written, list, tuple, show_words)

NO_ENTRYPOINT = ("",)
"""What takes the image's entrypoint away: an empty list would leave it (moby, daemon/commit.go)."""

ENTRYPOINT = Kind(Argv, lambda words, _: words or NO_ENTRYPOINT, list, tuple, show_words)
SECONDS = Kind(
    Duration,
    lambda nanoseconds, _: nanoseconds // parse.SECOND,
    same,
    int,
    lambda seconds: parse.show_duration(int(seconds) * parse.SECOND),
)
"""A duration that the engine keeps in whole seconds."""

OWN_LABELS = ("com.docker.compose.", "io.deployer.")
"""Both families say what a thing is to us and to Compose, not what it should be."""


def user_labels(wire: dict[str, str]) -> Value:
    return pairs({name: value for name, value in wire.items() if not name.startswith(OWN_LABELS)})


def texts(written: Any) -> dict[str, str | None]:
    """As `parse.key_values`, but nothing is the empty text: the engine knows no other nothing here."""
    return {name: text or "" for name, text in parse.key_values(written).items()}


def labels(written: Any) -> dict[str, str | None]:
    """Those of the user's own: ours and Compose's never are a difference, so they cannot be asked for."""
    found = texts(written)
    for name in found:
        if name.startswith(OWN_LABELS):
            hint = f"labels that begin with {' or '.join(OWN_LABELS)} say whose it is: give yours another name"
            raise parse.refusal("reserved-label", f"the label {name!r} is not for a stack file", hint)
    return found


Options = Annotated[dict[str, str | None], BeforeValidator(texts), WithJsonSchema(MAPPING_SCHEMA)]
Labels = Annotated[dict[str, str | None], BeforeValidator(labels), WithJsonSchema(MAPPING_SCHEMA)]

OPTIONS = Kind(Options, pairs, dict, pairs, str, keyed=True, quoted=True)
LABELS = Kind(Labels, pairs, dict, user_labels, str, keyed=True, quoted=True)


def encode_environment(value: Value) -> list[str]:
    return [name if text is None else f"{name}={text}" for name, text in value]


def decode_environment(entries: list[str]) -> Value:
    """Of `NAME=value` given twice the last counts; `NAME` alone takes the image's away (Engine API, Config.Env)."""
    found: dict[str, str | None] = {}
    for entry in entries:
        name, equals, text = entry.partition("=")
        found[name] = text if equals else None
    return tuple(sorted(found.items()))


def absent_as_wanted(have: Value, want: Value, _was: Value) -> Value:
    """Of an environment: a name that should not be there, and is not, is as it should be, and no other is missed."""
    there = {name: text for name, text in have if text is not None}
    return tuple(sorted({**{name: None for name, text in want if text is None}, **there}.items()))


ENVIRONMENT = Kind(Environment, pairs, encode_environment, decode_environment, str, keyed=True, quoted=True)
