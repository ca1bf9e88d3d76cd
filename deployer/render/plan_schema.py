"""The schema of a plan as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from deployer.fields.field import Effect
from deployer.plan.model import FORMAT_VERSION, Action, Cause, Danger
from deployer.resources.records import RESULTS

Json = dict[str, Any]


def plan_schema() -> Json:
    """The JSON Schema (draft 2020-12) of what `as_json` gives."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Plan",
        "description": "What an apply would do, and why, as `deployer plan --format json` prints it.",
        **_object(
            {
                "format_version": {
                    "const": FORMAT_VERSION,
                    "description": "Grows when a reader of the old form would be wrong.",
                },
                "stack": _text("The stack's name."),
                "revision": _count("The last revision that was applied; 0 before the first."),
                "revision_result": {
                    "enum": [*RESULTS, None],
                    "description": "What became of that revision; null before the first.",
                },
                "fingerprint": {
                    "type": "string",
                    "pattern": "^sha256:[0-9a-f]{64}$",
                    "description": "What the plan rests on: equal where the same changes meet the same things.",
                },
                "engine": _object(
                    {
                        "host": _text("Where the engine is."),
                        "version": _text("The engine's version."),
                        "api": _text("The version of the Engine API that is spoken."),
                    },
                    description="The engine that the plan was made for.",
                ),
                "against": _object(
                    {
                        "what": _text("As it was named: the snapshot's file, or git: and a revision."),
                        "taken": {
                            "type": ["string", "null"],
                            "description": "When the snapshot was taken; null for a revision.",
                        },
                    },
                    description="What stands in the place of an engine; with `--against` only.",
                ),
                "files": _list({"type": "string"}, "The stack files, as they are seen from the current folder."),
                "warnings": _list({"$ref": "#/$defs/warning"}, "What is to be thought of before it is carried out."),
                "changes": _list({"$ref": "#/$defs/change"}, "What would change, in the order in which it is shown."),
                "summary": _summary_schema(),
                "unchanged": _list({"type": "string"}, "The addresses of what does not change; with `--all` only."),
                "ignored": _by_service("The fields that others own, by service; with `--all` only."),
                "uncompared": _by_service("Mounted paths whose content is not compared; with `--all` only."),
                "saved": {
                    "type": "object",
                    "description": "What `deployer apply` needs to carry out just this plan; with `--out` only.",
                },
            },
            optional=("against", "unchanged", "ignored", "uncompared", "saved"),
        ),
        "$defs": {
            "change": _change_schema(),
            "field": _field_schema(),
            "warning": _warning_schema(),
            "lost": _lost_schema(),
            "danger": _danger_schema(),
        },
    }


def _warning_schema() -> Json:
    return _object(
        {
            "code": _text("What kind of warning it is; stable."),
            "message": _text("What is to be thought of."),
            "at": {"type": ["string", "null"], "description": "FILE:LINE of what it is about."},
            "hint": _text("What can be done; empty where there is nothing to say."),
        },
        description="A warning.",
    )


def _lost_schema() -> Json:
    return _object(
        {
            "volume": _text("Its name on the engine."),
            "bytes": {"type": ["integer", "null"], "description": "Its size; null where the engine does not tell."},
        },
        description="A volume that goes with its data.",
    )


def _danger_schema() -> Json:
    return _object(
        {"kind": _one_of(Danger, "Its kind; stable."), "about": _text("What it is about, for people.")},
        description="New power over the host, mounts of the host or open ports of a new container; a volume that begins"
        " empty while the data stays in another one; a one-shot that runs again.",
    )


def _summary_schema() -> Json:
    counts = {action.value: _count(f"How many changes are of the action {action.value}.") for action in Action}
    return _object(
        {
            **counts,
            "unchanged": _count("How many resources stay as they are."),
            "left_alone": _count("How many resources the plan is not about; with `--only`."),
        },
        description="How many changes of each kind there are.",
    )


def _change_schema() -> Json:
    return _object(
        {
            "address": _text("The resource, such as service.web[1], build.web, network.front or volume.data."),
            "action": _one_of(Action, "What becomes of the resource; update is in place."),
            "reason": _text("The first field that differs, or in words why the change is needed."),
            "gap": _text("For how long the service is away, and what that is made of; none where it is not."),
            "gap_seconds": {
                **_object(
                    {
                        "least": _seconds("If all goes fast."),
                        "most": _seconds("If it takes all its time."),
                        "or_more": {
                            "const": True,
                            "description": "A health check is waited for, and each of its failures adds to that. Only"
                            " where one is.",
                        },
                        "plus": _list(
                            {"type": "string"},
                            "What it lasts besides, for as long as nobody can foresee: one-shots, builds, pulls. Only"
                            " where there is some.",
                        ),
                    },
                    optional=("or_more", "plus"),
                ),
                "type": ["object", "null"],
                "description": "The same in seconds, as far as it can be foreseen; null where the service is not away.",
            },
            "detail": _text("How the change is done, for people."),
            "at": _line("File and line of the stack file that asks for the resource; null of what it does not name."),
            "mounts": _list({"type": "string"}, "What a new container mounts, as the stack file would say it."),
            "group": _text("Changes of one group are put back together if one of them fails."),
            "fields": _list({"$ref": "#/$defs/field"}, "The fields that differ."),
            "asks": _list(
                {"$ref": "#/$defs/field"}, "All that the stack file says of a new container; before is null."
            ),
            "notes": _list({"type": "string"}, "What else there is to know of it, for people."),
            "known_after": {
                "type": ["string", "null"],
                "description": "Address of the build or pull that tells whether the change is needed.",
            },
            "steps": _list({"type": "string"}, "The engine calls and waits, one after the other."),
            "loses": _list({"$ref": "#/$defs/lost"}, "The volumes that go with their data; only where some do."),
            "breaks": _list(
                {"type": "string"},
                "The networks that a running container leaves and joins again, so that connections through them break; "
                "only where it does.",
            ),
            "dangers": _list({"$ref": "#/$defs/danger"}, "What of it is to be seen first; only where there is some."),
        },
        optional=("loses", "breaks", "dangers"),
        description="What happens to one resource.",
    )


def _field_schema() -> Json:
    return _object(
        {
            "field": _text("The field as the user names it, such as environment.DEBUG."),
            "before": _value("The value now; null where it is unset, told by the note, or sensitive and not empty."),
            "after": _value("The value that is asked for; null as before."),
            "applied": _value("The value that was last applied; only where that is known."),
            "known_after": _text("Address of the build, pull or load that tells the value after, which is null."),
            "causes": {
                **_list(_one_of(Cause, "A cause."), "Why the field differs: for people, never for decisions."),
                "minItems": 1,
                "uniqueItems": True,
            },
            "at": _line("File and line of the stack file that asks for it."),
            "was_at": _text("Where the value before is written: REVISION:FILE:LINE; with `--against git:` only."),
            "from": _list(
                {"type": "string"},
                "What sets the variables there: FILE:LINE of an env file, or `$NAME of the shell`.",
            ),
            "effect": _one_of(Effect, "What changing it takes; none changes records only."),
            "sensitive": {"type": "boolean", "description": "Whether the values are secrets, which are never shown."},
            "around": _object(
                {"before": _value("Before; null where nothing can."), "after": _value("After.")},
                description="What can be shown of sensitive values, with (sensitive) in the place of what is hidden.",
            ),
            "note": _text("In words what the values cannot say."),
        },
        optional=("applied", "around", "known_after", "was_at"),
        description="One field that differs.",
    )


def _line(description: str) -> Json:
    description += " `--set PATH` and `revision N` have no lines."
    pattern = "^([^\\0]+:[1-9][0-9]*|--set [^\\0]+|revision [1-9][0-9]*)$"
    return {"type": ["string", "null"], "pattern": pattern, "description": description}


def _seconds(description: str) -> Json:
    return {"type": "number", "minimum": 0, "description": description}


def _object(properties: Json, *, optional: Iterable[str] = (), description: str = "") -> Json:
    return {
        "type": "object",
        **({"description": description} if description else {}),
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _list(items: Json, description: str) -> Json:
    return {"type": "array", "items": items, "description": description}


def _by_service(description: str) -> Json:
    names = {"type": "array", "items": {"type": "string"}}
    return {"type": "object", "description": description, "additionalProperties": names}


def _one_of(kind: type[StrEnum], description: str) -> Json:
    return {"enum": [member.value for member in kind], "description": description}


def _text(description: str) -> Json:
    return {"type": "string", "description": description}


def _value(description: str) -> Json:
    return {"type": ["string", "null"], "description": description}


def _count(description: str) -> Json:
    return {"type": "integer", "minimum": 0, "description": description}
