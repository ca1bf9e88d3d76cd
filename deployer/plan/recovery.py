"""What a dead run left halfway, recognised by names, labels and states alone, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deployer.fields.container_names import SUCCESSOR
from deployer.fields.field import section
from deployer.plan import steps
from deployer.plan.draft import Draft
from deployer.plan.model import LEFT_SO, STATE, Action, Call, Cause, Change, FieldChange, Step
from deployer.resources.identity import revision_of
from deployer.resources.inspected import host_ports, taken_over
from deployer.resources.observed import Observed, ObservedContainer
from deployer.resources.records import AT_WORK, FAILED, INTERRUPTED, SUCCEEDED, Record
from deployer.resources.standing import Standing

DEAD = "its apply died"
_BECAME = {FAILED: "failed", INTERRUPTED: "was interrupted", AT_WORK: "has not ended"}
NEVER_BEGAN = "a run died before its command began"


def is_successor(container: ObservedContainer, observed: Observed) -> bool:
    """Whether a dead run left it beside its predecessor, which still is the real one."""
    return container.replaces != "" and any(other.id == container.replaces for other in observed.containers)


def is_half_done(container: ObservedContainer, observed: Observed) -> bool:
    """Whether it was never taken into service: a successor, or one that was never started."""
    return container.never_started or is_successor(container, observed)


def is_held(name: str, observed: Observed, container: ObservedContainer | None = None) -> bool:
    """Whether another container of the stack than this one has a name, and is none that a dead run left."""
    return any(
        each.name == name and (container is None or each.id != container.id) and not is_half_done(each, observed)
        for each in observed.containers
    )


def carried(service: str, number: int, observed: Observed) -> dict[str, str]:
    """The data that one which was never started has from a predecessor that is gone: it would be forgotten with it."""
    left = (each for each in observed.of_service(service) if each.never_started and each.number == number)
    return {target: name for each in left for target, name in taken_over(each.raw).items()}


def has_taken_over(container: ObservedContainer) -> bool:
    """Whether it is in service, whoever had its name before is gone, and only the name is missing."""
    return container.name.endswith(SUCCESSOR)


def plan_recovery(container: ObservedContainer, observed: Observed) -> Draft:
    """What was never taken into service goes."""
    runbook = steps.discard(container)
    why = NEVER_BEGAN if container.one_off else f"left by {_whose(_maker(container, observed), observed)}"
    change = Change(container.address, Action.RECOVER, why, steps=runbook, detail=f"remove {container.name}")
    networks = frozenset(section(container.raw, "NetworkSettings.Networks"))
    return Draft(change, leaves=networks, gives=host_ports(container.raw))


def as_it_was(container: ObservedContainer, observed: Observed) -> ObservedContainer:
    """The container as it stood before a dead run set it aside; that is what a replacement puts back if it fails too.

    What was done to it since counts: only one that is stopped is taken for stopped by that run, and only the policy
    that the run gave it for that.
    """
    was = _standing(container, observed)
    if was is None:
        return container
    stopped = container.status == "exited"
    return replace(
        container,
        status=was.status if stopped else container.status,
        health=was.health if stopped else container.health,
        values={**container.values, "restart": was.restart if _set_aside(container) else container.values["restart"]},
    )


def with_what_is_done(
    runbook: Iterable[Step], container: ObservedContainer, old: ObservedContainer
) -> tuple[Step, ...]:
    """The steps, of which a dead run has done those that set the container aside; `old` is as it was before."""
    done = {Call.STOP} if container.status != old.status else set[Call]()
    done |= {Call.LET_STOPPED_STAY} if container.values["restart"] != old.values["restart"] else set[Call]()
    return tuple(replace(step, done=step.target == old.id and step.call in done) for step in runbook)


def has_completed(container: ObservedContainer, observed: Observed) -> bool:
    """Whether it has ended well by itself: a program may do so, too, when a dead run asked it to stop."""
    return container.has_completed and as_it_was(container, observed).has_completed


def explained(fields: Iterable[FieldChange], container: ObservedContainer, observed: Observed) -> list[FieldChange]:
    """The fields, with a word at those that differ only because an apply that failed or died set the container aside,
    or made it and left it as it failed.
    """
    found = list(fields)
    if not found:
        return found
    was = as_it_was(container, observed)
    left = {STATE} if was.status != container.status else set[str]()
    left |= {"restart"} if was.values["restart"] != container.values["restart"] else set[str]()
    left |= {"name"} if has_taken_over(container) else set[str]()
    maker = _maker(container, observed)
    left |= {STATE} if maker and container.address not in maker.resources else set[str]()
    successor = next((other for other in observed.containers if other.replaces == container.id), None)
    by = _maker(successor, observed) if successor else _last_without_success(observed) if left else None
    note = f"{LEFT_SO}{_whose(by or maker, observed)}"
    is_aside = successor is not None or was is not container
    return [
        replace(change, note=note) if change.field in left or (is_aside and _has_left(change)) else change
        for change in found
    ]


def _has_left(change: FieldChange) -> bool:
    """Whether it is a network that the container is not in: one that is set aside leaves those that are made anew."""
    return change.field.startswith("networks.") and change.before is None and change.causes == (Cause.DRIFT,)


def left_gone(address: str, observed: Observed) -> str:
    """A word at a network that is gone where the last apply, which did not succeed, was to make it anew; else ""."""
    last = observed.records.newest
    if last is None or last.result == SUCCEEDED or not address.startswith("network."):
        return ""
    lines = last.about.changes or last.about.change.split("; ")
    return f"{LEFT_SO}{_whose(last, observed)}" if any(address in line.split() for line in lines) else ""


def _maker(container: ObservedContainer, observed: Observed) -> Record | None:
    """The record of the revision that made a container, where it did not succeed."""
    revision = revision_of(section(container.raw, "Config.Labels"))
    return next((each for each in _without_success(observed) if each.revision == revision), None)


def _last_without_success(observed: Observed) -> Record | None:
    return next(reversed(_without_success(observed)), None)


def _without_success(observed: Observed) -> list[Record]:
    return [record for record in observed.records.all if record.result != SUCCEEDED]


def _whose(record: Record | None, observed: Observed) -> str:
    """Whose doing something is that nobody meant to stay."""
    if record is None:
        return "an apply that died"
    became = _BECAME.get(observed.records.result_of(record), "died")
    return f"the apply of revision {record.revision}, which {became}"


def _standing(container: ObservedContainer, observed: Observed) -> Standing | None:
    """What the dead run's successor says of it; where that is gone, the policy tells as much as it can."""
    for other in observed.containers:
        if other.replaces == container.id and other.predecessor:
            return other.predecessor
    applied = _applied_policy(container, observed)
    if _set_aside(container) and container.status == "exited" and applied.startswith(steps.COMES_BACK):
        return Standing("running", applied)
    return None


def _set_aside(container: ObservedContainer) -> bool:
    return container.values["restart"] == steps.STAYS_STOPPED


def _applied_policy(container: ObservedContainer, observed: Observed) -> str:
    updated = observed.records.updates.get(container.id, {})
    asked = {**(container.applied.fields if container.applied else {}), **updated}
    return str(asked.get("restart") or "no")
