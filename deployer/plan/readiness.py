"""How a container is waited for: until it is ready, or has completed."""

from __future__ import annotations

from deployer.plan import steps
from deployer.plan.model import Call, Step
from deployer.resources.desired import DesiredService

SECOND = 1_000_000_000


def await_ready(service: DesiredService, target: str, *, fresh: bool, name: str = "") -> Step:
    """The step that waits; of what a wait needs to know, `Wait` tells."""
    if service.completes:
        return Step(Call.AWAIT_COMPLETED, target, steps.Wait(service=service.name), name=name)
    monitor = 0 if fresh else SECOND if service.monitor is None else service.monitor
    wait = steps.Wait(monitor, service.may_exit, fresh, service.name, service.checked_at)
    return Step(Call.AWAIT_READY, target, wait, name=name)
