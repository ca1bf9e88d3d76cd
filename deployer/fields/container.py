"""The rows of a service's container.

Each is one thing that a service can say; see `field.py` for what the columns mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from deployer.fields.attachments import NETWORKS, read_networks, write_networks
from deployer.fields.field import Context, Effect, Field, ImageRule, Json, Value
from deployer.fields.health import HEALTHCHECK, from_image
from deployer.fields.kinds import (
    ARGV,
    CPUS,
    ENTRYPOINT,
    ENVIRONMENT,
    FLAG,
    LABELS,
    NO_ENTRYPOINT,
    SECONDS,
    SIGNAL,
    SIZE,
    TEXT,
    decode_environment,
    text_kind,
    user_labels,
)
from deployer.fields.mounts import MOUNTS, read_mounts, write_mounts
from deployer.fields.parse import MIB, describe, refusal, signal_name
from deployer.fields.ports import PORTS, read_ports, write_ports


def or_image(path: str, decode: Callable[[Any], Value] = str) -> ImageRule:
    """What is not asked comes from the image."""

    def rule(asked: Value, _everything: Mapping[str, Value], image: Json) -> Value:
        return asked or (decode(image[path]) if image.get(path) else asked)

    return rule


def entrypoint_on_image(asked: Value, _everything: Mapping[str, Value], image: Json) -> Value:
    """Where it is taken away, the engine shows none (Engine 20.10 and 28)."""
    return () if asked == NO_ENTRYPOINT else asked or tuple(image.get("Entrypoint") or ())


def over_image(path: str, decode: Callable[[Any], Value]) -> ImageRule:
    """What is asked is added to what the image has, name by name."""

    def rule(asked: Value, _everything: Mapping[str, Value], image: Json) -> Value:
        supplied: Value = decode(image[path]) if image.get(path) else ()
        return tuple(sorted({**dict(supplied), **dict(asked)}.items()))

    return rule


def command_on_image(asked: Value, everything: Mapping[str, Value], image: Json) -> Value:
    """An entrypoint of one's own drops the image's command (moby, daemon/commit.go)."""
    if asked or everything.get("entrypoint"):
        return asked
    return tuple(image.get("Cmd") or ())


def stop_signal_on_image(asked: Value, _everything: Mapping[str, Value], image: Json) -> Value:
    return asked or signal_name(image.get("StopSignal") or "SIGTERM")


def read_stop_signal(inspect: Json, _: Context) -> Value:
    """Where nobody says, inspect shows nothing, and the engine sends SIGTERM."""
    return signal_name(inspect["Config"].get("StopSignal") or "SIGTERM")


def while_set(_before: Value, after: Value) -> Effect:
    """The engine raises and lowers the limit while it runs, but takes an update to 0 and changes nothing (Engine
    20.10, 28).
    """
    return Effect.IN_PLACE if after else Effect.REPLACE


def memory_update(value: Value) -> Json:
    """Without MemorySwap the engine refuses to raise the limit past it, and keeps the old swap when it lowers it; a
    fresh container gets twice the memory.
    """
    return {"Memory": value, "MemorySwap": 2 * value}


def restart_policy(written: Any) -> str:
    """`no`, `always`, `unless-stopped`, `on-failure` or `on-failure:3`."""
    name, _, retries = written.partition(":") if isinstance(written, str) else ("", "", "")
    if name in ("no", "always", "unless-stopped", "on-failure") and (
        not retries or (name == "on-failure" and retries.isdigit())
    ):
        return name if retries in ("", "0") else written
    hint = "no, always, unless-stopped, on-failure or on-failure:3"
    raise refusal("bad-restart", f"expected a restart policy, not {describe(written)}", hint)


def encode_restart(value: Value) -> Json:
    name, _, retries = value.partition(":")
    return {"Name": name, "MaximumRetryCount": int(retries or 0)}


def decode_restart(wire: Json) -> Value:
    """Unset is "" on Engine 20.10 and "no" on 28."""
    retries = wire.get("MaximumRetryCount")
    return f"{wire['Name']}:{retries}" if retries else wire.get("Name") or "no"


RestartPolicy = Annotated[
    str,
    BeforeValidator(restart_policy),
    WithJsonSchema({"type": "string", "pattern": "^(no|always|unless-stopped|on-failure(:\\d+)?)$"}),
]
RESTART = text_kind(RestartPolicy, decode=decode_restart, encode=encode_restart)


def write_labels(body: dict[str, Any], labels: Value, _written: Any, _context: Context) -> None:
    body.setdefault("Labels", {}).update(dict(labels))


def image_reference(body: dict[str, Any], _value: Value, written: Any, _context: Context) -> None:
    body["Image"] = written


IMAGE = Field(
    name="image",
    kind=TEXT,
    write=image_reference,
    inspect="Image",
    example=("example-a", "example-b"),
    doc="What to run: an entry of `builds` or `images`, else an image reference. A tag that moved is seen.",
)
"""The canonical value is the image's id; the planner knows it from the engine, or not before a build or a pull has
been made.
"""

FIELDS: tuple[Field, ...] = (
    IMAGE,
    Field(
        name="command",
        kind=ARGV,
        engine="Cmd",
        inspect="Config.Cmd",
        unset=(),
        image=command_on_image,
        example=(["sleep", "1001"], ["sleep", "1002"]),
        doc="The command, in place of the image's CMD. Text is split as a shell would, with nothing expanded.",
    ),
    Field(
        name="entrypoint",
        kind=ENTRYPOINT,
        engine="Entrypoint",
        inspect="Config.Entrypoint",
        unset=(),
        image=entrypoint_on_image,
        example=(["env", "A=1"], ["env", "A=2"]),
        needs={"command": ["sleep", "1000"]},
        doc="The program, in place of the image's ENTRYPOINT; the image's CMD is dropped with it. [] takes both away.",
    ),
    Field(
        name="environment",
        kind=ENVIRONMENT,
        engine="Env",
        inspect="Config.Env",
        unset=(),
        image=over_image("Env", decode_environment),
        example=({"MODE": "a"}, {"MODE": "b"}),
        doc="Environment variables, added to the image's. `KEY` alone takes its value from where deployer runs.",
    ),
    Field(
        name="labels",
        kind=LABELS,
        engine="Labels",
        inspect="Config.Labels",
        write=write_labels,
        unset=(),
        image=over_image("Labels", user_labels),
        example=({"tier": "a"}, {"tier": "b"}),
        doc="Labels of the container, added to the image's.",
    ),
    Field(
        name="ports",
        kind=PORTS,
        engine="HostConfig.PortBindings",
        write=write_ports,
        read=read_ports,
        unset=frozenset(),
        example=(["127.0.0.1::7001"], ["127.0.0.1::7002"]),
        doc='Published ports: "8080:80" fixed, "127.0.0.1:8080:80" on an address, "80" random.',
    ),
    Field(
        name="volumes",
        kind=MOUNTS,
        engine="HostConfig.Mounts",
        inspect="Mounts",
        write=write_mounts,
        read=read_mounts,
        unset=(),
        example=(["/usr:/mnt/a:ro"], ["/usr:/mnt/a"]),
        doc="Named volumes, folders of the host (relative to the stack file) and tmpfs, each with its target.",
    ),
    Field(
        name="networks",
        kind=NETWORKS,
        engine="NetworkingConfig.EndpointsConfig",
        inspect="NetworkSettings.Networks",
        write=write_networks,
        read=read_networks,
        unset=(),
        effect=Effect.IN_PLACE,
        example=({"default": {"aliases": ["a"]}}, {"default": {"aliases": ["b"]}}),
        doc="The networks that it joins, with further names for it there. Unless said, the stack's default network.",
    ),
    Field(
        name="healthcheck",
        kind=HEALTHCHECK,
        engine="Healthcheck",
        inspect="Config.Healthcheck",
        unset=(),
        image=from_image,
        example=({"test": ["CMD", "true"], "interval": "1s"}, {"test": ["CMD", "true"], "interval": "2s"}),
        doc="How the engine finds out whether it works; what is not said comes from the image.",
    ),
    Field(
        name="restart",
        kind=RESTART,
        engine="HostConfig.RestartPolicy",
        unset="no",
        effect=Effect.IN_PLACE,
        example=("always", "on-failure:3"),
        doc="When the engine starts it again: no, always, unless-stopped, on-failure or on-failure:3.",
    ),
    Field(
        name="user",
        kind=TEXT,
        engine="User",
        inspect="Config.User",
        unset="",
        image=or_image("User"),
        example=("1001:1001", "1002:1002"),
        doc="User, or user:group, by name or number, in place of the image's.",
    ),
    Field(
        name="init",
        kind=FLAG,
        engine="HostConfig.Init",
        unset=False,
        example=(True, False),
        doc="Whether a small init reaps processes and passes signals on.",
    ),
    Field(
        name="stop_signal",
        kind=SIGNAL,
        engine="StopSignal",
        inspect="Config.StopSignal",
        unset="",
        image=stop_signal_on_image,
        read=read_stop_signal,
        example=("SIGINT", "SIGQUIT"),
        doc="The signal that stops it, in place of the image's; SIGTERM where neither says.",
    ),
    Field(
        name="stop_grace_period",
        kind=SECONDS,
        engine="StopTimeout",
        inspect="Config.StopTimeout",
        unset=10,
        example=("3s", "4s"),
        doc="How long it may take to stop before it is killed; 10s unless set, counted in whole seconds.",
    ),
    Field(
        name="cpus",
        also=("deploy.resources.limits.cpus",),
        kind=CPUS,
        engine="HostConfig.NanoCpus",
        unset=0,
        effect=while_set,
        example=("0.5", "0.75"),
        doc="How many processors it may use at most.",
    ),
    Field(
        name="mem_limit",
        also=("deploy.resources.limits.memory",),
        kind=SIZE,
        engine="HostConfig.Memory",
        unset=0,
        effect=while_set,
        update=memory_update,
        example=("64M", "96M"),
        doc="How much memory it may use at most; swap may take as much again.",
    ),
    Field(
        name="shm_size",
        kind=SIZE,
        engine="HostConfig.ShmSize",
        unset=64 * MIB,
        example=("64M", "128M"),
        doc="How much /dev/shm may hold; 64M unless set.",
    ),
)
"""Every row. The order is that of the reference page and of a plan's lines."""

BY_NAME = {field.name: field for field in FIELDS}
