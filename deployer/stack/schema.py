"""The stack file's JSON Schema, for editors to complete and explain: the models', and what the loader takes besides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from deployer.stack.model import StackFile
from deployer.stack.variables import FREE

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_NAME = {"pattern": "^[a-zA-Z0-9][a-zA-Z0-9._-]*$"}
_EXTENSIONS = {"^x-(?!deployer$)": {"description": "Your own: deployer leaves it alone, anchors can point to it."}}
_VARIABLE = {"type": "string", "pattern": r"\$(\{|[A-Za-z_])", "description": "With variables, such as ${NAME:-value}."}
_SECTIONS = ("builds", "images", "services", "networks", "volumes", "registries", "secrets", "configs")

Schema = dict[str, Any]


def _one_or_several(description: str) -> Schema:
    text = {"type": "string"}
    return {"anyOf": [text, {"type": "array", "items": text}], "description": description}


_EXTENDS = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {
                "service": {"type": "string", "description": "The service that this one begins as."},
                "file": {"type": "string", "description": "Another file that has it; paths in it start from there."},
            },
            "required": ["service"],
            "patternProperties": _EXTENSIONS,
            "additionalProperties": False,
        },
    ],
    "description": "A service, of this file or of another, that this one begins as; what is said here goes over it.",
}
_INCLUDED = {
    "type": "object",
    "properties": {
        "path": _one_or_several("The file; of several, the later ones go over the first."),
        "env_file": _one_or_several("Variables for it, in place of the .env beside it."),
        "project_directory": {"type": "string", "description": "Where its paths start from; its folder unless set."},
    },
    "required": ["path"],
    "patternProperties": _EXTENSIONS,
    "additionalProperties": False,
}
_INCLUDE = {
    "anyOf": [{"type": "array", "items": {"anyOf": [{"type": "string"}, _INCLUDED]}}, {"type": "null"}],
    "description": "Other stack files, which are part of this one; each has its own folder and its own .env.",
}


def stack_schema() -> Schema:
    """The schema (draft 2020-12) of what a stack file may hold.

    It tells keys, types and choices. Notations within a text, and names that nothing bears, `deployer validate` tells.
    """
    schema = cast("Schema", _opened(StackFile.model_json_schema(by_alias=True), free=False))
    for name in _SECTIONS:
        schema["properties"][name]["propertyNames"] = _NAME
    schema["properties"]["include"] = _INCLUDE
    _add_what_the_loader_takes(schema["$defs"])
    return {"$schema": DIALECT, **schema, "title": "Stack file"}


def _add_what_the_loader_takes(models: Schema) -> None:
    """Keys that no model has: the loader and the short forms have used them up before there is a model."""
    models["Service"]["properties"]["extends"] = _EXTENDS
    properties = models["Build"]["properties"]
    properties["dockerfile_inline"] = {**properties["inline"], "description": "Compose's name for `inline`."}
    entry = {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file, relative to the stack file."},
            "required": {"type": ["boolean", "string"], "default": True, "description": "Whether it must be there."},
            "format": {
                "type": ["string", "null"],
                "enum": ["raw", "", None],
                "description": "raw: values are what stands after `=`, with quotes and dollar signs.",
            },
        },
        "required": ["path"],
        "patternProperties": _EXTENSIONS,
        "additionalProperties": False,
    }
    models["Service"]["properties"]["env_file"] = {
        "anyOf": [
            {"type": "string"},
            {"type": "array", "items": {"anyOf": [{"type": "string"}, entry]}},
            {"type": "null"},
        ],
        "description": "Files of NAME=value lines for the environment; later ones win, `environment` wins over all.",
    }
    models["Service"]["properties"]["label_file"] = {
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}],
        "description": "Files of NAME=value lines for the labels; later ones win, `labels` wins over all.",
    }


def _opened(schema: Any, free: bool) -> Any:
    """A schema as pydantic makes it, less its noise, and open to variables and `x-` keys.

    `free` is said of a mapping whose keys are all the user's: `x-` means nothing there.
    """
    if isinstance(schema, list):
        return [_opened(item, free) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    found = {key: _part(key, value, free) for key, value in cast("Schema", schema).items() if not _is_noise(key, value)}
    if "additionalProperties" in found and not free:
        found["patternProperties"] = _EXTENSIONS
    return _or_variable(found)


def _part(key: str, value: Any, free: bool) -> Any:
    match key:
        case "properties":
            return {name: _opened(item, name in FREE) for name, item in value.items()}
        case "$defs":
            return {name: _opened(item, False) for name, item in value.items()}
        case "items" | "additionalProperties" | "anyOf":
            return _opened(value, free)
        case _:
            return value


def _is_noise(key: str, value: Any) -> bool:
    """Titles that only repeat a key, and defaults that say nothing."""
    return (key == "title" and isinstance(value, str)) or (
        key == "default" and value in (None, "", 0, [], {}) and value is not False
    )


def _or_variable(schema: Schema) -> Schema:
    """Where not every text is taken, one with a variable in it is: what it will be is known only when it is loaded."""
    limits = {key: schema[key] for key in ("type", "enum", "const", "pattern", "minimum") if key in schema}
    if not limits.keys() & {"enum", "const", "pattern"} or schema.get("type") != "string":
        return schema
    rest: Mapping[str, Any] = {key: value for key, value in schema.items() if key not in limits}
    return {**rest, "anyOf": [limits, _VARIABLE]}
