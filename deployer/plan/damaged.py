"""What deployer kept on the engine and can no longer read: it is treated as unknown, and that is said."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.errors import Diagnostic
from deployer.resources.identity import APPLIED
from deployer.resources.observed import Observed


def damaged(observed: Observed) -> Iterator[Diagnostic]:
    """Each label and record that was edited, cut off, or written by a later version."""
    containers = [("container", each.name, each.damaged, each.address) for each in observed.containers]
    for section, things in (("network", observed.networks), ("volume", observed.volumes)):
        ours = (each for each in things.values() if each.ours)
        containers += [(section, each.name, each.damaged, f"{section}.{each.key or each.name}") for each in ours]
    for kind, name, labels, address in containers:
        for label in labels:
            yield Diagnostic(
                "label-damaged",
                f"the {kind} {name} has a label that cannot be read: {label}",
                address=address,
                hint=_CAUSES if label == APPLIED else _ANEW,
            )
    for record in observed.records.all:
        if record.damaged and record.revision >= observed.records.ended.revision:
            yield Diagnostic(
                "record-damaged",
                f"the record of revision {record.revision} cannot be read ({', '.join(record.volumes)})",
                hint="what it said is unknown, and so may causes be; the next apply writes one anew",
            )


_CAUSES = "why something differs is unknown until it is made anew: `deployer apply --replace SERVICE`"
_ANEW = "what it said is treated as unknown; a replacement writes it anew"
