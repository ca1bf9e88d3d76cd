"""From what should be and what is to what would change: one pass in the order of resources."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deployer.errors import Diagnostic, raise_if_any
from deployer.fields import network
from deployer.fields.field import Effect, Field, Value, section
from deployer.plan import guard, order, steps
from deployer.plan.containers import SECOND, is_successor, plan_recovery, plan_removal, plan_service
from deployer.plan.diff import PlaceOf
from deployer.plan.differences import Facts, missing
from deployer.plan.draft import Draft
from deployer.plan.images import ImageNow, Recall, plan_images
from deployer.plan.model import FORMAT_VERSION, Action, Call, Cause, Change, FieldChange, Plan, Step
from deployer.resources import identity
from deployer.resources.body import network_body, volume_body
from deployer.resources.desired import Desired, DesiredThing
from deployer.resources.observed import Observed, ObservedContainer, ObservedThing


@dataclass(frozen=True, slots=True)
class Options:
    """`keep_orphans` leaves alone what the stack no longer names, `volumes` lets a removal take the data along, `adopt`
    takes over what another origin made under the stack's name.
    """

    keep_orphans: bool = False
    volumes: bool = False
    adopt: bool = False


def no_recall(_build: str, _hash: str) -> None:
    """For where nothing is known of earlier builds."""
    return


def make_plan(
    desired: Desired, observed: Observed, place: PlaceOf, options: Options | None = None, recall: Recall = no_recall
) -> Plan:
    """What apply would do. Raises InvalidStack where the stack cannot be carried out on this engine."""
    options = options or Options()
    raise_if_any(guard.refusals(desired, observed, place, adopt=options.adopt))
    images = plan_images(desired, observed, place, recall)
    things, unchanged = _things(desired, observed, place, options)
    raise_if_any(guard.networks_in_use([draft.change for draft in things], observed))
    remade = frozenset(draft.change.steps[0].target for draft in things if draft.change.action is Action.REPLACE)
    facts = Facts(desired, observed, images.now, remade, place, observed.records.revision + 1)
    drafts = [*_adoption(desired, observed, options), *(Draft(change) for change in images.changes), *things]
    for service in desired.services.values():
        for found in plan_service(service, facts):
            if isinstance(found, Draft):
                drafts.append(found)
            else:
                unchanged.append(found)
    drafts = [_await_what_stays(draft, facts, drafts) for draft in drafts]
    drafts += _leftovers(desired, observed, options, remade)
    return _plan(
        desired.stack,
        desired.origin,
        observed,
        drafts,
        unchanged,
        images.now,
        tuple(guard.warnings(desired, observed, place)),
    )


def _adoption(desired: Desired, observed: Observed, options: Options) -> Iterator[Draft]:
    """That the stack is of another origin from now on: its next record says so, which stands above labels."""
    others = guard.origins(observed).keys() - {desired.origin, f"folder:{desired.folder}"}
    if options.adopt and others:
        before = ", ".join(sorted(others))
        field = FieldChange("origin", before, desired.origin, (Cause.EDIT,), Effect.NONE)
        yield Draft(Change("stack", Action.UPDATE, "--adopt", (field,), detail="taken over, nothing restarts for it"))


def plan_destroy(stack: str, origin: str, folder: str, observed: Observed, options: Options) -> Plan:
    """The removal of all that the stack owns; its volumes stay unless `options.volumes`.

    Raises InvalidStack where it is another origin's.
    """
    raise_if_any(guard.another_origin(stack, origin, folder, observed))
    drafts: list[Draft] = []
    for container in observed.containers:
        draft = (
            plan_recovery(container) if is_successor(container, observed) else plan_removal(container, "the stack goes")
        )
        draft.waits_for = _dependencies(container)
        drafts.append(draft)
    drafts += [_remove_twin(twin) for twin in observed.twins]
    drafts += [_remove_network(thing, "the stack goes") for thing in observed.networks.values() if thing.ours]
    raise_if_any(guard.networks_in_use([draft.change for draft in drafts], observed))
    for thing in observed.volumes.values():
        if thing.ours:
            drafts.append(_remove_volume(thing) if options.volumes else _kept(thing, "it holds data"))
    return _plan(stack, origin, observed, drafts, [], {}, ())


def _things(desired: Desired, observed: Observed, place: PlaceOf, options: Options) -> tuple[list[Draft], list[str]]:
    """Networks and volumes: those to be made, made anew and removed, and the addresses of those that stay."""
    drafts: list[Draft] = []
    unchanged: list[str] = []
    for thing in desired.networks.values():
        draft = None if thing.external else _network(desired, thing, observed, place)
        drafts += [draft] if draft else []
        unchanged += [] if draft else [f"network.{thing.key}"]
    for thing in desired.volumes.values():
        if thing.external or thing.name in observed.volumes:
            unchanged.append(f"volume.{thing.key}")
        else:
            step = Step(Call.CREATE_VOLUME, thing.name, volume_body(desired, thing))
            drafts.append(_fresh(f"volume.{thing.key}", thing, observed, step))
    drafts += [_remove_twin(twin) for twin in observed.twins]
    wanted = {thing.name for thing in (*desired.networks.values(), *desired.volumes.values())}
    for thing in observed.networks.values():
        if thing.ours and thing.name not in wanted and not options.keep_orphans:
            drafts.append(_remove_network(thing))
    drafts += [_kept(thing) for thing in observed.volumes.values() if thing.ours and thing.name not in wanted]
    return drafts, unchanged


def _fresh(address: str, thing: DesiredThing, observed: Observed, step: Step) -> Draft:
    reason, fields = missing(address, observed, "there")
    return Draft(Change(address, Action.CREATE, reason, fields, (step,), detail=thing.name))


def _network(desired: Desired, thing: DesiredThing, observed: Observed, place: PlaceOf) -> Draft | None:
    found = observed.networks.get(thing.name)
    body = network_body(desired, thing)
    address = f"network.{thing.key}"
    if found is None:
        return _fresh(
            address,
            thing,
            observed,
            Step(Call.CREATE_NETWORK, thing.name, body, undo=(Step(Call.REMOVE_NETWORK, thing.name),)),
        )
    fields = tuple(change for row in network.FIELDS for change in _thing_changes(row, thing, found, place))
    if not fields:
        return None
    runbook = steps.remake_network(thing.name, body, steps.network_again(found.raw))
    return Draft(
        Change(
            address,
            Action.REPLACE,
            fields[0].field,
            fields,
            runbook,
            gap="until ready",
            detail="its containers are replaced with it",
        )
    )


def _thing_changes(row: Field, thing: DesiredThing, found: ObservedThing, place: PlaceOf) -> Iterator[FieldChange]:
    want, have = thing.asked[row.name], found.values[row.name]
    if want == have:
        return
    stored = found.applied.fields.get(row.name) if found.applied else None
    sides = {"": (have, want, stored)} if not row.kind.keyed else _by_entry(have, want, stored or {})
    for entry, (before, after, was) in sides.items():
        if before != after:
            causes = _thing_causes(row, found, before, after, was)
            name = f"{row.name}.{entry}" if entry else row.name
            yield FieldChange(
                name,
                None if before is None else row.shown(entry, before),
                None if after is None else row.shown(entry, after),
                causes,
                Effect.REPLACE,
                applied=None if was is None else row.shown(entry, was),
                applied_known=found.applied is not None,
                quoted=row.kind.quoted,
                at=place("networks", thing.key, *name.split(".", 1)) if Cause.EDIT in causes else None,
            )


def _by_entry(have: Value, want: Value, stored: Mapping[str, Any]) -> dict[str, tuple[Any, Any, Any]]:
    there, wanted = dict(have), dict(want)
    return {entry: (there.get(entry), wanted.get(entry), stored.get(entry)) for entry in sorted(there | wanted)}


def _thing_causes(row: Field, found: ObservedThing, before: Any, after: Any, was: Any) -> tuple[Cause, ...]:
    """As for containers: another value than was applied is an edit on the one side, and drift on the other."""
    if found.applied is None:
        return (Cause.UNKNOWN,)
    asked = was if row.kind.keyed or was is not None else row.unset
    edited, drifted = asked != after, asked != before
    return (*((Cause.EDIT,) if edited else ()), *((Cause.DRIFT,) if drifted else ()))


def _remove_network(thing: ObservedThing, reason: str = "no longer in the stack") -> Draft:
    key = thing.key or thing.name
    step = Step(Call.REMOVE_NETWORK, thing.name)
    return Draft(Change(f"network.{key}", Action.REMOVE, reason, steps=(step,), detail=thing.name))


def _remove_twin(twin: ObservedThing) -> Draft:
    """A container that names the network would not start: the engine calls the name ambiguous (20.10)."""
    step = Step(Call.REMOVE_NETWORK, twin.id, name=twin.name, detail=f"({twin.id[:12]})")
    return Draft(Change(f"network.{twin.key or twin.name}", Action.RECOVER, "a second one of its name", steps=(step,)))


def _remove_volume(thing: ObservedThing) -> Draft:
    step = Step(Call.REMOVE_VOLUME, thing.name)
    return Draft(
        Change(f"volume.{thing.key or thing.name}", Action.REMOVE, "its data goes", steps=(step,), detail=thing.name)
    )


def _kept(thing: ObservedThing, reason: str = "no longer in the stack") -> Draft:
    return Draft(Change(f"volume.{thing.key or thing.name}", Action.KEPT, reason, detail=thing.name))


def _leftovers(desired: Desired, observed: Observed, options: Options, remade: frozenset[str]) -> list[Draft]:
    """What a dead run left, and the containers of services that the stack no longer names."""
    drafts: list[Draft] = []
    for container in observed.containers:
        if is_successor(container, observed):
            drafts.append(plan_recovery(container))
        elif container.service not in desired.services and not options.keep_orphans:
            draft = plan_removal(container, "no longer in the stack", remade)
            draft.waits_for = _dependencies(container)
            drafts.append(draft)
    return drafts


def _dependencies(container: ObservedContainer) -> dict[str, str]:
    """What the service waited for, by the label that Compose and deployer write: `db:service_healthy:false,...`."""
    label = str(section(container.raw, "Config.Labels").get(identity.DEPENDS_ON, ""))
    return {part.split(":")[0]: part.split(":")[1] for part in label.split(",") if part.count(":") >= 1}


def _await_what_stays(draft: Draft, facts: Facts, drafts: Sequence[Draft]) -> Draft:
    """A dependency that does not change is waited for too, where it must be healthy: it may still be on its way."""
    started = {other.service.name for other in drafts if other.service and other.has(Call.START, Call.UNPAUSE)}
    waits: list[Step] = []
    for target, condition in draft.waits_for.items():
        if condition == "service_healthy" and target not in started and target in facts.desired.services:
            waits += [
                Step(Call.AWAIT_READY, found.id, steps.Wait(service=target), name=found.name)
                for found in facts.observed.of_service(target)
            ]
    if waits and draft.has(Call.START, Call.UNPAUSE):
        draft.change = replace(draft.change, steps=(*waits, *draft.change.steps))
    return draft


def _plan(
    stack: str,
    origin: str,
    observed: Observed,
    drafts: Sequence[Draft],
    unchanged: Sequence[str],
    images: dict[str, ImageNow],
    warnings: tuple[Diagnostic, ...],
) -> Plan:
    groups = order.groups_of(drafts)
    changes = tuple(
        _in_group(draft.change, group, groups.count(group) > 1) for draft, group in zip(drafts, groups, strict=True)
    )
    return Plan(
        stack=stack,
        origin=origin,
        engine=observed.engine,
        revision=observed.records.revision,
        changes=changes,
        edges=order.edges(drafts, groups),
        unchanged=tuple(unchanged),
        fingerprint=fingerprint(changes, [draft.old for draft in drafts if draft.old]),
        images={address: image.reference for address, image in images.items()},
        warnings=warnings,
    )


def _in_group(change: Change, group: str, shared: bool) -> Change:
    """Who trades with others cannot stay behind, even if the new image turns out to be the old one."""
    if not shared:
        return replace(change, group=group)
    return replace(change, group=group, unless_image="", known_after=None, steps=tuple(map(_monitored, change.steps)))


def _monitored(step: Step) -> Step:
    """Where others are removed once this one is ready, a fresh start without a check must run for a while, too."""
    wait = step.payload
    if step.call is Call.AWAIT_READY and wait.fresh and not wait.monitor:
        return replace(step, payload=replace(wait, monitor=SECOND, fresh=False))
    return step


def fingerprint(changes: Sequence[Change], touched: Sequence[ObservedContainer]) -> str:
    """What a saved plan rests on: the changes, field by field, the ids and rows of the containers touched."""
    text = json.dumps(
        [
            FORMAT_VERSION,
            [
                [change.address, change.action, [(field.field, field.before, field.after) for field in change.fields]]
                for change in changes
            ],
            [[container.id, repr(sorted(container.values.items()))] for container in touched],
        ]
    )
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
