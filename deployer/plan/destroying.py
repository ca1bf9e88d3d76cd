"""The removal of all that a stack owns."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from deployer.errors import raise_if_any
from deployer.plan import guard
from deployer.plan.containers import plan_removal
from deployer.plan.draft import Draft
from deployer.plan.duplicates import duplicates
from deployer.plan.model import HOLDS_DATA, Plan
from deployer.plan.planner import Options
from deployer.plan.protection import Protected
from deployer.plan.recovery import is_half_done, plan_recovery
from deployer.plan.stack_images import going_images
from deployer.plan.things import kept, kept_protected, remove_left_copy, remove_network, remove_twin, remove_volume
from deployer.plan.whole import abandoned, plan_of
from deployer.resources.built import NamedImage
from deployer.resources.inspected import dependencies_on_label
from deployer.resources.observed import Observed


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
            plan_recovery(container, observed)
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
    return plan_of(stack, origin, observed, [*drafts, *removals], [], {}, (*duplicates(observed), *warnings))
