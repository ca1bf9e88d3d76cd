"""Containers in the network of another one: what becomes of them when that one is made or started anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from deployer.fields.field import Effect
from deployer.fields.namespaces import joined, owner
from deployer.plan.draft import Draft
from deployer.plan.model import Action, Call, Cause, FieldChange
from deployer.plan.recovery import is_half_done
from deployer.resources.desired import DesiredService
from deployer.resources.identity import SUCCESSOR, container_name
from deployer.resources.inspected import moment
from deployer.resources.observed import Observed, ObservedContainer


@dataclass(frozen=True, slots=True)
class Owner:
    """A container whose network others join.

    `reference` is how a create body names it; `id` is "" where this plan makes it anew, `started_at` where it starts
    it.
    """

    reference: str
    id: str = ""
    started_at: str = ""


def owners_first(services: Mapping[str, DesiredService]) -> Iterator[DesiredService]:
    """The services, each after the one whose network it joins."""
    seen: set[str] = set()

    def visit(name: str) -> Iterator[DesiredService]:
        if name in seen or name not in services:
            return
        seen.add(name)
        kind, target = owner(services[name].asked["network_mode"])
        if kind == "service":
            yield from visit(target)
        yield services[name]

    for name in services:
        yield from visit(name)


def owner_after(service: DesiredService, planned: Iterable[Draft | str], stack: str, observed: Observed) -> Owner:
    """The container of a service as it will be when this plan is carried out."""
    draft = next(
        (each for each in planned if isinstance(each, Draft) and each.change.action is not Action.REMOVE), None
    )
    if draft is None:
        return _living(service.name, stack, observed)
    found = draft.old
    if draft.change.action in (Action.CREATE, Action.REPLACE):
        name = container_name(stack, service.name, draft.number)
        return Owner(name + SUCCESSOR if draft.change.action is Action.REPLACE else name)
    if found is None:
        return Owner(container_name(stack, service.name, 1))
    return Owner(found.id, found.id, "" if draft.has(Call.START) else found.started_at)


def _living(service: str, stack: str, observed: Observed) -> Owner:
    there = (each for each in observed.of_service(service) if not is_half_done(each, observed))
    found = next(there, None)
    return Owner(found.id, found.id, found.started_at) if found else Owner(container_name(stack, service, 1))


def owner_of(service: DesiredService, owners: Mapping[str, Owner], observed: Observed, stack: str) -> Owner | None:
    """The container whose network a service joins, the one that is there where none was planned; None where it joins
    none.
    """
    kind, name = owner(service.asked["network_mode"])
    if kind == "service":
        return owners[name] if name in owners else _living(name, stack, observed)
    neighbour = observed.neighbours.get(name) if kind == "container" else None
    return Owner(name, neighbour.id, neighbour.started_at) if neighbour else None


def namespace_change(
    service: DesiredService, container: ObservedContainer, owner: Owner | None
) -> Iterator[FieldChange]:
    """A container has no network left once its owner is another one or was started anew (Engine 20.10 and 28): it keeps
    the id of the one, and can join the other by a start.
    """
    mode = service.asked["network_mode"]
    done = container.has_completed and service.may_exit
    if owner is None or done or container.values["network_mode"] != mode:
        return
    change = FieldChange("network_mode", mode, f"{mode} (made anew)", (Cause.DEPENDENCY,), Effect.REPLACE)
    if owner.id != joined(container.raw):
        yield replace(change, note="whose network it is in is gone" if owner.id else "")
    elif container.is_alive and _started_since(owner, container):
        after, note = f"{mode} (started anew)", "it has no network since its owner was started"
        yield replace(change, after=after, effect=Effect.RESTART, note=note)


def _started_since(owner: Owner, container: ObservedContainer) -> bool:
    if not owner.started_at:
        return True
    started, joined_at = moment(owner.started_at), moment(container.started_at)
    return bool(started and joined_at and started > joined_at)
