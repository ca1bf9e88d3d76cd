"""How a container is waited for: until it is ready, or has completed."""

from __future__ import annotations

from deployer.plan import steps
from deployer.plan.model import Call, Step
from deployer.resources.desired import DesiredService
from deployer.resources.observed import ObservedContainer

SECOND = 1_000_000_000


def await_ready(service: DesiredService, target: str, *, fresh: bool, name: str = "") -> Step:
    """The step that waits; of what a wait needs to know, `Wait` tells."""
    if service.completes:
        return Step(Call.AWAIT_COMPLETED, target, steps.Wait(service=service.name), name=name)
    monitor = 0 if fresh else _monitor(service)
    return Step(Call.AWAIT_READY, target, steps.Wait(monitor, service.may_exit, fresh, service.name), name=name)


def await_signalled(service: DesiredService, container: ObservedContainer, signalled: steps.Signalled) -> Step:
    """The step that waits for a living container that was sent a signal."""
    if service.completes:
        return await_ready(service, container.id, fresh=False, name=container.name)
    restarts: int = container.raw.get("RestartCount", 0)
    wait = steps.Wait(_monitor(service), service.may_exit, service=service.name, restarts=restarts, signalled=signalled)
    detail = f"(started again if {signalled.signal} ends it)"
    return Step(Call.AWAIT_READY, container.id, wait, detail=detail, name=container.name)


def _monitor(service: DesiredService) -> int:
    return SECOND if service.monitor is None else service.monitor
