"""Ports that a container listens on, published or not: `3000`, `53/udp`, `8080-8085`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from deployer.fields.field import Context, Json, Kind, Value, section
from deployer.fields.kinds import same, schema
from deployer.fields.lists import show_set, without_repeats
from deployer.fields.parse import describe, refusal
from deployer.fields.ports import port_range, protocol

_SHORT = re.compile(r"(?P<ports>\d+(?:-\d+)?)(?:/(?P<protocol>\w+))?")
_HINT = "write it as 3000, 53/udp or 8080-8085"


def exposed(written: Any) -> str:
    """The text, if it is a port or a range of them."""
    text = str(written) if isinstance(written, (int, str)) and not isinstance(written, bool) else ""
    if not _SHORT.fullmatch(text):
        raise refusal("bad-port", f"expected a port of the container, not {describe(written)}", _HINT)
    _ports_of(text)
    return text


def _ports_of(text: str) -> list[str]:
    ports, _, name = text.partition("/")
    first, _, last = port_range(ports).partition("-")
    return [f"{port}/{protocol(name or 'tcp')}" for port in range(int(first), int(last or first) + 1)]


Exposed = Annotated[
    tuple[Annotated[str, BeforeValidator(exposed), schema("string", "integer")], ...], AfterValidator(without_repeats)
]


def _normal(written: tuple[str, ...], _: Context) -> Value:
    return frozenset(port for text in written for port in _ports_of(text))


def write_exposed(body: dict[str, Any], ports: Value, _written: Any, _context: Context) -> None:
    body.setdefault("ExposedPorts", {}).update({port: {} for port in sorted(ports)})


def read_exposed(inspect: Json, _: Context) -> Value:
    """Those that are not published besides, for publishing exposes."""
    published = section(inspect, "HostConfig.PortBindings")
    return frozenset(_each(section(inspect, "Config.ExposedPorts")) - published.keys())


def _each(ports: Iterable[str]) -> set[str]:
    """A range that Compose has sent is kept as it was sent, without its protocol (Engine 20.10 and 28)."""
    return {each for text in ports for each in (_ports_of(text) if _SHORT.fullmatch(text) else (text,))}


def beside_image_and_ports(asked: Value, everything: Mapping[str, Value], image: Json) -> Value:
    published = {f"{target}/{name}" for _, _, target, name in everything.get("ports", ())}
    return (asked | _each(image.get("ExposedPorts") or {})) - published


def _show(ports: Value) -> str:
    return show_set(port.removesuffix("/tcp") for port in ports)


EXPOSED = Kind(Exposed, _normal, same, same, _show)
