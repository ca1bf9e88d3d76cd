"""What `deployer prune` removes: old images of the stack's builds, and nothing else."""

from __future__ import annotations

from deployer.errors import raise_if_any
from deployer.plan import guard
from deployer.plan.images import no_recall, plan_images
from deployer.plan.model import Plan
from deployer.plan.old_builds import old_builds
from deployer.plan.whole import abandoned, plan_of
from deployer.resources.desired import Desired
from deployer.resources.observed import Observed


def plan_prune(desired: Desired, observed: Observed, keep: int | None) -> Plan:
    """Raises InvalidStack where the stack's name is another origin's."""
    raise_if_any(guard.another_origin(desired.stack, desired.origin, desired.folder, observed))
    now = plan_images(desired, observed, lambda *_: None, no_recall).now
    drafts = old_builds(desired, observed, {image.reference for image in now.values()}, keep)
    if drafts:
        drafts = [*abandoned(observed), *drafts]
    alone = tuple(sorted(observed.records.ended.resources))
    return plan_of(desired.stack, desired.origin, observed, drafts, [], {}, (), alone)
