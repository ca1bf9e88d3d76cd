"""A service: its own keys here, one key a row from the field table beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, create_model
from pydantic_core import PydanticCustomError

from deployer.fields import container
from deployer.fields.field import Field as Row
from deployer.fields.gpus import ReservedDevices
from deployer.fields.hosts import ExtraHosts
from deployer.fields.kinds import (
    Cpus,
    Duration,
    Environment,
    Flag,
    Labels,
    Model,
    Options,
    Replicas,
    Size,
    Text,
    schema,
)
from deployer.fields.limits import PidsLimit
from deployer.fields.links import target
from deployer.fields.namespaces import NAMESPACES, owner
from deployer.fields.parse import describe, listing, mapping, refusal, signal_name
from deployer.fields.platform import OnePlatform
from deployer.fields.restart import RestartPolicy
from deployer.fields.volumes_from import givers
from deployer.stack import later
from deployer.stack.pull_policy import ServicePullPolicy
from deployer.stack.registry import PushTo
from deployer.stack.swarm import Placement, RollbackConfig

Condition = Literal["service_started", "service_healthy", "service_completed_successfully"]

HEALTHY: Condition = "service_healthy"
COMPLETED: Condition = "service_completed_successfully"

RESTART, REPLACE = "restart", "replace"
RELOAD_HINT = "write it as restart, replace or SIGHUP"


class Build(Model):
    """How an image is made from a Dockerfile."""

    context: Text = Field(default=".", description="Folder that is sent to the builder, relative to the stack file.")
    dockerfile: Text | None = Field(
        default=None, description="The Dockerfile, relative to the context; Dockerfile unless set."
    )
    inline: Text | None = Field(default=None, description="The Dockerfile itself.")
    args: Environment = Field(default={}, description="Build arguments (ARG).")
    target: Text | None = Field(default=None, description="The stage to build.")
    labels: Labels = Field(default={}, description="Labels of the image, beside those that its Dockerfile gives it.")
    network: Text | None = Field(
        default=None, description="The network of its RUN steps: host, none, or one that is on the engine."
    )
    extra_hosts: ExtraHosts = Field(default={}, description="Further hosts that its RUN steps know, and addresses.")
    shm_size: Size = Field(default=0, description="The shared memory of its RUN steps; 64M unless set.")
    no_cache: Flag = Field(default=False, description="When it is built, no step comes from the builder's cache.")
    tag: Text | None = Field(default=None, description="A further name for the image.")
    tags: tuple[Text, ...] = Field(default=(), description="Still further names for it; it is pushed under its tag.")
    platforms: OnePlatform = Field(default=(), description="The platform that it is for, in a list: the engine's own.")
    push: PushTo = Field(default=(), description="The registries that it is pushed to, under its tag.")

    @classmethod
    def later(cls) -> frozenset[str]:
        return later.BUILD

    def names(self) -> tuple[str, ...]:
        """Its further names, the tag first."""
        return tuple(dict.fromkeys((*((self.tag,) if self.tag else ()), *self.tags)))


def build_form(written: Any) -> Any:
    """The long form of `build: ./web`; Compose's `dockerfile_inline` is our `inline`."""
    if isinstance(written, str):
        return {"context": written}
    entries = mapping(written)
    if entries and "dockerfile_inline" in entries and "inline" not in entries:
        return {("inline" if key == "dockerfile_inline" else key): value for key, value in entries.items()}
    return written


class Dependency(Model):
    """What a service waits for before it starts."""

    condition: Condition = Field(
        default="service_started", description="service_started, service_healthy or service_completed_successfully."
    )
    restart: Flag = Field(
        default=False,
        description="Whether it starts anew when that one is made or started anew.",
    )
    required: Flag = Field(
        default=True, description="Whether it must be part of the stack: it may be inactive, by its profiles, if not."
    )


def dependencies(written: Any) -> Any:
    """The mapping of a list of services; each in the list need only be started."""
    names = listing(written)
    if names is not None:
        for item in names:
            if not isinstance(item, str):
                raise refusal("bad-depends-on", f"expected the name of a service, not {describe(item)}")
        return dict.fromkeys(names, Dependency())
    return written


class Limits(Model):
    """What each replica may use at most."""

    cpus: Cpus | None = Field(default=None, description="The same as the service's `cpus`.")
    memory: Size | None = Field(default=None, description="The same as the service's `mem_limit`.")
    pids: PidsLimit | None = Field(default=None, description="The same as the service's `pids_limit`.")


class Reservations(Model):
    """What each replica is meant to have."""

    cpus: Cpus | None = Field(default=None, description="Of no meaning without Swarm.")
    memory: Size | None = Field(default=None, description="The same as the service's `mem_reservation`.")
    devices: ReservedDevices | None = Field(
        default=None, description="As the service's `gpus`, for devices of any kind."
    )

    @classmethod
    def later(cls) -> frozenset[str]:
        return frozenset({"generic_resources"})


class Resources(Model):
    limits: Limits | None = Field(default=None, description="What each replica may use at most.")
    reservations: Reservations | None = Field(default=None, description="What each replica is meant to have.")


class UpdateConfig(Model):
    """How containers are replaced."""

    order: Literal["stop-first"] = Field(
        "stop-first", description="stop-first: the old one stops before the new one starts."
    )
    monitor: Duration | None = Field(
        default=None, description="How long a new container without a health check must run; 1s unless set."
    )

    @classmethod
    def later(cls) -> frozenset[str]:
        return frozenset({"parallelism", "delay", "failure_action", "max_failure_ratio"})


class Deploy(Model):
    """How many, and with what limits."""

    replicas: Replicas | None = Field(default=None, description="How many containers the service has; 1 unless set.")
    mode: Literal["replicated", "global"] = Field(
        default="replicated", description="replicated, or global, which is one a host: one."
    )
    labels: Options | None = Field(default=None, description="Of no meaning without Swarm: no container has them.")
    update_config: UpdateConfig | None = Field(default=None, description="How containers are replaced.")
    rollback_config: RollbackConfig | None = Field(default=None, description="Of no meaning without Swarm.")
    resources: Resources | None = Field(default=None, description="Limits and reservations of each replica.")
    restart_policy: RestartPolicy | None = Field(default=None, description="The same as the service's `restart`.")
    placement: Placement | None = Field(default=None, description="Of no meaning without Swarm.")
    endpoint_mode: Text | None = Field(default=None, description="Of no meaning without Swarm.")


class OwnKeys(Model):
    """What deployer understands beside Compose's keys."""

    sensitive: tuple[Text, ...] = Field(
        default=(), description="Names of values that must not be shown, too; !NAME for one that may be after all."
    )


def reload_way(written: Any) -> str:
    """`restart`, `replace`, or the name of a signal."""
    if written in (RESTART, REPLACE):
        return str(written)
    if not isinstance(written, (str, int)) or isinstance(written, bool):
        raise refusal("bad-reload", f"expected restart, replace or a signal, not {describe(written)}", RELOAD_HINT)
    try:
        return signal_name(written)
    except PydanticCustomError:
        message = f"{written!r} is neither restart nor replace nor a signal"
        raise refusal("bad-reload", message, RELOAD_HINT) from None


ReloadWay = Annotated[str, BeforeValidator(reload_way), schema("string", "integer", examples=["restart", "SIGHUP"])]


class ServiceOwnKeys(OwnKeys):
    """What deployer understands beside Compose's keys of a service."""

    ignore: tuple[Text, ...] = Field(
        default=(),
        description="Fields that others own, whole or one entry (`labels.NAME`): seen as no difference, never changed.",
    )
    reload: dict[str, ReloadWay] = Field(
        default={},
        description="What a change in a mounted file or folder takes: restart, replace or a signal, by its source.",
    )

    @classmethod
    def later(cls) -> frozenset[str]:
        return frozenset({"exclusive"})


class ServiceKeys(Model):
    """The keys of a service that are no row of its container."""

    own: ServiceOwnKeys | None = Field(default=None, alias="x-deployer", description="What is deployer's own.")

    build: Annotated[Build, BeforeValidator(build_form, json_schema_input_type=str | Build)] | None = Field(
        default=None,
        description="Build the image from here, as Compose writes it; `builds` at the top is the longer way.",
    )
    depends_on: Annotated[
        dict[str, Dependency], BeforeValidator(dependencies, json_schema_input_type=list[str] | dict[str, Dependency])
    ] = Field(default={}, description="Services that must be started, healthy or completed before this one starts.")
    deploy: Deploy | None = Field(default=None, description="How many, and with what limits.")
    profiles: tuple[Text, ...] = Field(
        default=(), description="It is part of the stack only where one of these profiles is active."
    )
    scale: Replicas | None = Field(default=None, description="The same as `deploy.replicas`.")
    pull_policy: ServicePullPolicy | None = Field(
        default=None,
        description="When the image is pulled: missing (the default), always, never, daily, weekly or every_DURATION; "
        "build, where it is built.",
    )
    attach: Flag | None = Field(
        default=None, description="Of no meaning: whether `docker compose up` shows what the service writes."
    )

    @classmethod
    def later(cls) -> frozenset[str]:
        return later.SERVICE - {name for row in container.FIELDS for name in row.names}

    @classmethod
    def elsewhere(cls) -> dict[str, str]:
        beneath = {name: f"write it under deploy: {{{name}: ...}}" for name in Deploy.model_fields}
        return {**beneath, "replicas": "write scale: N, or deploy: {replicas: N}"}

    @property
    def needs(self) -> dict[str, Dependency]:
        """What it waits for, by service: what it says, what it links to, whose namespaces and mounts it has."""
        owners = (owner(said(self, namespace.row) or "") for namespace in NAMESPACES)
        found = {name: Dependency(restart=True) for kind, name in owners if kind == "service"}
        found |= {target(link): Dependency(restart=True) for link in said(self, "links") or ()}
        mounts = givers(said(self, "volumes_from") or ())
        return {**{name: Dependency() for kind, name in mounts if kind == "service"}, **found, **self.depends_on}

    def says(self, needed: str) -> str:
        """The key that says that it needs a service."""
        if needed in self.depends_on:
            return "depends_on"
        modes = (each.row for each in NAMESPACES if owner(said(self, each.row) or "") == ("service", needed))
        linked = any(target(link) == needed for link in said(self, "links") or ())
        return next(modes, "links" if linked else "volumes_from")

    @property
    def replicas(self) -> int:
        if self.scale is not None:
            return self.scale
        return self.deploy.replicas if self.deploy and self.deploy.replicas is not None else 1

    @property
    def counted(self) -> str:
        """The key that says how many containers it has; "" where none does."""
        if self.scale is not None:
            return "scale"
        return "deploy.replicas" if self.deploy and self.deploy.replicas is not None else ""

    @property
    def monitor(self) -> int | None:
        """Nanoseconds that a new container without a health check must run at a replacement."""
        return self.deploy.update_config.monitor if self.deploy and self.deploy.update_config else None


if TYPE_CHECKING:
    Service = ServiceKeys
else:
    Service = create_model(
        "Service",
        __base__=ServiceKeys,
        __doc__="What runs: one or several containers of one image.",
        **{row.name: (row.kind.written | None, Field(default=None, description=row.doc)) for row in container.FIELDS},
    )


def said(service: ServiceKeys, name: str) -> Any:
    """The value under a name of a row, dotted where nested; None where the service does not say it."""
    value: Any = service
    for part in name.split("."):
        value = getattr(value, part, None)
    return value


def written(service: ServiceKeys, row: Row) -> tuple[str, Any] | None:
    """The name under which the service writes a row, and the value; None where it does not."""
    for name in row.names:
        if (value := said(service, name)) is not None:
            return name, value
    return None
