"""From what should be and what is to what would change: one pass in the order of resources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from deployer.errors import raise_if_any
from deployer.fields.field import Effect
from deployer.plan import guard, scale
from deployer.plan.asked import with_lines
from deployer.plan.containers import plan_removal, plan_service
from deployer.plan.contents import uncompared
from deployer.plan.diff import PlaceOf
from deployer.plan.differences import Facts
from deployer.plan.draft import STARTS, Draft
from deployer.plan.folders_made import with_folders_made
from deployer.plan.followers import followers_left
from deployer.plan.ignored import as_many_as_there, ignored_names, in_others_networks
from deployer.plan.images import Recall, brought_for, no_recall, plan_images
from deployer.plan.model import NO_LONGER, Action, Call, Cause, Change, FieldChange, Plan
from deployer.plan.old_builds import old_builds
from deployer.plan.one_shots import losses_left_out
from deployer.plan.owners import owner_after, owners_first
from deployer.plan.pushes import await_registries, plan_pushes, with_registries
from deployer.plan.recovery import is_half_done, plan_recovery
from deployer.plan.rolled_back import rolled_back
from deployer.plan.room import networks_full
from deployer.plan.staying import await_what_stays, on_their_way
from deployer.plan.things import (
    plan_things,
    remove_left_copy,
    with_its_containers,
)
from deployer.plan.whole import abandoned, left_alone, plan_of
from deployer.resources.as_read import salted
from deployer.resources.desired import Desired
from deployer.resources.inspected import dependencies_on_label
from deployer.resources.observed import Observed


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
    orphans = frozenset(each.service for each in observed.containers if each.service not in desired.services)
    going = frozenset(each for each in orphans if not _is_spared(each, desired, options))
    facts = Facts(
        desired, observed, images.now, remade, place, revision, made, options.replace, recall=recall, going=going
    )
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
    drafts = [*abandoned(observed, on_their_way(facts, unchanged)), *await_what_stays(drafts, facts)]
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
    with_folders_made(drafts, observed)
    if not options.only and any(draft.change.action is not Action.KEPT for draft in drafts):
        wanted = {image.reference for image in images.now.values()}
        drafts += old_builds(desired, observed, wanted, options.keep_builds, orphans=not options.keep_orphans)
    drafts.sort(key=lambda draft: draft.change.action is not Action.RECOVER)  # they come first in time, too
    with_lines([each for each in drafts if not (options.count and each.service)], desired, observed, place)
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
    undoes = () if plan.is_empty or options.count else tuple(rolled_back(observed.records, plan.changes))
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


def _adoption(desired: Desired, observed: Observed, options: Options) -> Iterator[Draft]:
    """That the stack is of another origin from now on: its next record says so, which stands above labels."""
    others = guard.origins(observed).keys() - {desired.origin, f"folder:{desired.folder}"}
    if options.adopt and others:
        before = ", ".join(sorted(others))
        field = FieldChange("origin", before, desired.origin, (Cause.EDIT,), Effect.NONE)
        yield Draft(Change("stack", Action.UPDATE, "--adopt", (field,), detail="taken over, nothing restarts for it"))


def _is_spared(orphan: str, desired: Desired, options: Options) -> bool:
    return orphan in desired.inactive or options.keep_orphans or bool(options.only)


def _leftovers(facts: Facts, options: Options) -> list[Draft]:
    """What a dead run left, the containers of services that the stack no longer names, and, of services that the plan
    is not about, those that would say that a one-shot ran for data which is made anew.
    """
    drafts: list[Draft] = []
    for container in facts.observed.containers:
        orphan = container.service not in facts.desired.services
        spared = orphan and _is_spared(container.service, facts.desired, options)
        if is_half_done(container, facts.observed) and not (spared and container.never_started):
            drafts.append(plan_recovery(container, facts.observed))
        elif options.only and orphan and (lost := dict(losses_left_out(container, facts))):
            draft = plan_removal(container, f"to run again: {', '.join(lost.values())} is made anew", facts.remade)
            draft.forgets = frozenset(lost)
            drafts.append(draft)
        elif orphan and not spared:
            draft = plan_removal(container, NO_LONGER, facts.remade)
            draft.waits_for = dependencies_on_label(container)
            drafts.append(draft)
    left = (plan_recovery(each, facts.observed) for each in facts.observed.left_one_offs)
    return [*drafts, *left, *map(remove_left_copy, facts.observed.left_copies)]
