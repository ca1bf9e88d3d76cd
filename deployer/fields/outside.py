"""The rows of how a container meets the outside: ports, mounts, devices, networks."""

from __future__ import annotations

from deployer.fields import mounts
from deployer.fields.attachments import (
    NETWORKS,
    effect_in_a_network,
    less_chosen,
    parts_since,
    read_networks,
    write_networks,
)
from deployer.fields.devices import DEVICES, by_name, read_devices, write_devices
from deployer.fields.exposed import EXPOSED, beside_image_and_ports, read_exposed, write_exposed
from deployer.fields.field import Field
from deployer.fields.kinds import FLAG
from deployer.fields.mac import ROW as MAC_ADDRESS
from deployer.fields.mounts import MOUNTS, less_declared, read_mounts, write_mounts
from deployer.fields.namespaces import IPC, NETWORK_MODE, PID
from deployer.fields.ports import PORTS, read_ports, write_ports
from deployer.fields.tmpfs import TMPFS

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
        name="expose",
        kind=EXPOSED,
        engine="ExposedPorts",
        inspect="Config.ExposedPorts",
        write=write_exposed,
        read=read_exposed,
        unset=frozenset(),
        image=beside_image_and_ports,
        example=(["3000"], [3001, "53/udp"]),
        doc="Ports that it listens on, for people and programs to know; nothing is published by it.",
    ),
    Field(
        name="publish_all",
        kind=FLAG,
        engine="HostConfig.PublishAllPorts",
        unset=False,
        example=(True, False),
        needs={"expose": ["7003"]},
        doc="Publish every port that it or its image exposes, each on a random port of the host: `docker run -P`.",
    ),
    Field(
        name="volumes",
        kind=MOUNTS,
        engine="HostConfig.Mounts",
        inspect="Mounts",
        write=write_mounts,
        read=read_mounts,
        unset=(),
        fills=less_declared,
        parts_since=mounts.parts_since,
        example=(["/usr:/mnt/a:ro"], ["/usr:/mnt/a"]),
        doc="Volumes, folders of the host (relative to the stack file) and tmpfs, each with its target.",
    ),
    Field(
        name="tmpfs",
        kind=TMPFS,
        engine="HostConfig.Tmpfs",
        unset=(),
        example=("/scratch:size=64m,mode=1777", ["/scratch:size=32m", "/more"]),
        doc="Folders that are memory, each with its options: size, mode, uid, gid, exec and the like.",
    ),
    Field(
        name="devices",
        kind=DEVICES,
        engine="HostConfig.Devices",
        write=write_devices,
        read=read_devices,
        parts_since=by_name,
        unset=(),
        example=(["/dev/null:/dev/xnull:rwm"], [{"source": "/dev/zero", "target": "/dev/xnull", "permissions": "r"}]),
        doc="Devices of the host that it may use: `source:target:permissions`, or a CDI name, `vendor.com/class=name`.",
    ),
    Field(
        name="networks",
        kind=NETWORKS,
        engine="NetworkingConfig.EndpointsConfig",
        inspect="NetworkSettings.Networks",
        write=write_networks,
        read=read_networks,
        unset=(),
        fills=less_chosen,
        parts_since=parts_since,
        effect=effect_in_a_network,
        example=({"default": {"aliases": ["a"]}}, {"default": {"aliases": ["b"]}}),
        doc="The networks that it joins, with further names for it there. Unless said, the stack's default network.",
    ),
    MAC_ADDRESS,
    NETWORK_MODE,
    IPC,
    PID,
)
