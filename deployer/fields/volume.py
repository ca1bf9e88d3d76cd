"""The rows of a volume.

None can be changed on one that exists: it would have to be made anew, and its data would be lost.
"""

from __future__ import annotations

from deployer.fields.field import Field
from deployer.fields.kinds import LABELS, OPTIONS, TEXT

FIELDS: tuple[Field, ...] = (
    Field(
        name="driver",
        kind=TEXT,
        engine="Driver",
        unset="local",
        example=("local", "sshfs"),
        unproven="every driver but local is a plugin",
        doc="The volume driver; local unless set.",
    ),
    Field(
        name="driver_opts",
        kind=OPTIONS,
        engine="DriverOpts",
        inspect="Options",
        unset=(),
        example=(
            {"type": "tmpfs", "device": "tmpfs", "o": "size=8m"},
            {"type": "tmpfs", "device": "tmpfs", "o": "size=9m"},
        ),
        doc="Options for the driver.",
    ),
    Field(
        name="labels",
        kind=LABELS,
        engine="Labels",
        unset=(),
        example=({"tier": "a"}, {"tier": "b"}),
        doc="Labels of the volume.",
    ),
)
