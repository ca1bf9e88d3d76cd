"""Removing containers that are there, by hand, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from deployer.errors import raise_if_any
from deployer.plan import guard
from deployer.plan.containers import plan_removal
from deployer.plan.draft import Draft
from deployer.plan.model import Plan
from deployer.plan.protection import protected_volumes
from deployer.plan.recovery import is_half_done
from deployer.plan.start_stop import ASKED
from deployer.plan.whole import abandoned, left_alone, plan_of
from deployer.resources.desired import Desired
from deployer.resources.inspected import dependencies_on_label
from deployer.resources.observed import Observed, ObservedContainer


@dataclass(frozen=True, slots=True)
class Removal:
    """Of which services, of all where none is named. `running` ones are stopped for it, `data` takes volumes without a
    name along.
    """

    services: tuple[str, ...] = ()
    running: bool = False
    data: bool = False


def plan_rm(desired: Desired, observed: Observed, wish: Removal) -> Plan:
    """The removal of the services' containers that do not run, one-offs among them.

    Raises InvalidStack where the stack's name is another origin's.
    """
    raise_if_any(guard.another_origin(desired.stack, desired.origin, desired.folder, observed))
    drafts = list(_drafts(desired, observed, wish))
    if drafts:
        drafts += abandoned(observed)
    alone = left_alone(desired, observed, {draft.change.address for draft in drafts})
    return plan_of(desired.stack, desired.origin, observed, drafts, [], {}, (), alone)


def _drafts(desired: Desired, observed: Observed, wish: Removal) -> Iterator[Draft]:
    protected = protected_volumes(desired.volumes.values(), observed, lambda *_: None)
    for container in (*observed.containers, *observed.one_offs):
        if wish.services and container.service not in wish.services:
            continue
        half_done = not container.one_off and is_half_done(container, observed)
        if not half_done and (wish.running or not container.is_alive):
            draft = plan_removal(container, ASKED, data=wish.data, protected=protected)
            draft.waits_for = dependencies_on_label(container)
            draft.change = replace(draft.change, detail=_detail(container, desired, draft.change.detail))
            yield draft


def _detail(container: ObservedContainer, desired: Desired, detail: str) -> str:
    """Its container is the evidence that a one-shot ran."""
    service = desired.services.get(container.service)
    again = service and service.may_exit and container.has_completed and not container.one_off
    return "; ".join(filter(None, (detail, "it has completed: the next apply runs it again" if again else "")))
