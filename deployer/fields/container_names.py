"""What containers are called: what the service says, else after the stack, the service and a number."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from deployer.fields.field import Context, Effect, Field, Json, Kind, Value, asked_text, section
from deployer.fields.kinds import same, schema
from deployer.fields.parse import describe, refusal

SUCCESSOR = ".next"
"""What a successor's name ends in while its predecessor has the real one; no service or stack name makes such a name.
"""


def container_name(stack: str, service: str, number: int) -> str:
    """What a container is called whose service says nothing."""
    return f"{stack}-{service}-{number}"


def name_in(context: Context, service: str, number: int) -> str:
    """What a container of a service is to be called."""
    own = (name for name, other in context.containers.items() if other == service)
    return next(own, container_name(context.stack, service, number))


def service_named(name: str, context: Context) -> tuple[str, str]:
    """By the name of a container of the stack, its service and number; twice "" by another name."""
    if name in context.containers:
        return context.containers[name], "1"
    found = re.fullmatch(rf"{re.escape(context.stack)}-(.+)-(\d+)", name) if context.stack else None
    return (found[1], found[2]) if found else ("", "")


def read_written(written: Any) -> str:
    if written == "":
        return ""
    if not isinstance(written, str) or not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", written):
        hint = "two characters or more: letters, digits, _, . and -; a letter or digit first"
        raise refusal("bad-container-name", f"expected a container's name, not {describe(written)}", hint)
    if written.endswith(SUCCESSOR):
        message = f"{written!r} ends in {SUCCESSOR}, as a container's name does while it takes another one's place"
        raise refusal("bad-container-name", message, "let it end otherwise")
    return written


def _normal(name: str, context: Context) -> Value:
    """What it would be called anyway is nothing that is asked for."""
    return "" if name == container_name(context.stack, context.service, 1) else name


def _read(inspect: Json, context: Context) -> Value:
    """What it would be called anyway is unset."""
    name = inspect["Name"].lstrip("/").removesuffix(SUCCESSOR)
    service = section(inspect, "Config.Labels").get("com.docker.compose.service")
    return "" if service and service_named(name, Context(stack=context.stack))[0] == service else name


def _sent_beside_the_body(_body: dict[str, Any], _value: Value, _written: Any, _context: Context) -> None:
    """It is a parameter of the request."""


CONTAINER_NAME = Field(
    name="container_name",
    kind=Kind(Annotated[str, BeforeValidator(read_written), schema("string")], _normal, same, str, str),
    engine="Name",
    write=_sent_beside_the_body,
    read=_read,
    unset="",
    fills=asked_text,
    effect=Effect.IN_PLACE,
    example=("one.example", "two.example"),
    doc="The name of the container, which only one on an engine can have; unless set, STACK-SERVICE-NUMBER.",
)
