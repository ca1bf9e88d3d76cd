"""What a container has in place of a namespace of its own: the host's, none, or another container's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from deployer.fields.field import Context, Effect, Field, Json, Kind, Value, get, put
from deployer.fields.kinds import same
from deployer.fields.parse import describe, refusal

OWNERS = ("service", "container")
"""What can be named before a colon: whose namespace it is."""

MODES = ("bridge", "host", "none")
"""The network modes that name nobody."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """A kind of namespace that one container can have from another: its row, where the engine keeps it, and what it is
    called.
    """

    row: str
    engine: str
    what: str


NAMESPACES = (
    Namespace("network_mode", "HostConfig.NetworkMode", "network"),
    Namespace("ipc", "HostConfig.IpcMode", "IPC namespace"),
    Namespace("pid", "HostConfig.PidMode", "PID namespace"),
)


def reader_of(code: str, what: str, modes: tuple[str, ...], hint: str = "") -> Callable[[Any], str]:
    """Reads a mode: one of these, `service:NAME` or `container:NAME`."""

    def read(written: Any) -> str:
        kind, colon, name = written.partition(":") if isinstance(written, str) else ("", "", "")
        if written in ("", *modes) or (colon and name and kind in OWNERS):
            return written
        known = f"{', '.join(modes)}, service:NAME or container:NAME"
        raise refusal(code, f"expected {what}, not {describe(written)}", f"{known}{hint}")

    return read


_network_mode = reader_of("bad-network-mode", "a network mode", MODES, ", or the name of a network on the engine")
_NETWORK = "[a-zA-Z0-9][a-zA-Z0-9_.-]*"
"""How the engine lets a network be called."""


def network_mode(written: Any) -> str:
    """Compose's `default` is the engine's bridge."""
    if written == "default":
        return "bridge"
    return written if isinstance(written, str) and re.fullmatch(_NETWORK, written) else _network_mode(written)


def network_named(mode: Value) -> str:
    """The network on the engine that a network mode names; "" where it names none."""
    return "" if mode in ("", *MODES) or owner(mode)[0] else str(mode)


def _kind(read: Callable[[Any], str], *names: str) -> Kind:
    pattern = f"^(|{'|'.join(names)}|(service|container):.+)$"
    notation = Annotated[str, BeforeValidator(read), WithJsonSchema({"type": "string", "pattern": pattern})]
    return Kind(notation, lambda mode, _: mode, same, str, lambda mode: mode or '""')


def owner(mode: Value) -> tuple[str, str]:
    """Whose namespace a mode joins: `service` or `container`, and its name; twice "" where it joins none."""
    kind, colon, name = str(mode).partition(":")
    return (kind, name) if colon else ("", "")


def owners(asked: Mapping[str, Value]) -> Iterator[tuple[Namespace, str, str]]:
    """Each namespace that a service joins, by its rows, with whose it is."""
    for namespace in NAMESPACES:
        kind, name = owner(asked.get(namespace.row) or "")
        if kind:
            yield namespace, kind, name


def joined(inspect: Json, namespace: Namespace) -> str:
    """The id of the container whose namespace it is in; "" where it has its own. The engine keeps ids, whatever it was
    created with.
    """
    kind, name = owner(get(inspect, namespace.engine) or "")
    return name if kind == "container" else ""


def all_joined(inspect: Json) -> set[str]:
    """The ids of all containers that it is in a namespace of."""
    return {joined(inspect, namespace) for namespace in NAMESPACES} - {""}


def read_network_mode(inspect: Json, context: Context) -> Value:
    """A network of the stack is no mode but where it is created first; unset is `default` on Engine 20.10, and `bridge`
    on 28.
    """
    mode = get(inspect, "HostConfig.NetworkMode") or "default"
    if mode in context.networks.values():
        return ""
    return "bridge" if mode == "default" else mode if mode in MODES or joined(inspect, NAMESPACES[0]) else ""


def _writer(namespace: Namespace) -> Callable[[dict[str, Any], Value, Any, Context], None]:
    def write(body: dict[str, Any], mode: Value, _written: Any, _context: Context) -> None:
        """A service's container has no name here: who plans knows which one it will be."""
        if owner(mode)[0] != "service":
            put(body, namespace.engine, mode)

    return write


def less_the_daemons(have: Value, want: Value, was: Value) -> Value:
    """`default-ipc-mode` of the daemon says which one it is where nobody asks: private unless set."""
    return have if want or was or have not in ("private", "shareable") else ""


def less_a_network(have: Value, want: Value, was: Value) -> Value:
    """A network that the mode names is compared as all others, among those that the container is in."""
    return have or (want if network_named(want) else was if network_named(was) and want else "")


_IPC = ("host", "none", "private", "shareable")
_PID = ("host",)

NETWORK_MODE = Field(
    name="network_mode",
    kind=_kind(network_mode, _NETWORK),
    engine="HostConfig.NetworkMode",
    write=_writer(NAMESPACES[0]),
    read=read_network_mode,
    fills=less_a_network,
    unset="",
    example=("none", "host"),
    doc="Instead of networks: bridge (the engine's own), host, none, service:NAME or container:NAME; or the name of a "
    "network that is on the engine.",
)

IPC = Field(
    name="ipc",
    kind=_kind(reader_of("bad-ipc", "an IPC mode", _IPC), *_IPC),
    engine="HostConfig.IpcMode",
    inspect="HostConfig.IpcMode",
    write=_writer(NAMESPACES[1]),
    unset="",
    fills=less_the_daemons,
    effect=Effect.REPLACE,
    example=("shareable", "none"),
    doc="With whom it shares memory and queues: private, shareable (others may join), none, host, service:NAME or "
    "container:NAME.",
)

PID = Field(
    name="pid",
    kind=_kind(reader_of("bad-pid", "a PID mode", _PID), *_PID),
    engine="HostConfig.PidMode",
    inspect="HostConfig.PidMode",
    write=_writer(NAMESPACES[2]),
    unset="",
    example=("host", ""),
    doc="Whose processes it sees and may signal: host, service:NAME or container:NAME; its own unless set.",
)
