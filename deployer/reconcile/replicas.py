"""Which replica it is that something is told of."""

from __future__ import annotations

import re
from dataclasses import replace

from deployer.errors import Diagnostic
from deployer.plan.model import Plan


def of_replica(told: Diagnostic, address: str, plan: Plan) -> Diagnostic:
    """What is told of a service, with the number of the replica at that address where it has more than one: of two
    that fail alike, each is told.
    """
    addresses = {*(change.address for change in plan.changes), *plan.unchanged}
    replicas = {each for each in addresses if told.address and each.startswith(f"{told.address}[")}
    if len(replicas) < 2 or address not in replicas:
        return told
    name, replica = (each.removeprefix("service.") for each in (told.address, address))
    return replace(told, address=address, message=re.sub(rf"^{re.escape(name)}(?= )", replica, told.message))
