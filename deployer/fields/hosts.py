"""What names mean inside of a container: its own, further hosts, and who is asked for the others."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from deployer.fields.field import Context, Kind, Value
from deployer.fields.kinds import schema
from deployer.fields.lists import or_alone, ordered, unordered, without_repeats
from deployer.fields.parse import describe, listing, mapping, refusal

GATEWAY = "host-gateway"
"""The engine puts the host's own address in its place."""

_LONGEST_NAME = 64
"""What the kernel takes (sethostname(2))."""

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = rf"{_LABEL}(?:\.{_LABEL})*\.?"
_HOST_HINT = "write it as name=10.0.0.5, or as a mapping of names to addresses; host-gateway is the engine's host"


def host_name(written: Any) -> str:
    """A host's name (RFC 1123), and underscores, which Compose and the engine take; nothing is none."""
    if not isinstance(written, str):
        hint = f'put it in quotes: "{written}"' if isinstance(written, int) else ""
        raise refusal("bad-hostname", f"expected the name of a host, not {describe(written)}", hint)
    if written and (not re.fullmatch(_NAME, written) or len(written) > _LONGEST_NAME):
        hint = f"letters, digits and -, parts divided by dots, {_LONGEST_NAME} characters at most"
        raise refusal("bad-hostname", f"no host can be named {written!r}", hint)
    return written


def address(written: str) -> str:
    """The address in its one notation; what is none stays, as engines keep it."""
    text = written.strip().removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


def is_address(written: str) -> bool:
    try:
        ipaddress.ip_address(address(written))
    except ValueError:
        return False
    return True


def dns_server(written: Any) -> str:
    if not isinstance(written, str) or not is_address(written):
        raise refusal("bad-dns", f"expected the address of a DNS server, not {describe(written)}", "such as 9.9.9.9")
    return written


def search_domain(written: Any) -> str:
    if not isinstance(written, str) or not (written == "." or re.fullmatch(_NAME, written)):
        raise refusal("bad-dns", f"expected a domain, not {describe(written)}", "such as example.com; . is none at all")
    return written


def resolver_option(written: Any) -> str:
    if not isinstance(written, str) or not re.fullmatch(r"\S+", written):
        raise refusal("bad-dns", f"expected an option, not {describe(written)}", "such as ndots:2 (resolv.conf(5))")
    return written


def extra_hosts(written: Any) -> dict[str, tuple[str, ...]]:
    """Each name's addresses, of a mapping or of a list of `name=address` or `name:address`."""
    entries, items = mapping(written), listing(written)
    if entries is not None:
        return {_name(name): _addresses(name, value) for name, value in entries.items()}
    if items is None:
        raise refusal("bad-host", f"expected a list of hosts or a mapping, not {describe(written)}", _HOST_HINT)
    found: dict[str, tuple[str, ...]] = {}
    for item in items:
        name, divider, rest = _divided(item)
        if not divider:
            raise refusal("bad-host", f"expected a host and its address, not {describe(item)}", _HOST_HINT)
        found[_name(name)] = (*found.get(name, ()), *_addresses(name, rest.split(",")))
    return found


def _divided(item: Any) -> tuple[str, str, str]:
    text = item if isinstance(item, str) else ""
    return text.partition("=" if "=" in text else ":")


def _name(name: str) -> str:
    if not name or set(name) & set(":= \t"):
        raise refusal("bad-host", f"no host can be named {name!r}", _HOST_HINT)
    return name


def _addresses(name: str, written: Any) -> tuple[str, ...]:
    listed = [written] if isinstance(written, str) else listing(written)
    if listed is None:
        raise refusal("bad-host", f"expected the address of {name}, not {describe(written)}", _HOST_HINT)
    for item in listed:
        if not isinstance(item, str) or not (item == GATEWAY or is_address(item)):
            raise refusal("bad-host", f"expected the address of {name}, not {describe(item)}", _HOST_HINT)
    return tuple(address(item) for item in listed)


HostName = Annotated[str, BeforeValidator(host_name), schema("string", examples=["db.internal"])]
DnsServers = Annotated[
    tuple[Annotated[str, BeforeValidator(dns_server), schema("string")], ...],
    AfterValidator(without_repeats),
    BeforeValidator(or_alone(dns_server), json_schema_input_type=str | list[str]),
]
SearchDomains = Annotated[
    tuple[Annotated[str, BeforeValidator(search_domain), schema("string")], ...],
    AfterValidator(without_repeats),
    BeforeValidator(or_alone(search_domain), json_schema_input_type=str | list[str]),
]
ResolverOptions = Annotated[
    tuple[Annotated[str, BeforeValidator(resolver_option), schema("string")], ...], AfterValidator(without_repeats)
]
_ADDRESSES = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
ExtraHosts = Annotated[
    dict[str, tuple[str, ...]],
    BeforeValidator(extra_hosts),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "object", "additionalProperties": _ADDRESSES},
                {"type": "array", "items": {"type": "string"}},
            ]
        }
    ),
]


def _normal(hosts: dict[str, tuple[str, ...]], _: Context | None = None) -> Value:
    return tuple(sorted((name, tuple(dict.fromkeys(found))) for name, found in hosts.items() if found))


def _encode(hosts: Value) -> list[str]:
    return [f"{name}:{found}" for name, addresses in hosts for found in addresses]


def _decode(wire: list[str]) -> Value:
    found: dict[str, tuple[str, ...]] = {}
    for entry in wire:
        name, _, rest = entry.partition(":")
        found[name] = (*found.get(name, ()), address(rest))
    return _normal(found)


def _show(_: str, addresses: Value) -> str:
    return ", ".join(addresses)


HOSTS = Kind(ExtraHosts, _normal, _encode, _decode, str, keyed=True, show_entry=_show)
DNS = ordered(DnsServers, address)
DNS_SEARCH = ordered(SearchDomains, str)
DNS_OPTIONS = unordered(ResolverOptions, str)
