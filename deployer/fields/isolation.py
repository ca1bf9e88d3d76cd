"""The rows of what runs the container, and of what it shares with its host."""

from __future__ import annotations

from deployer.fields.field import Field
from deployer.fields.kinds import OPTIONS

ROWS: tuple[Field, ...] = (
    Field(
        name="annotations",
        kind=OPTIONS,
        engine="HostConfig.Annotations",
        unset=(),
        since="1.43",
        example=({"io.example.tier": "a"}, {"io.example.tier": "b", "io.example.more": "1"}),
        doc="Annotations for the runtime that runs the container (OCI).",
    ),
)
