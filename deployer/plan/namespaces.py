"""Containers in the namespaces of another one: what becomes of them when that one is made or started anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from deployer.fields.field import Effect
from deployer.fields.namespaces import Namespace, joined, owners
from deployer.plan.model import Cause, FieldChange
from deployer.plan.owners import MADE, STARTED, Owner, of_neighbour, reason
from deployer.plan.recovery import has_completed
from deployer.resources.desired import DesiredService
from deployer.resources.inspected import moment
from deployer.resources.observed import Observed, ObservedContainer


def namespace_changes(
    service: DesiredService, container: ObservedContainer, followed: Mapping[str, Owner], observed: Observed
) -> Iterator[FieldChange]:
    """A container has nothing of a namespace left once its owner is another one or was started anew (Engine 20.10 and
    28): it keeps the id of the one, and can join the other by a start.
    """
    if has_completed(container, observed) and service.may_exit:
        return
    for namespace, kind, name in owners(service.asked):
        if container.values[namespace.row] == service.asked[namespace.row]:
            yield from _change(namespace, service, container, of_neighbour((kind, name), followed, observed))


def _change(
    namespace: Namespace, service: DesiredService, container: ObservedContainer, owner: Owner
) -> Iterator[FieldChange]:
    mode = service.asked[namespace.row]
    change = FieldChange(namespace.row, mode, f"{mode} ({MADE})", (Cause.DEPENDENCY,), Effect.REPLACE)
    why = reason(owner)
    if owner.id != joined(container.raw, namespace):
        yield replace(change, note=why or (f"whose {namespace.what} it is in is gone" if owner.id else ""))
    elif container.is_alive and _started_since(owner, container):
        after, note = f"{mode} ({STARTED})", f"it has no {namespace.what} since its owner was started"
        yield replace(change, after=after, effect=Effect.RESTART, note=why or note)


def _started_since(owner: Owner, container: ObservedContainer) -> bool:
    if not owner.started_at:
        return True
    started, joined_at = moment(owner.started_at), moment(container.started_at)
    return bool(started and joined_at and started > joined_at)
