"""The rows of how a container meets the outside: published ports, mounts, networks."""

from __future__ import annotations

from deployer.fields.attachments import NETWORKS, read_networks, write_networks
from deployer.fields.field import Effect, Field
from deployer.fields.mounts import MOUNTS, read_mounts, write_mounts
from deployer.fields.ports import PORTS, read_ports, write_ports

ROWS: tuple[Field, ...] = (
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
)
