"""How many containers a service has, and nothing that they are: what of a plan is about the number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from deployer.errors import Diagnostic
from deployer.plan import steps
from deployer.plan.draft import Draft
from deployer.plan.model import Action, Call, Change
from deployer.plan.readiness import await_ready
from deployer.resources.desired import DesiredService
from deployer.resources.inspected import host_ports
from deployer.resources.observed import ObservedContainer

_OF_THE_NUMBER = (Action.CREATE, Action.REMOVE, Action.START, Action.UNPAUSE)
"""Those that come, those that go, and those that are there and do not run."""


def counted(planned: Iterable[Draft | str], service: DesiredService) -> Iterator[Draft | str]:
    """What of a service's plan is about the number: one that is to be replaced and does not run is only started."""
    for each in planned:
        if not isinstance(each, Draft) or each.change.action in _OF_THE_NUMBER:
            yield each
        elif each.old and _is_to_run(each.old, service):
            yield _started(each.old, service)


def _is_to_run(container: ObservedContainer, service: DesiredService) -> bool:
    return container.status in ("exited", "paused") and not (container.has_completed and service.may_exit)


def _started(container: ObservedContainer, service: DesiredService) -> Draft:
    wait = await_ready(service, container.id, fresh=True, name=container.name)
    runbook = steps.start(container, wait)
    change = Change(container.address, steps.start_is(container), "it counts when it runs", steps=runbook)
    return Draft(change, service, container.number, container, takes=host_ports(container.raw))


def differing(planned: Iterable[Draft | str]) -> list[str]:
    """The addresses of what is not as the file has it, and stays so."""
    return [
        each.change.address for each in planned if isinstance(each, Draft) and each.change.action not in _OF_THE_NUMBER
    ]


def needed(drafts: Sequence[Draft]) -> list[Draft]:
    """Images, networks and volumes are for containers that are made."""
    if any(draft.has(Call.CREATE) for draft in drafts):
        return list(drafts)
    return [draft for draft in drafts if draft.old or draft.change.action is Action.RECOVER]


def left(address: str) -> Diagnostic:
    """That only the number is looked after."""
    message = f"{address} is not as the file has it, and stays as it is"
    hint = "deployer plan shows how it differs, and apply mends it"
    return Diagnostic("scale-only", message, address=address, hint=hint)
