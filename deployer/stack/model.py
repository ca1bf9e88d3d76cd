"""The stack file as a value: every key that can be written, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model

from deployer.errors import Diagnostic, Place
from deployer.fields import network, volume
from deployer.fields.copies import SECTIONS, Section
from deployer.fields.field import Field as Row
from deployer.fields.kinds import Flag, Model, Options, Text, schema
from deployer.fields.parse import flag, mapping, refusal
from deployer.stack.extensions import Extensions
from deployer.stack.mistakes import Path
from deployer.stack.places import Filled, Places
from deployer.stack.pull_policy import PullPolicy
from deployer.stack.registry import Registry
from deployer.stack.service import Build, OwnKeys, Service, build_form, said


def or_empty(written: Any) -> Any:
    """A key with nothing after it is the same as an empty mapping."""
    return {} if written is None else written


class Image(Model):
    """An image that is not built here."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["from"]}, {"required": ["archive"]}]})

    from_: Text | None = Field(
        default=None, alias="from", description="The image reference; of an archive, its only name unless set."
    )
    archive: Text | None = Field(
        default=None, description="A file of `docker save`, relative to the stack file: loaded, never pulled."
    )
    pull: PullPolicy = Field(
        "missing", description="When it is pulled: missing, always, never, daily, weekly or every_DURATION."
    )

    @classmethod
    def later(cls) -> frozenset[str]:
        return frozenset({"digest"})


def image_form(written: Any) -> Any:
    return {"from": written} if isinstance(written, str) else written


External = Annotated[
    bool,
    BeforeValidator(flag),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["boolean", "string"]},
                {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            ]
        }
    ),
]


def thing_form(written: Any) -> Any:
    """`external: {name: x}` is how `external: true` and `name: x` used to be written."""
    entries = or_empty(written)
    external = mapping((mapping(entries) or {}).get("external"))
    if external is None or external.keys() != {"name"}:
        return entries
    if entries.get("name", external["name"]) != external["name"]:
        hint = "write external: true, and name once"
        raise refusal("said-twice", "both name and external.name say what it is called", hint)
    return {**entries, "external": True, "name": external["name"]}


class EngineThing(Model):
    """What networks and volumes have in common besides their rows."""

    name: Text | None = Field(default=None, description="Its name on the engine; <stack>_<key> unless set.")
    external: External = Field(
        default=False, description="Somebody else's: it must be there, and is neither made nor removed."
    )


class NetworkKeys(EngineThing):
    """The keys of a network that are no row of it."""


class VolumeKeys(EngineThing):
    """The keys of a volume that are no row of it."""

    protect: Flag = Field(
        default=False, description="No command removes it, until an apply of a stack file that no longer says so."
    )


def content_text(written: Any) -> str:
    """No mistake shows what was written: it may be a secret."""
    if not isinstance(written, str):
        raise refusal("bad-text", "the content must be text", "put it in quotes")
    return written


class Source(Model):
    """Where the content of a secret or config comes from: one of three."""

    file: Text | None = Field(default=None, description="A file, relative to the stack file.")
    environment: Text | None = Field(
        default=None, description="A variable of the environment that deployer runs in, or of .env."
    )
    content: Annotated[str, BeforeValidator(content_text), schema("string")] | None = Field(
        default=None, description="The content itself."
    )
    name: Text | None = Field(default=None, description="Of no meaning without Swarm: what it is called there.")
    labels: Options | None = Field(default=None, description="Of no meaning without Swarm: no container has them.")

    @classmethod
    def swarm(cls) -> frozenset[str]:
        return frozenset({"driver", "driver_opts", "external", "template_driver"})

    @property
    def said(self) -> tuple[str, ...]:
        """Which of the three the file says."""
        return tuple(key for key in ("file", "environment", "content") if getattr(self, key) is not None)


def source_form(written: Any) -> Any:
    """No mistake shows what was written: it may be a secret."""
    entries = mapping(written)
    if entries is None:
        raise refusal("bad-mapping", "expected a mapping with file, environment or content", "such as {file: ./NAME}")
    return {key: value for key, value in entries.items() if key != "external" or value not in (False, "false")}


def with_rows(name: str, doc: str, base: type[Model], rows: tuple[Row, ...]) -> Any:
    keys: dict[str, Any] = {
        row.name: (row.kind.written | None, Field(default=None, description=row.doc)) for row in rows
    }
    return create_model(name, __base__=base, __doc__=doc, **keys)


if TYPE_CHECKING:
    Network = NetworkKeys
    Volume = VolumeKeys
else:
    Network = with_rows("Network", "A network of the stack.", NetworkKeys, network.FIELDS)
    Volume = with_rows("Volume", "A volume of the stack: its data outlives every container.", VolumeKeys, volume.FIELDS)


STACK_NAME = r"^[a-z0-9][a-z0-9_-]*$"


class StackFile(Model):
    """Everything that a stack file may say."""

    name: Annotated[str, Field(pattern=STACK_NAME)] | None = Field(
        default=None, description="The stack's name: lower case letters, digits, - and _. Unless set, the folder's."
    )
    own: OwnKeys | None = Field(default=None, alias="x-deployer", description="What is deployer's own.")
    version: Text | None = Field(default=None, description="Of no meaning; Compose files used to have it.")
    registries: dict[str, Registry] = Field(
        default={}, description="Registries that images are pulled from or pushed to."
    )
    builds: dict[str, Annotated[Build, BeforeValidator(build_form, json_schema_input_type=str | Build)]] = Field(
        default={}, description="Images that are built here."
    )
    images: dict[str, Annotated[Image, BeforeValidator(image_form, json_schema_input_type=str | Image)]] = Field(
        default={}, description="Images that are pulled."
    )
    services: dict[str, Annotated[Service, BeforeValidator(or_empty)]] = Field(default={}, description="What runs.")
    networks: dict[str, Annotated[Network, BeforeValidator(thing_form, json_schema_input_type=Network | None)]] = Field(
        default={}, description="Networks that the services join."
    )
    volumes: dict[str, Annotated[Volume, BeforeValidator(thing_form, json_schema_input_type=Volume | None)]] = Field(
        default={}, description="Volumes that keep data."
    )
    secrets: dict[str, Annotated[Source, BeforeValidator(source_form, json_schema_input_type=Source)]] = Field(
        default={}, description="Files that hold secrets, for services to have copies of; never shown."
    )
    configs: dict[str, Annotated[Source, BeforeValidator(source_form, json_schema_input_type=Source)]] = Field(
        default={}, description="Files for services to have copies of."
    )

    @classmethod
    def later(cls) -> frozenset[str]:
        return frozenset({"engine", "models"})


@dataclass(frozen=True, slots=True)
class Stack:
    """What the user wrote, checked: every name in it is defined, and every value is where `places` says.

    `file` is what the first of its files is called, `files` are their absolute paths, `folder` is where relative paths
    start from. `builds` holds those that services write themselves too, under the service's name; `inactive` are the
    services all of whose profiles are inactive: they are no part of it. `tainted` are the paths of values that a
    sensitive variable went into, `filled` the values of which a part may be hidden, by their paths; `environment` are
    the variables that there were, `extensions` the `x-` keys.
    """

    name: str
    file: str
    files: tuple[str, ...]
    folder: str
    builds: Mapping[str, Build]
    images: Mapping[str, Image]
    services: Mapping[str, Service]
    inactive: Mapping[str, Service]
    networks: Mapping[str, Network]
    volumes: Mapping[str, Volume]
    places: Places
    overlay: Mapping[Path, Place] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[Diagnostic, ...] = ()
    sensitive: tuple[str, ...] = ()
    tainted: frozenset[Path] = frozenset()
    filled: Mapping[Path, Filled] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    registries: Mapping[str, Registry] = field(default_factory=lambda: MappingProxyType({}))
    secrets: Mapping[str, Source] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    configs: Mapping[str, Source] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    extensions: Extensions = field(default_factory=lambda: MappingProxyType({}), repr=False)

    def sensitive_in(self, service: str) -> tuple[str, ...]:
        """The names that the stack and the service add to what is sensitive by its name, or take away (`!NAME`)."""
        own = self.services[service].own
        return (*self.sensitive, *(own.sensitive if own else ()), *self._tainted_names("services", service))

    def sensitive_in_build(self, build: str) -> tuple[str, ...]:
        """The same of a build's arguments."""
        return (*self.sensitive, *self._tainted_names("builds", build))

    def _tainted_names(self, *path: str) -> list[str]:
        """The variables, arguments and labels that hold what is sensitive under another name."""
        found = [tainted for tainted in self.tainted if tainted[: len(path)] == path]
        return sorted(str(tainted[-1]) for tainted in found if tainted[-2] in ("environment", "args", "labels"))

    def source(self, section: Section, name: str) -> Source:
        return (self.secrets if section == "secrets" else self.configs)[name]

    def copied(self, services: Iterable[str]) -> tuple[tuple[Section, str], ...]:
        """The secrets and configs that the services have, each once."""
        used: list[tuple[Section, str]] = [
            (section, copy.source)
            for name in services
            for section in SECTIONS
            for copy in said(self.services[name], section) or ()
        ]
        return tuple(dict.fromkeys(used))

    def variables_at(self, *path: str | int) -> Mapping[str, str]:
        """The variables that the file has in which a value is written."""
        return self.places.source(*path).environment

    def place(self, *path: str | int) -> Place:
        """Where a value is written, in whichever file that is; of a mapping, where its key is."""
        said = self.overlay.get(path)
        return said or (self.places.key(*path) if self.places.is_mapping(*path) else self.places.at(*path))

    def path_of_build(self, build: str) -> tuple[str, ...]:
        """Where a build is said: at the top, or in the service of its name."""
        return ("builds", build) if self.places.has("builds", build) else ("services", build, "build")

    def path_of_inline(self, build: str) -> tuple[str, ...]:
        """Where the text of a build's inline Dockerfile is written: `inline`, or as Compose has it."""
        path = self.path_of_build(build)
        return (*path, "inline" if self.places.has(*path, "inline") else "dockerfile_inline")

    def network_name(self, key: str) -> str:
        """What the network is called on the engine."""
        return self._name(key, self.networks.get(key))

    def volume_name(self, key: str) -> str:
        """What the volume is called on the engine."""
        return self._name(key, self.volumes.get(key))

    def _name(self, key: str, thing: EngineThing | None) -> str:
        if thing and thing.name:
            return thing.name
        return key if thing and thing.external else f"{self.name}_{key}"
