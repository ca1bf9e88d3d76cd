"""The rows of a network."""

from __future__ import annotations

from deployer.fields.field import Field
from deployer.fields.kinds import LABELS, OPTIONS, TEXT

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
        name="labels",
        kind=LABELS,
        engine="Labels",
        unset=(),
        example=({"tier": "a"}, {"tier": "b"}),
        doc="Labels of the network.",
    ),
)
