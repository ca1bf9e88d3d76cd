"""The file of a snapshot: the engine's answers, trimmed and hidden, and whose they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

from deployer.errors import Diagnostic, InvalidStack

FORMAT_VERSION = 1

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an engine had of a stack, and of others as far as a plan of that stack meets them.

    `taken` is when, by the engine's clock; `origin` and `folder` are those of the stack file then; `salt` is that of
    the digests. All else are answers of the Engine API: `containers` as the list has them, `inspects` of the stack's
    own, `images` by the reference that they were asked for, `builds` as the list has the images of the stack's builds.
    `registries` are the registries' answers: `digests` by reference, `insecure` by host; null where one could not say;
    `unasked` by reference, why a registry did not tell: that is not in what an earlier deployer took.
    """

    stack: str
    origin: str
    folder: str
    taken: str
    salt: str
    engine: Mapping[str, Any]
    containers: Sequence[Json]
    inspects: Sequence[Json]
    images: Mapping[str, Json | None]
    builds: Sequence[Json]
    networks: Sequence[Json]
    volumes: Sequence[Json]
    registries: Mapping[str, Mapping[str, Any]]


def as_json(snapshot: Snapshot) -> str:
    """The same bytes for the same state, but for the time at which it was taken, and the digest."""
    said = {"format_version": FORMAT_VERSION, **{each.name: getattr(snapshot, each.name) for each in fields(Snapshot)}}
    return json.dumps({**said, "digest": _digest(said)}, indent=1, ensure_ascii=False) + "\n"


def read(text: str, shown: str) -> Snapshot:
    """The snapshot of a file. Raises InvalidStack where it is damaged, something else, or a later deployer's."""
    again = f"take it again: deployer snapshot --out {shown}"
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _refused("snapshot-damaged", f"{shown} is damaged: it ends too early, or is no JSON", again) from None
    if not isinstance(document, dict) or not {"format_version", "taken"} <= document.keys():
        raise _refused("snapshot-damaged", f"{shown} is no snapshot of deployer's", again)
    said = cast("Json", document)
    if said["format_version"] != FORMAT_VERSION:
        message = (
            f"{shown} is a snapshot of the format {said['format_version']!r}; this deployer reads {FORMAT_VERSION}"
        )
        raise _refused("snapshot-version", message, "take it with the version of deployer that plans against it")
    if said.pop("digest", None) != _digest(said):
        raise _refused("snapshot-damaged", f"{shown} is damaged: what it holds is not what was kept", again)
    del said["format_version"]
    return Snapshot(**said)


def of_stack(snapshot: Snapshot, stack: str, shown: str) -> Snapshot:
    """The snapshot. Raises InvalidStack where it is one of another stack."""
    if snapshot.stack != stack:
        message = f"{shown} is a snapshot of {snapshot.stack}, and this is {stack}"
        raise _refused("snapshot-elsewhere", message, f"take one of it: deployer snapshot --out {shown}")
    return snapshot


def _digest(document: Json) -> str:
    """Against damage, not against forgery: who may write the file may write this, too."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _refused(code: str, message: str, hint: str) -> InvalidStack:
    return InvalidStack(Diagnostic(code, message, hint=hint))


def snapshot_schema() -> Json:
    """The JSON Schema (draft 2020-12) of what `as_json` gives."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Snapshot",
        "description": "What an engine had of a stack, as `deployer snapshot` prints it. The engine's answers are as "
        "the Engine API has them, less what no plan looks at; what may be secret is a salted digest: `hidden:` and 32 "
        "hexadecimal digits.",
        **_object(
            {
                "format_version": {
                    "const": FORMAT_VERSION,
                    "description": "Grows when a reader of the old form would be wrong.",
                },
                "stack": _text("The stack's name."),
                "origin": _text("Where the stack file came from: a git remote and the path in it, or a folder."),
                "folder": _text("The folder in which the stack file lay."),
                "taken": {
                    "type": "string",
                    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$",
                    "description": "When it was taken, by the engine's clock.",
                },
                "salt": _text("The salt of the digests."),
                "engine": _object(
                    {
                        "host": _text("Where the engine is."),
                        "version": _text("Its version."),
                        "api": _text("The version of the Engine API that was spoken."),
                        "platform": _text("Its own platform; empty where it does not say."),
                        "counts_swap": {"type": "boolean", "description": "Whether its host counts swap."},
                    },
                    "The engine.",
                ),
                "containers": _objects(
                    "All containers, as the list has them, the newest first; of other stacks' little more than names,"
                    " ports, networks and volumes."
                ),
                "inspects": _objects("The containers of the stack, as they are inspected."),
                "images": {
                    "type": "object",
                    "additionalProperties": {"type": ["object", "null"]},
                    "description": "The images that the stack names or runs, by reference or id; null: not there.",
                },
                "builds": _objects("The images of the stack's builds, as the list has them."),
                "networks": _objects("All networks."),
                "volumes": _objects("All volumes but the records of other stacks."),
                "registries": _object(
                    {
                        "digests": {
                            "type": "object",
                            "additionalProperties": {"type": ["string", "null"]},
                            "description": "The digest that each reference had in its registry, where it was asked.",
                        },
                        "insecure": {
                            "type": "object",
                            "additionalProperties": {"type": ["boolean", "null"]},
                            "description": "Whether the engine speaks plain HTTP to each host, where it was asked.",
                        },
                        "unasked": {
                            "type": "object",
                            "additionalProperties": {"type": "string"},
                            "description": "By reference why its registry could not be asked, where it was to be.",
                        },
                    },
                    "What registries answered.",
                    optional=("unasked",),
                ),
                "digest": {
                    "type": "string",
                    "pattern": "^sha256:[0-9a-f]{64}$",
                    "description": "Of all else in the file, so that damage is noticed.",
                },
            },
            "",
        ),
    }


def _object(properties: Json, description: str, *, optional: Sequence[str] = ()) -> Json:
    return {
        "type": "object",
        **({"description": description} if description else {}),
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _objects(description: str) -> Json:
    return {"type": "array", "items": {"type": "object"}, "description": description}


def _text(description: str) -> Json:
    return {"type": "string", "description": description}
