"""Published ports: `"8080:80"`, `"127.0.0.1::9000"`, `"3000-3005:4000-4005/udp"`, and the long form."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field

from deployer.fields.field import Context, Json, Kind, Value, put, section
from deployer.fields.kinds import Model, same
from deployer.fields.parse import describe, refusal

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_SHORT = re.compile(
    r"(?:(?:(?P<ip>\[[^]]*\]|[^:\[\]]*):)?(?P<published>[\d-]*):)?(?P<target>[^:/]+)(?:/(?P<protocol>\w+))?"
)
_HINT = 'write it as "8080:80", "127.0.0.1:8080:80", "80" or "3000-3005:4000-4005/udp"'


def port_range(written: Any) -> str:
    """`"80"` or `"3000-3005"`, each port from 1 to 65535."""
    match = (
        _RANGE.fullmatch(str(written)) if isinstance(written, (int, str)) and not isinstance(written, bool) else None
    )
    if not match:
        raise refusal("bad-port", f"expected a port or a range of ports, not {describe(written)}", _HINT)
    first, last = int(match[1]), int(match[2] or match[1])
    if not 1 <= first <= 65535 or not 1 <= last <= 65535:
        raise refusal("bad-port", f"{written} is no port: ports are numbers from 1 to 65535", _HINT)
    if last < first:
        raise refusal("bad-port", f"the range {written} ends before it starts", f"write it as {last}-{first}")
    return str(written)


def published_range(written: Any) -> str:
    return "" if written in (None, "", "0", 0) else port_range(written)


def address(written: Any) -> str:
    """An IP address in its normal spelling; "" is every address."""
    if written in (None, ""):
        return ""
    try:
        return str(ipaddress.ip_address(str(written).strip("[]")))
    except ValueError:
        raise refusal("bad-port", f"{written!r} is no IP address", _HINT) from None


def addresses_meet(one: str, other: str) -> bool:
    """Whether one address of the host is the other: "" and the unspecified address mean all of them."""
    return one == other or is_every(one) or is_every(other)


def is_every(address: str) -> bool:
    """Whether it means all addresses of the host: of both families, or of its own."""
    return not address or ipaddress.ip_address(address).is_unspecified


PortRange = Annotated[str, BeforeValidator(port_range, json_schema_input_type=int | str)]
Published = Annotated[str, BeforeValidator(published_range, json_schema_input_type=int | str)]
Address = Annotated[str, BeforeValidator(address, json_schema_input_type=str)]


class Port(Model):
    """One entry of `ports`, in the long form; a range publishes several."""

    target: PortRange = Field(description="Port in the container, or a range.")
    published: Published = Field(
        default="", description="Port on the host, or a range; without it the engine picks one."
    )
    host_ip: Address = Field(default="", description="Address of the host to publish on; without it, all.")
    protocol: Literal["tcp", "udp", "sctp"] = Field(default="tcp", description="tcp, udp or sctp.")
    mode: Literal["host", "ingress"] = Field(default="ingress", description="Of meaning to Swarm alone.")
    name: str = Field(default="", description="A name for people.")
    app_protocol: str = Field(default="", description="What is spoken on it, for people.")

    def expanded(self) -> Iterator[tuple[str, str, int, str]]:
        """Each pair of ports on its own: (host address, host port, container port, protocol)."""
        targets = _ports(self.target)
        published = _ports(self.published)
        if len(published) == len(targets):
            yield from (
                (self.host_ip, str(host), port, self.protocol) for host, port in zip(published, targets, strict=True)
            )
        else:  # random ports, or a range for the engine to pick one from
            yield from ((self.host_ip, self.published, port, self.protocol) for port in targets)


def _ports(written: str) -> range:
    first, _, last = written.partition("-")
    return range(int(first), int(last or first) + 1) if first else range(0)


def port(written: Any) -> Any:
    """The long form of a short one."""
    if isinstance(written, dict):
        return cast("dict[str, Any]", written)
    text = str(written) if isinstance(written, (int, str)) and not isinstance(written, bool) else ""
    match = _SHORT.fullmatch(text.strip())
    if not match:
        raise refusal("bad-port", f"expected a port, not {describe(written)}", _HINT)
    return Port(
        target=port_range(match["target"]),
        published=published_range(match["published"]),
        host_ip=address(match["ip"]),
        protocol=protocol(match["protocol"] or "tcp"),
    )


def paired(found: Port) -> Port:
    """Checks what neither side of a port can tell alone."""
    hosts, targets = len(_ports(found.published)), len(_ports(found.target))
    if found.published and hosts != targets != 1:
        pair = f"{found.published}:{found.target}"
        raise refusal("bad-port", f"{pair!r} pairs {hosts} host ports with {targets}", "make both ranges of one length")
    return found


def protocol(written: str) -> Literal["tcp", "udp", "sctp"]:
    match written.lower():
        case "tcp" | "udp" | "sctp" as known:
            return known
        case _:
            raise refusal("bad-port", f"{written!r} is no protocol", "tcp, udp or sctp")


Ports = tuple[
    Annotated[Port, BeforeValidator(port, json_schema_input_type=int | str | Port), AfterValidator(paired)], ...
]


def _normal(ports: Any, _: Context) -> Value:
    return frozenset(binding for entry in ports for binding in entry.expanded())


def _show(bindings: Value) -> str:
    return ", ".join(f'"{_short(*binding)}"' for binding in sorted(bindings, key=lambda b: (b[2], b[3], b[0], b[1])))


def _short(host: str, published: str, target: int, protocol: str) -> str:
    shown = f"[{host}]" if ":" in host else host
    suffix = "" if protocol == "tcp" else f"/{protocol}"
    if host:
        return f"{shown}:{published}:{target}{suffix}"
    return f"{published}:{target}{suffix}" if published else f"{target}{suffix}"


def write_ports(body: dict[str, Any], bindings: Value, _written: Any, _context: Context) -> None:
    """A binding of a port that is not exposed is shown by inspect and never published (Engine 20.10 and 28): both are
    sent.
    """
    wire: dict[str, list[dict[str, str]]] = {}
    for host, published, target, protocol_name in sorted(bindings):
        wire.setdefault(f"{target}/{protocol_name}", []).append({"HostIp": host, "HostPort": published})
    put(body, "HostConfig.PortBindings", wire)
    body.setdefault("ExposedPorts", {}).update({port_name: {} for port_name in wire})


def read_ports(inspect: Json, _: Context) -> Value:
    """What was asked, not what random port was given, from HostConfig.PortBindings."""
    wire = section(inspect, "HostConfig.PortBindings")
    exposed = section(inspect, "Config.ExposedPorts")
    found: set[tuple[str, str, int, str]] = set()
    for name, bindings in wire.items():
        target, _slash, protocol_name = name.partition("/")
        if name in exposed:
            found |= {
                (
                    address(binding.get("HostIp")),
                    published_range(binding.get("HostPort")),
                    int(target),
                    protocol_name or "tcp",
                )
                for binding in bindings or ()
            }
    return frozenset(found)


PORTS = Kind(Ports, _normal, same, same, _show)
