"""The networks and volumes: those to be made, made anew and removed; data is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from deployer.fields import network
from deployer.fields.field import Effect, Field, Value, section
from deployer.plan import steps
from deployer.plan.diff import PlaceOf
from deployer.plan.differences import missing
from deployer.plan.draft import Draft
from deployer.plan.model import NO_LONGER, Action, Call, Cause, Change, FieldChange, LostData, Step
from deployer.plan.protection import newly, protected_volumes, protection_changed
from deployer.plan.renamed import in_its_place
from deployer.resources.applied import canonical
from deployer.resources.body import network_body, volume_body
from deployer.resources.desired import Desired, DesiredThing
from deployer.resources.observed import Observed, ObservedThing

_NAMED = 8
"""So many of the containers that a network takes along are named; of the others how many they are."""


def plan_things(
    desired: Desired, observed: Observed, place: PlaceOf, keep_orphans: bool, *, only: bool = False
) -> tuple[list[Draft], list[str]]:
    """Networks and volumes: those to be made, made anew and removed, and the addresses of those that stay.

    Where the stack is looked at `only` in part, what is not wanted is no orphan.
    """
    drafts: list[Draft] = []
    unchanged: list[str] = []
    for thing in desired.networks.values():
        draft = None if thing.external else _network(desired, thing, observed, place)
        drafts += [draft] if draft else []
        unchanged += [] if draft else [f"network.{thing.key}"]
    for thing in desired.volumes.values():
        draft = None if thing.external else _volume(desired, thing, observed, place)
        drafts += [draft] if draft else []
        unchanged += [] if draft else [f"volume.{thing.key}"]
    drafts += [remove_twin(twin) for twin in observed.twins]
    wanted = {thing.name for thing in (*desired.networks.values(), *desired.volumes.values())}
    left = [each for each in observed.containers if each.service in desired.inactive]
    lived_in = {id for each in left for id in each.network_ids.values()}
    for thing in observed.networks.values():
        if thing.ours and thing.name not in wanted and thing.id not in lived_in and not keep_orphans and not only:
            drafts.append(remove_network(thing))
    orphans = [thing for thing in observed.volumes.values() if thing.ours and thing.name not in wanted and not only]
    protected = protected_volumes((), observed, place)
    for thing in orphans:
        said = protected.get(thing.name)
        draft = kept_protected(thing, said, NO_LONGER) if said else kept(thing, NO_LONGER)
        draft.change = replace(draft.change, notes=tuple(in_its_place(thing.name, desired, observed)))
        drafts.append(draft)
    return drafts, unchanged


def _fresh(address: str, thing: DesiredThing, observed: Observed, step: Step) -> Draft:
    reason, fields = missing(address, observed, "there")
    return Draft(Change(address, Action.CREATE, reason, fields, (step,), detail=thing.name))


def _volume(desired: Desired, thing: DesiredThing, observed: Observed, place: PlaceOf) -> Draft | None:
    if thing.name in observed.volumes:
        return protection_changed(thing, observed, place)
    step = Step(Call.CREATE_VOLUME, thing.name, volume_body(desired, thing))
    draft = _fresh(f"volume.{thing.key}", thing, observed, step)
    draft.change = replace(draft.change, protects=newly(thing, observed))
    return draft


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
    asked = found.applied is None or "config" in (found.applied.fields.get("ipam") or {})
    runbook = steps.remake_network(thing.name, body, steps.network_again(found.raw, subnets=asked))
    return Draft(
        Change(
            address,
            Action.REPLACE,
            fields[0].field,
            fields,
            runbook,
        )
    )


_BECOMES = {Action.REPLACE: "replaced with it", Action.REMOVE: "removed", Action.RECOVER: "removed"}
_LEAVES = "disconnected"
"""What becomes of a container that is in a network which is made anew; all others leave it, or are left without."""


def with_its_containers(drafts: Sequence[Draft], observed: Observed) -> None:
    """Let each network that is made anew say what becomes of who is in it: none can be removed while anybody is."""
    becomes = {draft.old.id: _BECOMES.get(draft.change.action, _LEAVES) for draft in drafts if draft.old}
    for draft in (each for each in drafts if each.has(Call.REMOVE_NETWORK) and each.has(Call.CREATE_NETWORK)):
        name = draft.change.steps[0].target
        there = [each for each in observed.containers if name in section(each.raw, "NetworkSettings.Networks")]
        said = {
            how: [each.address for each in there if becomes.get(each.id, _LEAVES) == how]
            for how in dict.fromkeys([*_BECOMES.values(), _LEAVES])
        }
        texts = [f"{how}: {_named(addresses)}" for how, addresses in said.items() if addresses]
        draft.change = replace(draft.change, detail="; ".join(texts) or "no container is in it")


def _named(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - _NAMED} more" if len(addresses) > _NAMED else ""
    return f"{', '.join(sorted(addresses)[:_NAMED])}{more}"


def _thing_changes(row: Field, thing: DesiredThing, found: ObservedThing, place: PlaceOf) -> Iterator[FieldChange]:
    was = _applied(row, found)
    want = thing.asked[row.name]
    asked = row.unset if was is None else was
    have, then = (row.less_filled(found.values[row.name], side, asked) for side in (want, asked))
    if want == have:
        return
    sides = _by_entry(have, want, was or (), then) if row.kind.keyed else {"": (have, want, was, then)}
    for entry, (before, after, was, then) in sides.items():
        if before != after:
            causes = _thing_causes(row, found, then, after, was)
            name = f"{row.name}.{entry}" if entry else row.name
            yield FieldChange(
                name,
                _shown(row, entry, before),
                _shown(row, entry, after),
                causes,
                Effect.REPLACE,
                applied=_shown(row, entry, was),
                applied_known=found.applied is not None,
                quoted=row.kind.quoted,
                at=place("networks", thing.key, *name.split(".", 1)) if Cause.EDIT in causes else None,
            )


def _shown(row: Field, entry: str, value: Value) -> str | None:
    return None if value is None or (not entry and value == row.unset) else row.shown(entry, value)


def _applied(row: Field, found: ObservedThing) -> Value:
    """What was last applied of a row; None where it was not asked for, or nothing tells."""
    stored = found.applied.fields.get(row.name) if found.applied else None
    if stored is None or not row.kind.keyed:
        return stored
    entries = cast("Mapping[str, Any]", stored)
    return tuple(sorted((entry, canonical(value)) for entry, value in entries.items()))


def _by_entry(have: Value, want: Value, *others: Value) -> dict[str, tuple[Any, ...]]:
    """The entries of what is there and what is wanted, each with its value on every side."""
    sides = [dict(side) for side in (have, want, *others)]
    return {entry: tuple(side.get(entry) for side in sides) for entry in sorted(sides[0] | sides[1])}


def _thing_causes(row: Field, found: ObservedThing, then: Any, after: Any, was: Any) -> tuple[Cause, ...]:
    """As for containers: another value than was applied is an edit on the one side, and drift on the other.

    `then` is the observed value less what the engine filled in where nothing was applied.
    """
    if found.applied is None:
        return (Cause.UNKNOWN,)
    asked = was if row.kind.keyed or was is not None else row.unset
    edited, drifted = asked != after, asked != then
    return (*((Cause.EDIT,) if edited else ()), *((Cause.DRIFT,) if drifted else ()))


def remove_network(thing: ObservedThing, reason: str = NO_LONGER) -> Draft:
    key = thing.key or thing.name
    step = Step(Call.REMOVE_NETWORK, thing.name)
    return Draft(Change(f"network.{key}", Action.REMOVE, reason, steps=(step,), detail=thing.name))


def remove_twin(twin: ObservedThing) -> Draft:
    """A container that names the network would not start: the engine calls the name ambiguous (20.10)."""
    step = Step(Call.REMOVE_NETWORK, twin.id, name=twin.name, detail=f"({twin.id[:12]})")
    return Draft(Change(f"network.{twin.key or twin.name}", Action.RECOVER, "a second one of its name", steps=(step,)))


def remove_left_copy(volume: str) -> Draft:
    reason = "the secrets of a container that is gone"
    return Draft(Change(f"volume.{volume[:12]}", Action.RECOVER, reason, steps=(steps.remove_copy(volume),)))


def remove_volume(thing: ObservedThing) -> Draft:
    step = Step(Call.REMOVE_VOLUME, thing.name)
    return Draft(
        Change(
            f"volume.{thing.key or thing.name}",
            Action.REMOVE,
            "its data goes",
            steps=(step,),
            detail=thing.name,
            loses=(LostData(thing.name),),
        )
    )


def kept(thing: ObservedThing, reason: str) -> Draft:
    return Draft(Change(f"volume.{thing.key or thing.name}", Action.KEPT, reason, detail=thing.name))


def kept_protected(thing: ObservedThing, said: str, reason: str = "") -> Draft:
    """`said` is where it is said that no command removes it."""
    draft = kept(thing, f"{reason}{', ' if reason else ''}protected ({said})")
    draft.change = replace(draft.change, protects=(thing.name, True))
    return draft
