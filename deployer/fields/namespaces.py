"""What a container has in place of a network namespace of its own, joined to networks of the stack."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from deployer.fields.field import Context, Json, Kind, Value, get, put
from deployer.fields.kinds import same
from deployer.fields.parse import describe, refusal

MODES = ("bridge", "host", "none")
OWNERS = ("service", "container")
"""What can be named before a colon: whose network it is."""


def network_mode(written: Any) -> str:
    """`bridge`, `host`, `none`, `service:NAME` or `container:NAME`; Compose's `default` is the engine's bridge."""
    kind, colon, name = written.partition(":") if isinstance(written, str) else ("", "", "")
    if written in ("", *MODES) or (colon and name and kind in OWNERS):
        return written
    if written == "default":
        return "bridge"
    hint = "bridge, host, none, service:NAME or container:NAME; a network is joined by `networks: [NAME]`"
    raise refusal("bad-network-mode", f"expected a network mode, not {describe(written)}", hint)


def owner(mode: Value) -> tuple[str, str]:
    """Whose network a mode joins: `service` or `container`, and its name; twice "" where it joins none."""
    kind, colon, name = str(mode).partition(":")
    return (kind, name) if colon else ("", "")


def joined(inspect: Json) -> str:
    """The id of the container whose network it is in; "" where it has its own. The engine keeps ids, whatever it was
    created with.
    """
    kind, name = owner(get(inspect, "HostConfig.NetworkMode") or "")
    return name if kind == "container" else ""


def read_network_mode(inspect: Json, context: Context) -> Value:
    """A network of the stack is no mode but where it is created first; unset is `default` on Engine 20.10, and `bridge`
    on 28.
    """
    mode = get(inspect, "HostConfig.NetworkMode") or "default"
    if mode in context.networks.values():
        return ""
    return "bridge" if mode == "default" else mode if mode in MODES or joined(inspect) else ""


def write_network_mode(body: dict[str, Any], mode: Value, _written: Any, _context: Context) -> None:
    """A service's container has no name here: who plans knows which one it will be."""
    if owner(mode)[0] != "service":
        put(body, "HostConfig.NetworkMode", mode)


NetworkMode = Annotated[
    str,
    BeforeValidator(network_mode),
    WithJsonSchema({"type": "string", "pattern": "^(|default|bridge|host|none|(service|container):.+)$"}),
]

NETWORK_MODE = Kind(NetworkMode, lambda mode, _: mode, same, str, str)
