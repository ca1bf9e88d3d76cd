"""The rows of a service's container.

Each is one thing that a service can say; see `field.py` for what the columns mean. A module holds the rows of one idea.
"""

from __future__ import annotations

from deployer.fields import (
    blkio,
    copies,
    cpu,
    gpus,
    isolation,
    limits,
    links,
    memory,
    names,
    outside,
    platform,
    process,
    program,
    security,
    volumes_from,
)
from deployer.fields.field import Field

IMAGE = program.IMAGE

FIELDS: tuple[Field, ...] = (
    *program.ROWS,
    platform.PLATFORM,
    *outside.ROWS,
    *links.ROWS,
    *volumes_from.ROWS,
    *copies.ROWS,
    *names.ROWS,
    *process.ROWS,
    *security.ROWS,
    *cpu.ROWS,
    *memory.ROWS,
    *limits.ROWS,
    *blkio.ROWS,
    *gpus.ROWS,
    *isolation.ROWS,
)
"""Every row. The order is that of the reference page and of a plan's lines."""

BY_NAME = {field.name: field for field in FIELDS}
