"""The plan of a stack for an engine on which nothing is, or what the test puts there."""

from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from deployer.fields.container import FIELDS
from deployer.plan.model import Change, Plan
from deployer.plan.planner import Options, make_plan
from deployer.resources.from_stack import desired
from deployer.resources.observed import Observed, ObservedContainer, ObservedThing
from deployer.resources.records import Records
from deployer.resources.wire import EngineInfo
from tests.stack.several import stack_of

NOTHING = Observed(EngineInfo("unix:///x", "28.5.2", "1.51"), (), {}, {}, {}, {}, {}, Records(salt="salt"))


def plan_of(text: str | dict[str, Any], there: Observed = NOTHING, **variables: str) -> Plan:
    """The plan of a stack file that is called shop."""
    written = text if isinstance(text, str) else json.dumps(text)
    stack = stack_of({"stack.yaml": written}, variables=variables, name="shop")
    return make_plan(desired(stack, "", {}), there, stack.place, Options())


def changes_of(plan: Plan) -> dict[str, Change]:
    return {change.address: change for change in plan.changes}


def with_volumes(*keys: str, there: Observed = NOTHING) -> Observed:
    """An engine that has volumes of the stack."""
    values = {"driver": "local", "driver_opts": (), "labels": ()}
    made = {f"shop_{key}": ObservedThing(key, f"shop_{key}", key, True, None, values, None, {}) for key in keys}
    return replace(there, volumes={**there.volumes, **made})


def with_container(container: ObservedContainer, there: Observed = NOTHING, **values: Any) -> Observed:
    """An engine that has a container of the stack, with other values of its rows."""
    unset = {row.name: row.unset for row in FIELDS}
    seen = replace(container, values=MappingProxyType({**unset, **container.values, **values}))
    return replace(there, containers=(*there.containers, seen))
