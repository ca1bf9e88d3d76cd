"""Waits for what does not change: it may still be on its way."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from deployer.plan import steps
from deployer.plan.differences import Facts
from deployer.plan.draft import STARTS, Draft
from deployer.plan.model import Call, Step
from deployer.plan.recovery import is_half_done
from deployer.stack.service import COMPLETED, HEALTHY


def on_their_way(facts: Facts, unchanged: Collection[str]) -> list[Step]:
    """A wait for each container that stays as it is, and is not ready yet. Nothing waits for these waits: what they are
    for may need what this plan is to start.
    """
    waits: list[Step] = []
    for container in facts.observed.containers:
        service = facts.desired.services.get(container.service)
        if service and container.address in unchanged and container.is_up:
            call = Call.AWAIT_COMPLETED if service.completes else Call.AWAIT_READY
            if service.completes or container.health not in ("", "healthy"):
                wait = steps.Wait(service=service.name)
                waits.append(Step(call, container.id, wait, name=container.name))
    return waits


def await_what_stays(drafts: list[Draft], facts: Facts) -> list[Draft]:
    """A dependency that does not change is waited for too, where it must be healthy or have completed: it may still be
    on its way.
    """
    starting = [draft for draft in drafts if draft.has(*STARTS)]
    started = {draft.service.name for draft in starting if draft.service}
    for draft in starting:
        stays = {target: said for target, said in draft.waits_for.items() if target not in started}
        waits = [step for target, said in stays.items() for step in _waits_for(target, said, facts)]
        draft.change = replace(draft.change, steps=(*waits, *draft.change.steps))
    return drafts


def _waits_for(service: str, condition: str, facts: Facts) -> Iterator[Step]:
    call = {HEALTHY: Call.AWAIT_READY, COMPLETED: Call.AWAIT_COMPLETED}.get(condition)
    if call is None or service not in facts.desired.services:
        return
    for found in facts.observed.of_service(service):
        if not is_half_done(found, facts.observed) and (condition != COMPLETED or found.is_up):
            wait = steps.Wait(service=service)
            yield Step(call, found.id, wait, name=found.name)
