"""How much data goes with a plan: asked for where people are to see it, and where any goes at all."""

from __future__ import annotations

from dataclasses import replace

from deployer.errors import DeployerError
from deployer.plan.model import Plan
from deployer.reconcile.protocol import Reader


def with_sizes(reader: Reader, plan: Plan) -> Plan:
    """The plan with the sizes of the volumes that go, by one request; without one where none does."""
    if not any(change.loses for change in plan.changes):
        return plan
    sizes = _sizes(reader)
    changes = (
        replace(each, loses=tuple(replace(lost, size=sizes.get(lost.volume)) for lost in each.loses))
        for each in plan.changes
    )
    return replace(plan, changes=tuple(changes))


def _sizes(reader: Reader) -> dict[str, int]:
    """In bytes, by name, of those that the engine can measure: of another driver's it says -1 (UsageData)."""
    try:
        listed = reader.disk_usage("volume").get("Volumes") or ()
    except DeployerError:  # it takes too long
        return {}
    used = ((each["Name"], (each.get("UsageData") or {}).get("Size", -1)) for each in listed)
    return {name: size for name, size in used if size >= 0}
