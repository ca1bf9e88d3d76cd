"""Starting, stopping, pausing what is there, and the like, and nothing else of it: no field of a container changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deployer.errors import NOTHING_TOUCHED, Diagnostic, raise_if_any
from deployer.fields.namespaces import owners
from deployer.plan import guard, steps
from deployer.plan.contents import taken_up
from deployer.plan.differences import Facts
from deployer.plan.draft import Draft
from deployer.plan.model import Action, Call, Change, Plan, Step
from deployer.plan.owners import owners_first
from deployer.plan.readiness import await_ready
from deployer.plan.recovery import is_half_done
from deployer.plan.staying import await_what_stays
from deployer.plan.whole import abandoned, left_alone, plan_of
from deployer.resources.as_read import salted
from deployer.resources.desired import Desired, DesiredService
from deployer.resources.inspected import dependencies_on_label, host_ports, needed_to_start
from deployer.resources.observed import Observed, ObservedContainer
from deployer.stack.service import COMPLETED


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of the services named, of all of the stack where none is: START, STOP, RESTART, KILL, PAUSE or
    UNPAUSE.

    `grace` is how many seconds a container has to stop; None leaves its own. `signal` is what KILL sends.
    """

    action: Action
    services: Collection[str] = ()
    grace: int | None = None
    signal: str = "SIGKILL"


ASKED = "asked for"
FOLLOWS = "it follows one that is"


def plan_start_stop(desired: Desired, observed: Observed, wish: Wish) -> Plan:
    """What is started, stopped, restarted, killed, paused or unpaused.

    A start takes along what the services depend on, where that is down; a restart, what is in a namespace of one of
    them, and would have none left, and what is to start anew with them. What was never started is left to an apply: it
    may lack its networks or secrets.

    Where no service is named, what has completed its work is left alone: it would run again. Raises InvalidStack where
    the stack's name is another origin's, and where what is to start anew mounts what is not there any more.
    """
    raise_if_any(guard.another_origin(desired.stack, desired.origin, desired.folder, observed))
    desired = salted(desired, observed.records.salt)
    facts = Facts(desired, observed, {}, frozenset(), lambda *_: None, observed.records.revision + 1, {})
    reasons = _reasons(desired, observed, wish)
    meant = (each for each in observed.containers if each.service in reasons and not is_half_done(each, observed))
    drafts = [draft for each in meant if (draft := _planned(each, desired, wish, reasons[each.service]))]
    drafts = await_what_stays(drafts, facts)
    if drafts:
        drafts += abandoned(observed)
    raise_if_any(_cannot_start(drafts, observed))
    changed = {draft.change.address for draft in drafts}
    alone = left_alone(desired, observed, changed)
    return plan_of(desired.stack, desired.origin, observed, drafts, [], {}, (), alone)


def _cannot_start(drafts: Sequence[Draft], observed: Observed) -> Iterator[Diagnostic]:
    for draft in drafts:
        found, change = draft.old, draft.change
        if found and change.action in (Action.START, Action.RESTART):
            for path in sorted(needed_to_start(found.raw) & observed.missing_paths):
                yield Diagnostic(
                    "bind-source-missing",
                    f"{found.name} mounts {path}, which is not there any more: it would not start again",
                    hint="make it; or change the mount in the stack file, and apply",
                    address=change.address,
                    notes=(NOTHING_TOUCHED,),
                )


def _reasons(desired: Desired, observed: Observed, wish: Wish) -> Mapping[str, str]:
    """Each service that the wish is about, with why."""
    reasons = dict.fromkeys(wish.services or {each.service for each in observed.containers if each.service}, ASKED)
    if wish.action is Action.RESTART:
        for service in owners_first(desired.services):
            if any(reasons.get(name) in (ASKED, FOLLOWS) for name in _restarts_with(service)):
                reasons.setdefault(service.name, FOLLOWS)
    waiting = list(reasons) if wish.action in (Action.START, Action.RESTART) else []
    while waiting:
        name = waiting.pop()
        service = desired.services.get(name)
        for target, condition in service.depends_on.items() if service else ():
            if target not in reasons and condition != COMPLETED:
                reasons[target] = f"{name} depends on it"
                waiting.append(target)
    return reasons


def _restarts_with(service: DesiredService) -> set[str]:
    """Those whose mounts it has are no reason: it keeps these."""
    joined = {name for _, kind, name in owners(service.asked) if kind == "service"}
    return joined | service.restarts_with


def _planned(container: ObservedContainer, desired: Desired, wish: Wish, reason: str) -> Draft | None:
    """What becomes of a container that the wish is about; None where it is as is wished."""
    service = desired.services.get(container.service)
    if not wish.services and container.has_completed and service and service.may_exit:
        return None
    match wish.action:
        case Action.STOP:
            return _rest(container, service, Call.STOP, wish) if container.is_alive else None
        case Action.KILL:
            return _rest(container, service, Call.KILL, wish) if container.is_alive else None
        case Action.PAUSE:
            return _rest(container, service, Call.PAUSE, wish) if container.status == "running" else None
        case Action.UNPAUSE:
            return _start(container, service, reason) if container.status == "paused" else None
        case Action.RESTART if container.is_alive:
            return _restart(container, service, reason) if reason in (ASKED, FOLLOWS) else None
        case _:
            return None if container.is_up else _start(container, service, reason)


def _start(container: ObservedContainer, service: DesiredService | None, reason: str) -> Draft:
    runbook = steps.start(container, _wait(container, service))
    updates = _updates(container, service)
    change = Change(container.address, steps.start_is(container), reason, steps=runbook, updates=updates)
    return _draft(change, container, service)


def _updates(
    container: ObservedContainer, service: DesiredService | None
) -> tuple[str, Mapping[str, Mapping[str, str]]] | None:
    """What it has taken up of mounted files once it has started; one that only goes on takes up nothing."""
    found = taken_up(service) if service and container.status != "paused" else {}
    return (container.id, found) if found else None


def _restart(container: ObservedContainer, service: DesiredService | None, reason: str) -> Draft:
    """One call of the engine's: who is killed beside it leaves no container stopped."""
    again = Step(Call.RESTART, container.id, name=container.name)
    runbook = (again, _wait(container, service))
    change = Change(container.address, Action.RESTART, reason, steps=runbook, updates=_updates(container, service))
    return _draft(change, container, service)


def _rest(container: ObservedContainer, service: DesiredService | None, call: Call, wish: Wish) -> Draft:
    payload = {Call.STOP: wish.grace, Call.KILL: wish.signal}.get(call)
    step = Step(call, container.id, payload, name=container.name)
    return _draft(Change(container.address, wish.action, ASKED, steps=(step,)), container, service)


def _wait(container: ObservedContainer, service: DesiredService | None) -> Step:
    """An orphan has nobody who says that it may end."""
    if service:
        return await_ready(service, container.id, fresh=True, name=container.name)
    wait = steps.Wait(may_exit=True, fresh=True, service=container.service)
    return Step(Call.AWAIT_READY, container.id, wait, name=container.name)


def _draft(change: Change, container: ObservedContainer, service: DesiredService | None) -> Draft:
    depends_on = service.depends_on if service else dependencies_on_label(container)
    ports = host_ports(container.raw) if change.action is Action.START else frozenset[tuple[str, int, str]]()
    return Draft(change, service, container.number, container, takes=ports, waits_for=depends_on)
