"""The networks that a container is in, and the names that it has there."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from deployer.fields.field import Context, Json, Kind, Value, put, section
from deployer.fields.kinds import Model, same
from deployer.fields.parse import describe, listing, mapping, refusal

DEFAULT = "default"
"""The network of a service that names none."""


class Attachment(Model):
    """How a service is in one network."""

    aliases: tuple[str, ...] = Field(default=(), description="Further names of the service in this network.")

    @classmethod
    def later(cls) -> frozenset[str]:
        return frozenset(
            {
                "ipv4_address",
                "ipv6_address",
                "link_local_ips",
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


def _normal(written: dict[str, Attachment], context: Context) -> Value:
    """Sorted pairs of a network's key and the names that the service has there; its hostname is one by itself."""
    return tuple(
        sorted(
            (name, tuple(sorted({context.service, *entry.aliases} - ({context.hostname} - {context.service}))))
            for name, entry in written.items()
        )
    )


def endpoint(value: Value) -> Json:
    """The EndpointSettings that give a container its names in a network."""
    return {"Aliases": list(value)}


def write_networks(body: dict[str, Any], networks: Value, _written: Any, context: Context) -> None:
    """The first network goes with the create, the others are connected after: before API 1.44 only one fits."""
    key, value = networks[0]
    name = context.networks.get(key, key)
    put(body, "HostConfig.NetworkMode", name)
    put(body, "NetworkingConfig.EndpointsConfig", {name: endpoint(value)})


def read_networks(inspect: Json, context: Context) -> Value:
    """The networks that it is in, by the stack's keys where it names them.

    Engine 20.10 adds the short id to the names at the start, API below 1.45 the hostname too, Compose the container's
    name.
    """
    keys = {name: key for key, name in context.networks.items()}
    labels = section(inspect, "Config.Labels")
    own = {inspect["Id"][:12], inspect["Config"].get("Hostname", "")} - {labels.get("com.docker.compose.service")}
    if not any(label.startswith("io.deployer.") for label in labels):
        own.add(inspect["Name"].lstrip("/"))
    return tuple(
        sorted(
            (keys.get(name, name), tuple(sorted(set(settings.get("Aliases") or ()) - own)))
            for name, settings in section(inspect, "NetworkSettings.Networks").items()
        )
    )


def _show(_: str, value: Value) -> str:
    return f"as {', '.join(value)}" if value else "connected"


NETWORKS = Kind(Attachments, _normal, same, same, str, keyed=True, show_entry=_show)
