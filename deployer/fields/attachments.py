"""The networks that a container is in, and the names that it has there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from deployer.fields.field import Context, Effect, Json, Kind, Value, put, section
from deployer.fields.ipam import IpAddress, canonical_address
from deployer.fields.kinds import Model, Options, Text, same, schema
from deployer.fields.mac import MacAddress
from deployer.fields.namespaces import read_network_mode
from deployer.fields.parse import describe, listing, mapping, number, refusal

Integer = Annotated[int, BeforeValidator(number), schema("integer", "string")]

DEFAULT = "default"
"""The network of a service that names none."""


class Attachment(Model):
    """How a service is in one network."""

    aliases: tuple[str, ...] = Field(default=(), description="Further names of the service in this network.")
    ipv4_address: IpAddress | None = Field(default=None, description="Its IPv4 address there; any free one unless set.")
    ipv6_address: IpAddress | None = Field(default=None, description="Its IPv6 address there; any free one unless set.")
    link_local_ips: tuple[IpAddress, ...] = Field(default=(), description="Link-local addresses that it has besides.")

    mac_address: MacAddress | None = Field(
        default=None, description="Its MAC address there; the engine's choice unless set."
    )
    driver_opts: Options = Field(default={}, description="Options for the network's driver.")
    priority: Integer = Field(
        default=0, description="Networks are joined in this order, the highest first; 0 unless set."
    )
    gw_priority: Integer = Field(
        default=0, description="The network with the highest is the way out of the container; 0 unless set."
    )
    interface_name: Text | None = Field(default=None, description="What the interface in this network is called.")


class Nameless(Attachment):
    """How a service is in the network that its `network_mode` names: it has no name there."""


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


_ADDRESSES = {"ipv4_address": "IPv4Address", "ipv6_address": "IPv6Address", "link_local_ips": "LinkLocalIPs"}
"""The keys of the engine's IPAMConfig."""

_INTERFACE = "com.docker.network.endpoint.ifname"
"""The driver's option that names the interface."""

_SINCE = {"mac_address": "1.44", "gw_priority": "1.48", "interface_name": "1.49"}


def parts_since(written: dict[str, Attachment]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What of an attachment not every engine has."""
    for name, entry in written.items():
        yield from (((name, key), since) for key, since in _SINCE.items() if getattr(entry, key))


def _normal(written: dict[str, Attachment], context: Context) -> Value:
    """Pairs of a network's key and how the service is there, in the order of joining; its hostname is a name by
    itself.
    """
    hostname = {context.hostname} - {context.service}
    ordered = sorted(written.items(), key=lambda pair: (-pair[1].priority, pair[0]))
    return tuple((name, _entry(_names(entry, context) - hostname, _said(entry))) for name, entry in ordered)


def _names(entry: Attachment, context: Context) -> set[str]:
    return set() if isinstance(entry, Nameless) else {context.service, *entry.aliases}


def _said(entry: Attachment) -> dict[str, Any]:
    """What is said besides names, in the order in which a plan shows it."""
    keys = (*_ADDRESSES, "mac_address", "gw_priority", "interface_name", "priority")
    options = tuple(sorted(entry.driver_opts.items()))
    return {**{key: _canonical(key, getattr(entry, key)) for key in keys}, "driver_opts": options}


def _entry(names: set[str], said: Mapping[str, Any]) -> Value:
    """The sorted names, then pairs of what is said besides: without any, the names alone."""
    return (*sorted(names), *((key, value) for key, value in said.items() if value))


def _canonical(key: str, value: Any) -> Value:
    if key not in _ADDRESSES or not value:
        return value
    return canonical_address(value) if isinstance(value, str) else tuple(sorted(map(canonical_address, value)))


def names_of(value: Value) -> list[str]:
    """The names that an entry gives."""
    return [part for part in value if isinstance(part, str)]


def options_of(value: Value) -> dict[str, Any]:
    """What an entry says besides names, by the keys of the stack file."""
    return dict(part for part in value if not isinstance(part, str))


def fixed_addresses(value: Value) -> frozenset[str]:
    """The addresses that only one container of a network can have."""
    return frozenset(
        address for key, address in options_of(value).items() if key in _ADDRESSES and isinstance(address, str)
    )


def endpoint(value: Value) -> Json:
    """The EndpointSettings that make a container's place in a network."""
    said = options_of(value)
    addresses = {
        wire: list(said[key]) if isinstance(said[key], tuple) else said[key]
        for key, wire in _ADDRESSES.items()
        if key in said
    }
    options = {
        **dict(said.get("driver_opts", ())),
        **({_INTERFACE: name} if (name := said.get("interface_name")) else {}),
    }
    return {
        "Aliases": names_of(value),
        **({"IPAMConfig": addresses} if addresses else {}),
        **({"MacAddress": said["mac_address"]} if "mac_address" in said else {}),
        **({"DriverOpts": options} if options else {}),
        **({"GwPriority": said["gw_priority"]} if "gw_priority" in said else {}),
    }


_ASKED = ("Aliases", "IPAMConfig", "Links", "DriverOpts", "GwPriority")


def endpoint_again(settings: Json) -> Json:
    """The EndpointSettings that take a container back to where an inspect shows it.

    A MAC address is none of it: the engine shows the same for one that was asked for and one that it chose.
    """
    return {key: settings[key] for key in _ASKED if settings.get(key) or key == "Aliases"}


def entry_of(settings: Json, not_names: Set[str] = frozenset()) -> Value:
    """The entry that the engine's EndpointSettings show, less names that nobody asked for."""
    wire = section(settings, "IPAMConfig")
    options = dict(section(settings, "DriverOpts"))
    aliases: list[str] = settings.get("Aliases") or []
    said = {key: _canonical(key, wire.get(name)) for key, name in _ADDRESSES.items()}
    said["mac_address"] = settings.get("MacAddress") or ""
    said["gw_priority"] = settings.get("GwPriority") or 0
    said["interface_name"] = options.pop(_INTERFACE, "")
    said["driver_opts"] = tuple(sorted(options.items()))
    return _entry(set(aliases) - not_names, said)


def less_macs(networks: Value) -> Value:
    """The attachments less their MAC addresses: one that the engine chose, Engine 28 another one at each start, looks
    like one that was asked for.
    """
    return tuple((key, tuple(part for part in entry if part[:1] != ("mac_address",))) for key, entry in networks)


def less_chosen(have: Value, want: Value, was: Value) -> Value:
    """Less the MAC addresses that the engine chose. What it does not show is as it was applied: the priorities, and the
    MAC address of a container that is in no network now.
    """
    wanted, then = dict(want), dict(was)
    return tuple((key, _as_shown(entry, wanted.get(key, ()), then.get(key, ()))) for key, entry in have)


def _as_shown(entry: Value, want: Value, was: Value) -> Value:
    have, asked, applied = options_of(entry), options_of(want), options_of(was)
    if not have.get("mac_address"):
        have["mac_address"] = applied.get("mac_address")
    elif "mac_address" not in asked and "mac_address" not in applied:
        del have["mac_address"]
    have["priority"] = applied.get("priority")
    keys = (*_ADDRESSES, "mac_address", "gw_priority", "interface_name", "priority", "driver_opts")
    return _entry(set(names_of(entry)), {key: have.get(key) for key in keys})


def effect_in_a_network(before: Value, after: Value) -> Effect:
    """A container joins and leaves networks while it runs. The order of joining is that of its making, and a MAC
    address, too: Engine 28 takes none for a container that is there.
    """
    sides = [options_of(value) for value in (before, after) if value is not None]
    order, fixed = {side.get("priority") for side in sides}, any("mac_address" in side for side in sides)
    return Effect.REPLACE if len(order) > 1 or (fixed and after is not None) else Effect.IN_PLACE


def has_fixed_mac(networks: Value) -> bool:
    """Whether one of these attachments asks for a MAC address."""
    return any("mac_address" in options_of(entry) for _, entry in networks)


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
    names, said = names_of(value), options_of(value)
    addresses = [one for key in _ADDRESSES for one in _listed(said.get(key, ()))]
    options = ", ".join(f"{name}={text}" for name, text in said.get("driver_opts", ()))
    further = {**said, "driver_opts": options}
    keys = ("mac_address", "priority", "gw_priority", "interface_name", "driver_opts")
    parts = [f"as {', '.join(names)}"] if names else []
    parts += [f"at {', '.join(addresses)}"] if addresses else []
    parts += [f"{key}={further[key]}" for key in keys if further.get(key)]
    return " ".join(["connected", *parts])


def _listed(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


NETWORKS = Kind(Attachments, _normal, same, same, str, keyed=True, show_entry=_show)
