"""The networks that a container is in, and the names that it has there."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from deployer.fields.field import Context, Json, Kind, Value, put, section
from deployer.fields.ipam import IpAddress, canonical_address
from deployer.fields.kinds import Model, same
from deployer.fields.namespaces import read_network_mode
from deployer.fields.parse import describe, listing, mapping, refusal

DEFAULT = "default"
"""The network of a service that names none."""


class Attachment(Model):
    """How a service is in one network."""

    aliases: tuple[str, ...] = Field(default=(), description="Further names of the service in this network.")
    ipv4_address: IpAddress | None = Field(default=None, description="Its IPv4 address there; any free one unless set.")
    ipv6_address: IpAddress | None = Field(default=None, description="Its IPv6 address there; any free one unless set.")
    link_local_ips: tuple[IpAddress, ...] = Field(default=(), description="Link-local addresses that it has besides.")

    @classmethod
    def later(cls) -> frozenset[str]:
        return frozenset(
            {
                "mac_address",
                "priority",
                "driver_opts",
                "gw_priority",
                "interface_name",
            }
        )


def attachments(written: Any) -> Any:
    """The mapping of a list of names; a name alone has no options."""
    names, entries = listing(written), mapping(written)
    if names is not None:
        for item in names:
            if not isinstance(item, str):
                raise refusal("bad-network", f"expected the name of a network, not {describe(item)}")
        return dict.fromkeys(names, Attachment())
    if entries is not None:
        return {name: Attachment() if options is None else options for name, options in entries.items()}
    raise refusal("bad-network", f"expected a list of networks or a mapping, not {describe(written)}")


Attachments = Annotated[
    dict[str, Attachment],
    BeforeValidator(attachments, json_schema_input_type=list[str] | dict[str, Attachment | None]),
]


_WIRE = {"ipv4_address": "IPv4Address", "ipv6_address": "IPv6Address", "link_local_ips": "LinkLocalIPs"}
"""The keys of the engine's IPAMConfig."""


def _normal(written: dict[str, Attachment], context: Context) -> Value:
    """Sorted pairs of a network's key and how the service is there; its hostname is a name by itself."""
    hostname = {context.hostname} - {context.service}
    return tuple(
        sorted(
            (name, _entry({context.service, *entry.aliases} - hostname, _said(entry)))
            for name, entry in written.items()
        )
    )


def _said(entry: Attachment) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _WIRE}


def _entry(names: set[str], addresses: Mapping[str, Any]) -> Value:
    """The sorted names, then pairs of what is said of addresses: without any, the names alone."""
    pairs = ((name, _canonical(value)) for name, value in addresses.items() if value)
    return (*sorted(names), *pairs)


def _canonical(value: Any) -> Value:
    return canonical_address(value) if isinstance(value, str) else tuple(sorted(map(canonical_address, value)))


def names_of(value: Value) -> list[str]:
    """The names that an entry gives."""
    return [part for part in value if isinstance(part, str)]


def addresses_of(value: Value) -> dict[str, str | tuple[str, ...]]:
    """What an entry says of addresses, by the keys of the stack file."""
    return dict(part for part in value if not isinstance(part, str))


def fixed_addresses(value: Value) -> frozenset[str]:
    """The addresses that only one container of a network can have."""
    return frozenset(address for address in addresses_of(value).values() if isinstance(address, str))


def endpoint(value: Value) -> Json:
    """The EndpointSettings that give a container its names and addresses in a network."""
    addresses = {_WIRE[key]: list(one) if isinstance(one, tuple) else one for key, one in addresses_of(value).items()}
    return {"Aliases": names_of(value), **({"IPAMConfig": addresses} if addresses else {})}


def entry_of(settings: Json, not_names: Set[str] = frozenset()) -> Value:
    """The entry that the engine's EndpointSettings show, less names that nobody asked for."""
    wire = section(settings, "IPAMConfig")
    aliases: list[str] = settings.get("Aliases") or []
    return _entry(set(aliases) - not_names, {key: wire.get(name) for key, name in _WIRE.items()})


def write_networks(body: dict[str, Any], networks: Value, _written: Any, context: Context) -> None:
    """The first network goes with the create, the others are connected after: before API 1.44 only one fits."""
    key, value = networks[0]
    name = context.networks.get(key, key)
    put(body, "HostConfig.NetworkMode", name)
    put(body, "NetworkingConfig.EndpointsConfig", {name: endpoint(value)})


def read_networks(inspect: Json, context: Context) -> Value:
    """The networks that it is in, by the stack's keys where it names them; a network mode's own is none of them.

    Engine 20.10 adds the short id to the names at the start, API below 1.45 the hostname too, Compose the container's
    name.
    """
    mode = read_network_mode(inspect, context)
    keys = {name: key for key, name in context.networks.items()}
    labels = section(inspect, "Config.Labels")
    own = {inspect["Id"][:12], inspect["Config"].get("Hostname", "")} - {labels.get("com.docker.compose.service")}
    if not any(label.startswith("io.deployer.") for label in labels):
        own.add(inspect["Name"].lstrip("/"))
    return tuple(
        sorted(
            (keys.get(name, name), entry_of(settings, own))
            for name, settings in section(inspect, "NetworkSettings.Networks").items()
            if name != mode
        )
    )


def _show(_: str, value: Value) -> str:
    names, said = names_of(value), addresses_of(value)
    addresses = [one for each in said.values() for one in ((each,) if isinstance(each, str) else each)]
    parts = [f"as {', '.join(names)}"] if names else []
    return " ".join([*parts, *([f"at {', '.join(addresses)}"] if addresses else [])]) or "connected"


NETWORKS = Kind(Attachments, _normal, same, same, str, keyed=True, show_entry=_show)
