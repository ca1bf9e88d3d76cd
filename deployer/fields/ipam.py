"""Where a network takes its addresses from. One entry each for its driver, its options and its subnets."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from deployer.fields.field import Context, Json, Kind, Value
from deployer.fields.kinds import Model, Options, Text, pairs
from deployer.fields.parse import describe, refusal

DEFAULT_DRIVER = "default"


def ip_address(written: Any) -> str:
    """The text of an IP address, as it is written."""
    try:
        ipaddress.ip_address(written if isinstance(written, str) else "")
    except ValueError:
        raise refusal("bad-address", f"expected an IP address, not {describe(written)}", "10.5.0.9, fd00::9") from None
    return written


def subnet(written: Any) -> str:
    """The text of a network in CIDR notation, as it is written: with no bit set behind its prefix, as Engine 28
    refuses those.
    """
    text = written if isinstance(written, str) and "/" in written else ""
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise refusal("bad-address", f"expected a subnet, not {describe(written)}", "10.5.0.0/24, fd00::/64") from None
    if ipaddress.ip_address(text.partition("/")[0]) != found.network_address:
        raise refusal("bad-address", f"{text} is an address within a subnet", f"the subnet is {found}")
    return text


IpAddress = Annotated[str, BeforeValidator(ip_address, json_schema_input_type=str)]
Subnet = Annotated[str, BeforeValidator(subnet, json_schema_input_type=str)]


class Pool(Model):
    """One subnet of a network."""

    subnet: Subnet = Field(description="The subnet in CIDR notation.")
    gateway: IpAddress | None = Field(default=None, description="Its gateway; the first address unless set.")
    ip_range: Subnet | None = Field(
        default=None, description="The part of it that containers get addresses from; all of it unless set."
    )
    aux_addresses: dict[str, IpAddress] = Field(default={}, description="Addresses that others have, by their names.")


class Ipam(Model):
    """Where a network takes its addresses from."""

    driver: Text | None = Field(default=None, description="The driver; default unless set.")
    config: tuple[Pool, ...] = Field(
        default=(), description="Its subnets; unless set, the engine takes one that is free."
    )
    options: Options = Field(default={}, description="Options for the driver.")


def canonical_address(text: str) -> str:
    """One spelling of an address or subnet."""
    return str(ipaddress.ip_network(text)) if "/" in text else str(ipaddress.ip_address(text))


def is_ipv6(text: str) -> bool:
    return ":" in text


def _normal(written: Ipam, _: Context) -> Value:
    return _entries(
        written.driver or DEFAULT_DRIVER,
        pairs(dict(written.options)),
        (_pool(one.subnet, one.ip_range, one.gateway, one.aux_addresses) for one in written.config),
    )


def _entries(driver: str, options: Value, pools: Any) -> Value:
    """Sorted pairs of what is said, the subnets of IPv4 before those of IPv6: the engine shows them in any order."""
    config = tuple(sorted(pools, key=lambda pool: is_ipv6(pool[0])))
    said = {"config": config, "driver": "" if driver == DEFAULT_DRIVER else driver, "options": options}
    return tuple((name, value) for name, value in said.items() if value)


def _pool(subnet: str, ip_range: str | None, gateway: str | None, others: Json) -> Value:
    addresses = (canonical_address(text) if text else "" for text in (subnet, ip_range, gateway))
    return (*addresses, tuple(sorted((name, canonical_address(text)) for name, text in others.items())))


def _encode(value: Value) -> Json:
    said = dict(value)
    wire: dict[str, Any] = {"Driver": said.get("driver", DEFAULT_DRIVER)}
    if "options" in said:
        wire["Options"] = dict(said["options"])
    if "config" in said:
        wire["Config"] = [_encode_pool(*pool) for pool in said["config"]]
    return wire


def _encode_pool(subnet: str, ip_range: str, gateway: str, others: Value) -> Json:
    parts = {"Subnet": subnet, "IPRange": ip_range, "Gateway": gateway, "AuxiliaryAddresses": dict(others)}
    return {name: part for name, part in parts.items() if part}


def _decode(wire: Json) -> Value:
    return _entries(
        wire.get("Driver") or DEFAULT_DRIVER,
        pairs(wire.get("Options") or {}),
        (
            _pool(one["Subnet"], one.get("IPRange"), one.get("Gateway"), one.get("AuxiliaryAddresses") or {})
            for one in wire.get("Config") or ()
            if one.get("Subnet")
        ),
    )


def less_filled(have: Value, want: Value, was: Value) -> Value:
    """Less the subnets of a family of addresses for which none is asked, nor was: the engine picked those."""
    asked = {is_ipv6(pool[0]) for side in (want, was) for pool in dict(side).get("config", ())}
    said = dict(have)
    said["config"] = tuple(pool for pool in said.get("config", ()) if is_ipv6(pool[0]) in asked)
    return tuple((name, value) for name, value in said.items() if value)


def _show(entry: str, value: Value) -> str:
    match entry:
        case "config":
            return ", ".join(_show_pool(*pool) for pool in value)
        case "options":
            return ", ".join(f"{name}={text}" for name, text in value)
        case _:
            return str(value)


def _show_pool(subnet: str, ip_range: str, gateway: str, others: Value) -> str:
    parts = [f"ip_range {ip_range}"] if ip_range else []
    parts += [f"gateway {gateway}"] if gateway else []
    parts += [f"{name} {address}" for name, address in others]
    return f"{subnet} ({', '.join(parts)})" if parts else subnet


IPAM = Kind(Ipam, _normal, _encode, _decode, str, keyed=True, show_entry=_show)
