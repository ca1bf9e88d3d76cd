"""Secrets and configs: files that are copied into a container before its start. One entry a file.

Copies, never binds: the engine may be remote. What lies under `/run/secrets` is in a volume of that container's own,
which goes with it; all else is in the container itself.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from deployer.fields.field import Context, Json, Kind, KnownContent, Value, put, section
from deployer.fields.field import Field as Row
from deployer.fields.kinds import Model, Text, same, schema
from deployer.fields.parse import describe, mapping, number, refusal

FOLDER = "/run/secrets"

COPIES = "io.deployer.copies"
"""The label of the volume under `/run/secrets`; no other volume bears it."""

Section = Literal["secrets", "configs"]
"""A row of a service, and the section of the file that says what its entries hold."""

SECTIONS: tuple[Section, ...] = ("secrets", "configs")


def file_path(written: Any) -> str:
    """The path of a file; a folder's is none."""
    if not isinstance(written, str) or not written or "\0" in written:
        raise refusal("bad-target", f"expected the path of a file, not {describe(written)}")
    if written.endswith("/") or posixpath.normpath(posixpath.join(FOLDER, written)) in (FOLDER, "/", "//"):
        raise refusal("bad-target", f"{written!r} is a folder", f"name the file: {written.rstrip('/')}/NAME")
    return written


def owner(written: Any) -> int:
    """The number of a user or group: names are the container's, and are not known here."""
    value = number(written)
    if not 0 <= value < 2**32 - 1:
        raise refusal("bad-number", f"expected the number of a user or group, not {value}")
    return value


def file_mode(written: Any) -> int:
    """Permissions: `0440` is octal in YAML, and so is all text (Compose reads both likewise)."""
    if isinstance(written, str):
        try:
            value = int(written.strip().removeprefix("0o"), 8)
        except ValueError:
            raise refusal("bad-number", f"expected permissions, not {describe(written)}", "such as 0440") from None
    else:
        value = number(written)
    if not 0 <= value <= 0o7777:
        raise refusal("bad-number", f"expected permissions from 0 to 07777, not {value:#o}", "such as 0440")
    return value


Target = Annotated[str, BeforeValidator(file_path), schema("string")]
Owner = Annotated[int, BeforeValidator(owner), schema("string", "integer")]
Mode = Annotated[int, BeforeValidator(file_mode), schema("integer", "string", examples=["0440"])]


class Copy(Model):
    """One secret or config of a service, in the long form."""

    source: Text = Field(description="Its name at the top of the file.")
    target: Target | None = Field(default=None, description="The file in the container.")
    uid: Owner = Field(default=0, description="The number of the user who owns the file.")
    gid: Owner = Field(default=0, description="The number of the group that owns the file.")
    mode: Mode = Field(default=0o444, description="Permissions, such as 0440; 0444 unless set.")

    base: ClassVar[str] = "/"

    @property
    def path(self) -> str:
        return posixpath.normpath(posixpath.join(self.base, self.target or self.source))

    @property
    def entry(self) -> str:
        """The file as it stands in plans and labels."""
        return self.path


class ConfigCopy(Copy):
    """A relative target is beneath `/`, where it is called as the config unless set."""


class SecretCopy(Copy):
    """A relative target is beneath `/run/secrets`, where it is called as the secret unless set."""

    base: ClassVar[str] = FOLDER

    @property
    def entry(self) -> str:
        return self.path.removeprefix(f"{FOLDER}/")


def copy_form(written: Any) -> Any:
    """The long form of a name alone."""
    if isinstance(written, str):
        return {"source": written}
    if mapping(written) is None:
        raise refusal("bad-mapping", f"expected a name, or a mapping with source and target, not {describe(written)}")
    return written


Secrets = tuple[Annotated[SecretCopy, BeforeValidator(copy_form, json_schema_input_type=str | SecretCopy)], ...]
Configs = tuple[Annotated[ConfigCopy, BeforeValidator(copy_form, json_schema_input_type=str | ConfigCopy)], ...]


def path_of(entry: str) -> str:
    """Where a file is that stands in plans and labels under this name."""
    return posixpath.join(FOLDER, entry)


def copied_paths(asked: Mapping[str, Value]) -> list[str]:
    """Where the files are that a service asks for."""
    return [path_of(entry) for section in SECTIONS for entry, _ in asked[section]]


def is_beneath(path: str, folder: str) -> bool:
    return path.startswith(f"{folder.rstrip('/')}/")


def content_of(section: str, source: str, context: Context) -> KnownContent:
    return context.contents.get(f"{section}.{source}", KnownContent())


def _normal(section: Section) -> Callable[[Any, Context], Value]:
    """Sorted pairs of a file and (content, user, group, permissions)."""

    def normal(copies: Any, context: Context) -> Value:
        found = {
            each.entry: (content_of(section, each.source, context).digest, each.uid, each.gid, each.mode)
            for each in copies
        }
        return tuple(sorted(found.items()))

    return normal


def show_copy(_entry: str, value: Value) -> str:
    """All of it but the content."""
    _, uid, gid, mode = value
    return f"mode {mode:04o}, owner {uid}:{gid}"


SECRETS = Kind(Secrets, _normal("secrets"), same, same, str, keyed=True, show_entry=show_copy)
CONFIGS = Kind(Configs, _normal("configs"), same, same, str, keyed=True, show_entry=show_copy)


def write_copies(section: Section) -> Callable[[dict[str, Any], Value, Any, Context], None]:
    """A label says what will have been copied when the container starts; the volume is made by the create."""

    def write(body: dict[str, Any], copies: Value, _written: Any, context: Context) -> None:
        body.setdefault("Labels", {})[label_of(section)] = json.dumps(dict(copies), separators=(",", ":"))
        mounts = body.get("HostConfig", {}).get("Mounts", [])
        if any(is_beneath(path_of(entry), FOLDER) for entry, _ in copies) and not any(map(is_copy, mounts)):
            options = {"NoCopy": True, "Labels": {COPIES: context.stack}}
            put(body, "HostConfig.Mounts", [*mounts, {"Type": "volume", "Target": FOLDER, "VolumeOptions": options}])

    return write


def read_copies(section: Section) -> Callable[[Json, Context], Value]:
    """By the label: the engine cannot show what is in a file. Without its volume nothing is under `/run/secrets`."""

    def read(inspect: Json, _: Context) -> Value:
        copies = decode_copies(_labels(inspect).get(label_of(section))) or {}
        there = any(map(is_copy, _mounts(inspect)))
        kept = {entry: value for entry, value in copies.items() if there or not is_beneath(path_of(entry), FOLDER)}
        return tuple(sorted(kept.items()))

    return read


def decode_copies(text: str | None) -> dict[str, tuple[str, int, int, int]] | None:
    """What the label says was copied; None where it is damaged."""
    try:
        found: Any = json.loads(text or "{}")
        copies = {str(entry): (str(a), int(b), int(c), int(d)) for entry, (a, b, c, d) in found.items()}
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    return copies if all(0 <= number < 2**32 for copy in copies.values() for number in copy[1:]) else None


def _labels(inspect: Json) -> Json:
    return section(inspect, "Config.Labels")


def label_of(kind: Section) -> str:
    return f"io.deployer.{kind}"


def _mounts(inspect: Json) -> list[Json]:
    return section(inspect, "HostConfig").get("Mounts") or []


def is_copy(mount: Json) -> bool:
    """Whether a mount, as HostConfig has it, is the volume of a container's secrets."""
    return COPIES in section(mount, "VolumeOptions.Labels")


_UNSEEN = "the engine does not show what is in a container's files, or whose they are"

ROWS: tuple[Row, ...] = (
    Row(
        name="secrets",
        kind=SECRETS,
        engine="HostConfig.Mounts",
        inspect="Config.Labels",
        write=write_copies("secrets"),
        read=read_copies("secrets"),
        unset=(),
        example=(["example"], [{"source": "example", "mode": 0o400}]),
        unseen=_UNSEEN,
        doc="Files that hold secrets, copied to /run/secrets before the container starts: entries of `secrets`.",
    ),
    Row(
        name="configs",
        kind=CONFIGS,
        engine="Labels",
        inspect="Config.Labels",
        write=write_copies("configs"),
        read=read_copies("configs"),
        unset=(),
        example=(
            [{"source": "example", "target": "/run/secrets/example.conf"}],
            [{"source": "example", "target": "/run/secrets/example.conf", "uid": 1000}],
        ),
        unseen=_UNSEEN,
        doc="Files that are copied into the container before it starts: entries of `configs`.",
    ),
)
