"""Which revision applied what a container has: seldom the last one, which may have failed, or left it alone."""

from __future__ import annotations

from deployer.fields.field import section
from deployer.resources.identity import revision_of
from deployer.resources.observed import ObservedContainer
from deployer.resources.records import DIED, Records

_ABSENT = object()


def made_by(container: ObservedContainer) -> int:
    """The revision that made a container; 0 where nothing tells."""
    return revision_of(section(container.raw, "Config.Labels")) or 0


def revision_of_row(container: ObservedContainer, records: Records, row: str) -> int:
    """The revision that made a container, or that has changed a row of it in place since; 0 where nothing tells.

    Each record keeps what those before it have changed in place: where the oldest that is left has it, too, an older
    one may have done it.
    """
    updated = records.updates.get(container.id, {})
    if row not in updated:
        return made_by(container)
    by = 0
    for record in (each for each in reversed(records.all) if each.result not in ("", DIED)):
        if record.updates.get(container.id, {}).get(row, _ABSENT) != updated[row]:
            return by
        by = record.revision
    return 0
