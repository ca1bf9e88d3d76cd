"""The mistakes that a stack file can contain, one function each, and how a model's refusal becomes one of them."""

from __future__ import annotations

import types
import typing
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from deployer.errors import Diagnostic, Place, did_you_mean
from deployer.fields.kinds import Model
from deployer.fields.parse import describe
from deployer.stack.places import Places

Path = tuple[str | int, ...]

LATER_CHOICES: Mapping[str | int, tuple[Any, ...]] = {
    "mode": ("global-job", "replicated-job"),
    "order": ("start-first",),
    "type": ("cluster", "npipe"),
}
"""Choices that the documentation of Compose or ours knows, by their key, and that are not carried out yet."""


def path_text(path: Path) -> str:
    """`services.web.ports[0]`, or `the stack` for the whole file."""
    shown = ""
    for part in path:
        shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else part
    return shown or "the stack"


def undefined(kind: str, name: str, known: Collection[str], place: Place, hint: str = "") -> Diagnostic:
    return Diagnostic(
        f"undefined-{kind}",
        f"no {kind} is named {name!r}",
        place,
        did_you_mean(name, known, f"{kind}s here") if known else hint,
    )


def not_supported_yet(path: Path, place: Place) -> Diagnostic:
    return Diagnostic(
        "not-supported-yet",
        f"{path_text(path)} is not supported yet",
        place,
        "take it out, or use a newer deployer when there is one",
    )


def from_validation(error: ValidationError, root: type[BaseModel], places: Places) -> Iterator[Diagnostic]:
    """Each of pydantic's errors as a diagnostic at its line."""
    for detail in error.errors():
        yield _diagnostic(detail, root, places)


def _diagnostic(detail: ErrorDetails, root: type[BaseModel], places: Places) -> Diagnostic:
    path: Path = detail["loc"]
    where, value, place = path_text(path), detail["input"], places.at(*path)
    context: dict[str, Any] = detail.get("ctx") or {}
    match detail["type"]:
        case "extra_forbidden":
            return _unknown_key(path, root, places)
        case "missing":
            return Diagnostic(
                "missing-key", f"{path_text(path[:-1])} needs the key {path[-1]!r}", places.key(*path[:-1])
            )
        case "literal_error":
            expected = str(context["expected"])
            known = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]
            if value in LATER_CHOICES.get(path[-1], ()):
                written = repr(value) if value else "false"
                hint = f"until then: {', '.join(known).lower()}"
                return Diagnostic("not-supported-yet", f"{where}: {written} is not supported yet", place, hint)
            return Diagnostic(
                "bad-choice",
                f"{where}: expected {expected}, not {describe(value)}",
                place,
                did_you_mean(str(value), known, "one of"),
            )
        case "string_pattern_mismatch":
            return bad_stack_name(f"{where}: {value!r}", place)
        case "model_type" | "dict_type" | "model_attributes_type":
            return Diagnostic("bad-mapping", f"{where}: expected a mapping, not {describe(value)}", place)
        case "tuple_type" | "list_type":
            hint = f"write it as a list: [{value!r}]" if isinstance(value, str) else ""
            return Diagnostic("bad-list", f"{where}: expected a list, not {describe(value)}", place, hint)
        case "string_type":
            return Diagnostic("bad-text", f"{where}: expected text, not {describe(value)}", place)
        case code if "message" in context:
            return Diagnostic(code, f"{where}: {context['message']}", place, context.get("hint", ""))
        case _:
            return Diagnostic("bad-value", f"{where}: {detail['msg']}", place)


def _unknown_key(path: Path, root: type[BaseModel], places: Places) -> Diagnostic:
    *parent, key = path
    place = places.key(*path)
    model = model_at(tuple(parent), root)
    if model and issubclass(model, Model) and key in model.later():
        return not_supported_yet(path, place)
    if model and issubclass(model, Model) and key in model.swarm():
        hint = "take it out, and say what it holds: file: ./NAME, environment: VARIABLE, or content: TEXT"
        message = f"{path_text(path)} is about what Swarm keeps, and no engine has without it"
        return Diagnostic("needs-swarm", message, place, hint)
    known = [field.alias or name for name, field in model.model_fields.items()] if model else []
    elsewhere = model.elsewhere() if model and issubclass(model, Model) else {}
    hint = elsewhere.get(str(key)) or did_you_mean(str(key), known, "keys here")
    return Diagnostic("unknown-key", f"{path_text(tuple(parent))} has no key {key!r}", place, hint)


def model_at(path: Path, root: type[BaseModel]) -> type[BaseModel] | None:
    """The model that describes the mapping at a path."""
    model: type[BaseModel] | None = root
    parts = list(path)
    while parts and model is not None:
        name = parts.pop(0)
        names = {field.alias or key: field.annotation for key, field in model.model_fields.items()}
        annotation = names.get(str(name))
        if _is_collection(annotation) and parts:
            parts.pop(0)
        model = _model_in(annotation)
    return model


def _is_collection(annotation: Any) -> bool:
    if typing.get_origin(annotation) in (dict, tuple):
        return True
    return typing.get_origin(annotation) in (typing.Annotated, typing.Union, types.UnionType) and any(
        _is_collection(argument) for argument in typing.get_args(annotation)
    )


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in typing.get_args(annotation):
        if found := _model_in(argument):
            return found
    return None


def bad_stack_name(what: str, place: Place | None = None) -> Diagnostic:
    hint = "lower case letters, digits, - and _; a letter or digit first"
    return Diagnostic("bad-name", f"{what} is no name for a stack", place, hint)
