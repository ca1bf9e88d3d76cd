"""A registry of the stack file: where it is, how one logs in, and which mirrors stand before it."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from deployer.fields.kinds import Flag, Model, Text, schema
from deployer.fields.parse import describe, mapping, refusal
from deployer.fields.references import HUB, names_a_host, split_address

_SCHEME = re.compile(r"[a-z]+://")


def address(written: Any) -> str:
    """`host[:port][/namespace]`, with no slash at its end."""
    if not isinstance(written, str):
        raise refusal("bad-registry", f"expected host[:port][/namespace], not {describe(written)}")
    if "@" in written:  # it may be a password
        raise refusal("bad-registry", "no user belongs into the address", "say username, and password: {env: NAME}")
    if _SCHEME.match(written):
        bare = _SCHEME.sub("", written).rstrip("/")
        plain = "; for plain HTTP say insecure: true" if written.startswith("http://") else ""
        raise refusal("bad-registry", f"{written!r} is a URL, not a registry's address", f"write {bare}{plain}")
    text = written.rstrip("/")
    parts = split_address(text)
    if not parts:
        raise refusal("bad-registry", f"{written!r} is no registry's address", "such as 10.0.0.5:5000, ghcr.io/owner")
    port = parts[0].rpartition(":")[2]
    if port.isdigit() and int(port) > 65535:
        raise refusal("bad-registry", f"{written!r} has no port that can be: they end at 65535")
    if not names_a_host(parts[0]):
        hint = f"add the port: {parts[0]}:5000; for Docker Hub: {HUB}/{text}"
        raise refusal("bad-registry", f"the engine takes {parts[0]!r} for a name on Docker Hub", hint)
    return HUB + text.removeprefix(f"index.{HUB}") if parts[0] == f"index.{HUB}" else text


Address = Annotated[str, BeforeValidator(address), schema("string", examples=["10.0.0.5:5000", "ghcr.io/owner"])]


class Password(Model):
    """Where a password comes from: one of two."""

    env: Text | None = Field(
        default=None, description="A variable of the environment that deployer runs in, or of .env."
    )
    file: Text | None = Field(default=None, description="A file that holds it, relative to the stack file.")

    @property
    def said(self) -> tuple[str, ...]:
        return tuple(key for key in ("env", "file") if getattr(self, key) is not None)


def password_form(written: Any) -> Any:
    """No mistake shows what was written: it may be the password."""
    if mapping(written) is None:
        hint = "write {env: NAME} or {file: ./PATH}: a stack file is read by many, and kept for long"
        raise refusal("plain-password", "a password is not written into the stack file", hint)
    return written


class Registry(Model):
    """A registry that images are pulled from or pushed to."""

    address: Address = Field(description="host[:port][/namespace]: what the names of its images begin with.")
    insecure: Flag = Field(
        default=False, description="It speaks plain HTTP, or its certificate is not checked; the engine must allow it."
    )
    ca: Text | None = Field(default=None, description="The file of the authority that made its certificate.")
    service: Text | None = Field(
        default=None, description="The service of this stack that it is: pushes and pulls wait until that is healthy."
    )
    username: Text | None = Field(default=None, description="Who logs in.")
    password: Annotated[Password, BeforeValidator(password_form, json_schema_input_type=Password)] | None = Field(
        default=None, description="Where the password comes from: {env: NAME} or {file: PATH}."
    )
    mirrors: tuple[Address, ...] = Field(
        default=(), description="Registries that are tried first for what is pulled from it, in this order."
    )


def push_form(written: Any) -> Any:
    return (written,) if isinstance(written, str) else written


PushTo = Annotated[tuple[Text, ...], BeforeValidator(push_form, json_schema_input_type=str | list[str])]
