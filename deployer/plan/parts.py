"""A part of what an apply would do: its builds, its pushes or its pulls, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import StrEnum

from deployer.errors import Diagnostic, Unreachable, raise_if_any
from deployer.plan import guard
from deployer.plan.asked import with_lines
from deployer.plan.diff import PlaceOf
from deployer.plan.draft import Draft
from deployer.plan.images import Recall, plan_images
from deployer.plan.model import Call, Plan
from deployer.plan.planner import of_images
from deployer.plan.pushes import await_registries, plan_pushes, with_registries
from deployer.plan.unasked import not_asked
from deployer.plan.whole import abandoned, left_alone, plan_of
from deployer.resources.builds import in_order
from deployer.resources.desired import Desired
from deployer.resources.observed import Observed


class Part(StrEnum):
    """BUILD: the builds, with the base images that they pull. PUSH: the pushes, with the builds that they need. PULL:
    the images that the services run.
    """

    BUILD = "build"
    PUSH = "push"
    PULL = "pull"


def plan_part(desired: Desired, observed: Observed, part: Part, place: PlaceOf, recall: Recall) -> Plan:
    """What apply would do of it. Raises InvalidStack where the stack's name is another origin's, or the engine refuses
    a registry; Unreachable where a registry is a service of the stack that does not run.
    """
    raise_if_any(guard.another_origin(desired.stack, desired.origin, desired.folder, observed))
    raise_if_any(guard.insecure_refused(desired, observed, place))
    images = plan_images(desired, observed, place, recall)
    pushes = plan_pushes(desired, observed, images, place)
    made = list(of_images(images.changes, desired))
    pushed = {step.payload for draft in pushes for step in draft.change.steps if step.call is Call.TAG}
    chosen = {
        Part.BUILD: _with_bases(desired, made, None),
        Part.PUSH: [*_with_bases(desired, made, pushed), *pushes],
        Part.PULL: [draft for draft in made if draft.has(Call.PULL) and not draft.has(Call.BUILD)],
    }[part]
    drafts = [with_registries(draft, desired) for draft in chosen]
    raise_if_any(_down(drafts, observed), Unreachable)
    await_registries(drafts, observed)
    drafts = [*abandoned(observed), *drafts] if drafts else []
    with_lines(drafts, desired, observed, place)
    alone = left_alone(desired, observed, {draft.change.address for draft in drafts})
    unasked = tuple(not_asked(desired, observed, place)) if part is Part.PULL else ()
    return plan_of(desired.stack, desired.origin, observed, drafts, [], images.now, unasked, alone)


def _with_bases(desired: Desired, made: list[Draft], addresses: Collection[str] | None) -> list[Draft]:
    """The builds of these addresses, or all, and what they start from."""
    needed = {build.address for build in in_order(desired.builds, addresses)}
    needed |= {base for draft in made if draft.change.address in needed for base in draft.starts_from}
    return [draft for draft in made if draft.change.address in needed]


def _down(drafts: list[Draft], observed: Observed) -> Iterator[Diagnostic]:
    """A registry of the stack's own that somebody else has to start first."""
    for draft in drafts:
        for service in sorted(draft.registries):
            if not any(each.is_up for each in observed.of_service(service)):
                message = f"its registry is service.{service} of this stack, which does not run"
                hint = "deployer apply starts it, and does this, too"
                yield Diagnostic("registry-unreachable", message, hint=hint, address=draft.change.address)
