"""What every plan is made of: what died, what is left alone, and the drafts in their order and groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

from deployer.errors import Diagnostic
from deployer.plan import order
from deployer.plan.draft import Draft
from deployer.plan.fingerprint import basis, fingerprint
from deployer.plan.gap import with_gaps
from deployer.plan.groups import groups_of
from deployer.plan.images import ImageNow
from deployer.plan.model import Action, Call, Change, Plan, Step
from deployer.plan.readiness import SECOND
from deployer.plan.recovery import DEAD, is_half_done
from deployer.resources.desired import Desired
from deployer.resources.observed import Observed


def abandoned(observed: Observed, waits: Sequence[Step] = ()) -> Iterator[Draft]:
    """Applies that died: what they left half done is in the other changes, and their records are ended.

    `waits` are for what they have started and nobody waited for.
    """
    for record in observed.records.abandoned:
        who = f"by {record.holder}" if record.holder else "its record is damaged"
        detail = f"revision {record.revision} was never ended ({who})"
        newest = record is observed.records.abandoned[-1]
        change = Change(f"revision.{record.revision}", Action.RECOVER, DEAD, detail=detail)
        yield Draft(replace(change, steps=tuple(waits) if newest else ()))


def left_alone(desired: Desired, observed: Observed, looked_at: Set[str]) -> tuple[str, ...]:
    """The addresses of what is there, was when the last revision ended, or is wanted, less what the plan is about."""
    there = {each.address for each in observed.containers if not is_half_done(each, observed)}
    there |= {f"network.{each.key or each.name}" for each in observed.networks.values() if each.ours}
    there |= {f"volume.{each.key or each.name}" for each in observed.volumes.values() if each.ours}
    return tuple(sorted((there | observed.records.ended.resources | set(desired.left_out)) - looked_at))


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
    drafts = with_gaps(drafts, groups, ordered, observed, images)
    changes = tuple(
        _in_group(draft.change, group, groups.count(group) > 1) for draft, group in zip(drafts, groups, strict=True)
    )
    records = observed.records
    bases = {draft.change.address: _basis(draft, images) for draft in drafts if draft.old or draft.has(Call.CREATE)}
    return Plan(
        stack=stack,
        origin=origin,
        engine=observed.engine,
        revision=records.revision,
        result=records.result_of(records.newest) if records.newest else "",
        changes=changes,
        edges=ordered,
        unchanged=tuple(unchanged),
        fingerprint=fingerprint(changes, bases),
        images={address: image.reference for address, image in images.items()},
        warnings=warnings,
        left_alone=alone,
        rests_on=bases,
        states={draft.change.address: draft.old.state for draft in drafts if draft.old},
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
