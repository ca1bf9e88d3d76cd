"""From what should be and what is to what would change: one pass in the order of resources."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from types import MappingProxyType

from deployer.errors import Diagnostic, raise_if_any
from deployer.fields.field import Effect
from deployer.plan import guard, order, scale, steps
from deployer.plan.containers import plan_removal, plan_service
from deployer.plan.contents import uncompared
from deployer.plan.diff import PlaceOf
from deployer.plan.differences import Facts
from deployer.plan.draft import STARTS, Draft
from deployer.plan.fingerprint import basis, fingerprint
from deployer.plan.followers import followers_left
from deployer.plan.gap import with_gaps
from deployer.plan.groups import groups_of
from deployer.plan.ignored import as_many_as_there, ignored_names, in_others_networks
from deployer.plan.images import ImageNow, Recall, brought_for, no_recall, plan_images
from deployer.plan.model import HOLDS_DATA, NO_LONGER, Action, Call, Cause, Change, FieldChange, Plan, Step
from deployer.plan.old_builds import old_builds
from deployer.plan.one_shots import losses_left_out
from deployer.plan.owners import owner_after, owners_first
from deployer.plan.protection import Protected
from deployer.plan.pushes import await_registries, plan_pushes, with_registries
from deployer.plan.readiness import SECOND
from deployer.plan.recovery import NOT_ENDED, is_half_done, plan_recovery
from deployer.plan.rolled_back import rolled_back
from deployer.plan.room import networks_full
from deployer.plan.stack_images import going_images
from deployer.plan.things import (
    kept,
    kept_protected,
    plan_things,
    remove_left_copy,
    remove_network,
    remove_twin,
    remove_volume,
    with_its_containers,
)
from deployer.resources.as_read import salted
from deployer.resources.built import NamedImage
from deployer.resources.desired import Desired
from deployer.resources.inspected import dependencies_on_label
from deployer.resources.observed import Observed
from deployer.stack.service import COMPLETED, HEALTHY


@dataclass(frozen=True, slots=True)
class Options:
    """`keep_orphans` leaves alone what the stack no longer names, `volumes` lets a removal take the data along, `adopt`
    takes over what another origin made under the stack's name, `take_over` the turn of whoever has it.

    `only` names the services that the plan is about, with what they need, less what they depend on where they are to be
    `alone`; all else is left alone. `replace` names those whose containers are made anew whatever differs. Of those
    that are `spared` the plan has no container, and of networks that are there none at all; with `count` it is about
    how many containers there are, and nothing that they are. Of each build, `keep_builds` of the newest images stay;
    where it is None, the usual number, and those that kept revisions ran.
    """

    keep_orphans: bool = False
    volumes: bool = False
    adopt: bool = False
    take_over: bool = False
    only: frozenset[str] = frozenset()
    replace: frozenset[str] = frozenset()
    keep_builds: int | None = None
    alone: bool = False
    spared: frozenset[str] = frozenset()
    count: bool = False


def make_plan(
    desired: Desired, observed: Observed, place: PlaceOf, options: Options | None = None, recall: Recall = no_recall
) -> Plan:
    """What apply would do. Raises InvalidStack where the stack cannot be carried out on this engine."""
    options = options or Options()
    desired = salted(desired, observed.records.salt)
    desired = desired if options.count else as_many_as_there(desired, observed)
    raise_if_any(guard.refusals(desired, observed, place, adopt=options.adopt))
    images = plan_images(desired, observed, place, recall)
    pushes = plan_pushes(desired, observed, images, place)
    things, unchanged = plan_things(desired, observed, place, options.keep_orphans, only=bool(options.only))
    if options.spared or options.count:
        things = [draft for draft in things if draft.change.action not in (Action.REPLACE, Action.UPDATE)]
    staying = in_others_networks(desired, observed)
    raise_if_any(guard.networks_in_use([draft.change for draft in things], observed, staying=staying))
    remade = frozenset(draft.change.steps[0].target for draft in things if draft.change.action is Action.REPLACE)
    made = {draft.change.steps[0].target: draft.change.address for draft in things if draft.has(Call.CREATE_VOLUME)}
    revision = observed.records.revision + 1
    facts = Facts(desired, observed, images.now, remade, place, revision, made, options.replace, recall=recall)
    drafts = [
        *_adoption(desired, observed, options),
        *of_images(images.changes, desired),
        *(with_registries(draft, desired) for draft in pushes),
        *things,
    ]
    differing: list[str] = []
    for service in (each for each in owners_first(desired.services) if each.name not in options.spared):
        planned = list(plan_service(service, facts))
        if options.count:
            differing += scale.differing(planned)
            planned = list(scale.counted(planned, service))
        owner = owner_after(service, planned, observed, facts.owners)
        facts = replace(facts, owners={**facts.owners, service.name: owner})
        for found in planned:
            if isinstance(found, Draft):
                drafts.append(found)
            else:
                unchanged.append(found)
    drafts = [*abandoned(observed, _on_their_way(facts, unchanged)), *await_what_stays(drafts, facts)]
    await_registries(drafts, observed)
    drafts = scale.needed(drafts) if options.count else drafts
    drafts += _leftovers(facts, options)
    starting = {each.service.name: each.service for each in drafts if each.service and each.has(Call.CREATE, *STARTS)}
    raise_if_any(
        (
            *guard.names_kept(drafts, observed, place),
            *guard.binds_missing(starting.values(), observed, place),
            *networks_full(desired, observed, drafts, remade, place),
        )
    )
    with_its_containers(drafts, observed)
    if not options.only and any(draft.change.action is not Action.KEPT for draft in drafts):
        wanted = {image.reference for image in images.now.values()}
        drafts += old_builds(desired, observed, wanted, options.keep_builds, orphans=not options.keep_orphans)
    changed = {draft.change.address for draft in drafts}
    plan = plan_of(
        desired.stack,
        desired.origin,
        observed,
        drafts,
        unchanged,
        images.now,
        (
            *guard.warnings(desired, observed, place),
            *map(scale.left, differing),
            *followers_left(desired, observed, facts.owners),
        ),
        left_alone(desired, observed, {*changed, *unchanged}) if options.only else (),
    )
    undoes = () if plan.is_empty or options.count else tuple(rolled_back(observed.records))
    return replace(plan, warnings=(*undoes, *plan.warnings), **_not_looked_at(desired))


def _not_looked_at(desired: Desired) -> dict[str, dict[str, tuple[str, ...]]]:
    """What the plan knows nothing of, by the addresses of services."""
    services = {f"service.{name}": service for name, service in desired.services.items()}
    return {
        "ignored": {address: names for address, each in services.items() if (names := ignored_names(each))},
        "uncompared": {address: names for address, each in services.items() if (names := uncompared(each))},
    }


def of_images(changes: Sequence[Change], desired: Desired) -> Iterator[Draft]:
    """The builds, pulls and loads, with what the order needs to know of them."""
    bases = {
        build.address: {*(f"build.{name}" for name in build.on.values()), *brought_for(build, desired).values()}
        for build in desired.builds.values()
    }
    for change in changes:
        draft = Draft(change, starts_from=frozenset(bases.get(change.address, ())))
        yield with_registries(draft, desired)


def abandoned(observed: Observed, waits: Sequence[Step] = ()) -> Iterator[Draft]:
    """Applies that died: what they left half done is in the other changes, and their records are ended.

    `waits` are for what they have started and nobody waited for.
    """
    for record in observed.records.abandoned:
        who = f"by {record.holder}" if record.holder else "its record is damaged"
        detail = f"revision {record.revision} was never ended ({who})"
        newest = record is observed.records.abandoned[-1]
        change = Change(f"revision.{record.revision}", Action.RECOVER, NOT_ENDED, detail=detail)
        yield Draft(replace(change, steps=tuple(waits) if newest else ()))


def _on_their_way(facts: Facts, unchanged: Collection[str]) -> list[Step]:
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


def _adoption(desired: Desired, observed: Observed, options: Options) -> Iterator[Draft]:
    """That the stack is of another origin from now on: its next record says so, which stands above labels."""
    others = guard.origins(observed).keys() - {desired.origin, f"folder:{desired.folder}"}
    if options.adopt and others:
        before = ", ".join(sorted(others))
        field = FieldChange("origin", before, desired.origin, (Cause.EDIT,), Effect.NONE)
        yield Draft(Change("stack", Action.UPDATE, "--adopt", (field,), detail="taken over, nothing restarts for it"))


def plan_destroy(
    stack: str,
    origin: str | None,
    folder: str,
    observed: Observed,
    options: Options,
    images: Sequence[NamedImage] = (),
    protected: Protected = MappingProxyType({}),
) -> Plan:
    """The removal of all that the stack owns; its volumes stay unless `options.volumes`, and those that are `protected`
    stay all the same; so do images but for these.

    Without an origin it is the stack of that name, whoever's it is. Raises InvalidStack where it is another origin's.
    """
    if origin is None:
        origin = observed.records.origin or ""
    else:
        raise_if_any(guard.another_origin(stack, origin, folder, observed, goes=True))
    drafts: list[Draft] = list(abandoned(observed))
    for container in observed.containers:
        draft = (
            plan_recovery(container)
            if is_half_done(container, observed)
            else plan_removal(container, "the stack goes", data=options.volumes, protected=protected)
        )
        draft.waits_for = dependencies_on_label(container)
        drafts.append(draft)
    for each in observed.one_offs:
        drafts.append(plan_removal(each, "a one-off of the stack", data=options.volumes, protected=protected))
    drafts += [remove_twin(twin) for twin in observed.twins]
    drafts += [remove_left_copy(volume) for volume in observed.left_copies]
    drafts += [remove_network(thing, "the stack goes") for thing in observed.networks.values() if thing.ours]
    going = frozenset(each.id for each in observed.one_offs)
    for thing in (each for each in observed.volumes.values() if each.ours):
        if said := protected.get(thing.name):
            drafts.append(kept_protected(thing, said))
        else:
            drafts.append(remove_volume(thing) if options.volumes else kept(thing, HOLDS_DATA))
    changes = [draft.change for draft in drafts]
    raise_if_any((*guard.networks_in_use(changes, observed, going), *guard.volumes_in_use(changes, observed, going)))
    removals, warnings = going_images(images, observed)
    return plan_of(stack, origin, observed, [*drafts, *removals], [], {}, tuple(warnings))


def _leftovers(facts: Facts, options: Options) -> list[Draft]:
    """What a dead run left, the containers of services that the stack no longer names, and, of services that the plan
    is not about, those that would say that a one-shot ran for data which is made anew.
    """
    drafts: list[Draft] = []
    for container in facts.observed.containers:
        orphan = container.service not in facts.desired.services
        inactive = container.service in facts.desired.inactive
        spared = orphan and (inactive or options.keep_orphans or bool(options.only))
        if is_half_done(container, facts.observed) and not (spared and container.never_started):
            drafts.append(plan_recovery(container))
        elif options.only and orphan and (lost := dict(losses_left_out(container, facts))):
            draft = plan_removal(container, f"to run again: {', '.join(lost.values())} is made anew", facts.remade)
            draft.forgets = frozenset(lost)
            drafts.append(draft)
        elif orphan and not spared:
            draft = plan_removal(container, NO_LONGER, facts.remade)
            draft.waits_for = dependencies_on_label(container)
            drafts.append(draft)
    left = map(plan_recovery, facts.observed.left_one_offs)
    return [*drafts, *left, *map(remove_left_copy, facts.observed.left_copies)]


def left_alone(desired: Desired, observed: Observed, looked_at: Set[str]) -> tuple[str, ...]:
    """The addresses of what is there, was when the last revision ended, or is wanted, less what the plan is about."""
    there = {each.address for each in observed.containers if not is_half_done(each, observed)}
    there |= {f"network.{each.key or each.name}" for each in observed.networks.values() if each.ours}
    there |= {f"volume.{each.key or each.name}" for each in observed.volumes.values() if each.ours}
    return tuple(sorted((there | observed.records.ended.resources | set(desired.left_out)) - looked_at))


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


def plan_of(
    stack: str,
    origin: str,
    observed: Observed,
    drafts: Sequence[Draft],
    unchanged: Sequence[str],
    images: dict[str, ImageNow],
    warnings: tuple[Diagnostic, ...],
    alone: tuple[str, ...] = (),
) -> Plan:
    """The drafts in their order and groups, with what they cost."""
    groups = groups_of(drafts)
    ordered = order.edges(drafts, groups)
    drafts = with_gaps(drafts, groups, ordered, observed)
    changes = tuple(
        _in_group(draft.change, group, groups.count(group) > 1) for draft, group in zip(drafts, groups, strict=True)
    )
    bases = {draft.change.address: _basis(draft, images) for draft in drafts if draft.old or draft.has(Call.CREATE)}
    return Plan(
        stack=stack,
        origin=origin,
        engine=observed.engine,
        revision=observed.records.revision,
        changes=changes,
        edges=ordered,
        unchanged=tuple(unchanged),
        fingerprint=fingerprint(changes, bases),
        images={address: image.reference for address, image in images.items()},
        warnings=warnings,
        left_alone=alone,
        rests_on=bases,
    )


def _basis(draft: Draft, images: Mapping[str, ImageNow]) -> str:
    if not draft.service or not draft.has(Call.CREATE):
        return basis(draft.old)
    image = images.get(draft.image)
    return basis(draft.old, (image.reference, image.id) if image else (), draft.service.asked["volumes"])


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
