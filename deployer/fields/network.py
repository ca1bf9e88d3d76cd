"""The rows of a network."""

from __future__ import annotations

from deployer.fields.field import Context, Field, Json, Value
from deployer.fields.ipam import IPAM, less_filled
from deployer.fields.kinds import FLAG, LABELS, OPTIONS, TEXT


def read_ipv4(inspect: Json, _: Context) -> Value:
    """An engine that does not know it has IPv4 in every network."""
    return inspect.get("EnableIPv4", True)


FIELDS: tuple[Field, ...] = (
    Field(
        name="driver",
        kind=TEXT,
        engine="Driver",
        unset="bridge",
        example=("bridge", "macvlan"),
        unproven="the other drivers need a kernel module, a swarm or a plugin",
        doc="The network driver; bridge unless set.",
    ),
    Field(
        name="driver_opts",
        kind=OPTIONS,
        engine="Options",
        unset=(),
        example=({"com.docker.network.bridge.enable_icc": "true"}, {"com.docker.network.bridge.enable_icc": "false"}),
        doc="Options for the driver.",
    ),
    Field(
        name="ipam",
        kind=IPAM,
        engine="IPAM",
        unset=(),
        fills=less_filled,
        example=(
            {"config": [{"subnet": "10.243.17.0/25"}]},
            {
                "config": [
                    {
                        "subnet": "10.243.17.128/25",
                        "ip_range": "10.243.17.192/26",
                        "gateway": "10.243.17.129",
                        "aux_addresses": {"printer": "10.243.17.131"},
                    }
                ]
            },
        ),
        doc="Where it takes its addresses from: subnets with range, gateway and reserved addresses, driver, options.",
    ),
    Field(
        name="internal",
        kind=FLAG,
        engine="Internal",
        unset=False,
        example=(True, False),
        doc="Whether nothing outside of it can be reached from it.",
    ),
    Field(
        name="attachable",
        kind=FLAG,
        engine="Attachable",
        unset=False,
        example=(True, False),
        doc="Whether containers that are no services can join it, where a swarm has it.",
    ),
    Field(
        name="labels",
        kind=LABELS,
        engine="Labels",
        unset=(),
        example=({"tier": "a"}, {"tier": "b"}),
        doc="Labels of the network.",
    ),
    Field(
        name="enable_ipv4",
        kind=FLAG,
        engine="EnableIPv4",
        read=read_ipv4,
        unset=True,
        since="1.48",
        example=(False, True),
        needs={"enable_ipv6": True},
        doc="Whether its containers have IPv4 addresses; true unless set.",
    ),
    Field(
        name="enable_ipv6",
        kind=FLAG,
        engine="EnableIPv6",
        unset=False,
        example=(True, False),
        needs={"ipam": {"config": [{"subnet": "fd5a:9f1e:77::/64"}]}},
        doc="Whether its containers have IPv6 addresses. Engine 20.10 wants an IPv6 subnet in `ipam` for it.",
    ),
)
