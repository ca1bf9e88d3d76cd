"""What a plan takes away for a while: the containers that serve, and the steps that stop them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deployer.plan.draft import Draft
from deployer.plan.groups import trade
from deployer.plan.model import Action, Call, StepId
from deployer.resources.observed import Observed, ObservedContainer


@dataclass(frozen=True, slots=True)
class Down:
    """What serves, until the step that stops it."""

    container: ObservedContainer
    step: StepId


def downs_of(index: int, draft: Draft, drafts: Sequence[Draft], observed: Observed) -> list[Down]:
    """What a change takes away that is up, and brings back: what it changes; of a new container, those that go and have
    what it waits for, such as a port.
    """
    if draft.ready is None or draft.has(Call.AWAIT_COMPLETED):
        return []
    if draft.old:
        down = _of_its_own(index, draft, drafts, observed)
        return [down] if down else []
    givers = ((other, giver, giver.first(Call.STOP)) for other, giver in enumerate(drafts) if trade(giver, draft))
    return [
        Down(giver.old, (other, stop))
        for other, giver, stop in givers
        if giver.change.action is Action.REMOVE and giver.old and giver.old.is_up and stop is not None
    ]


def _of_its_own(index: int, draft: Draft, drafts: Sequence[Draft], observed: Observed) -> Down | None:
    """What takes a service away that is up, where the same change, or the one after it, starts what takes its place. A
    service may be served by the successor that a dead run left, which goes first.
    """
    if draft.old is None:
        return None
    at = draft.first(Call.STOP, Call.RESTART)
    if draft.old.is_up:
        return None if at is None else Down(draft.old, (index, at))
    left = {each.id: each for each in observed.containers if each.replaces == draft.old.id and each.is_up}
    for other, recovery in enumerate(drafts):
        stop = recovery.first(Call.STOP) if recovery.change.action is Action.RECOVER else None
        if stop is not None and recovery.change.steps[stop].target in left:
            return Down(left[recovery.change.steps[stop].target], (other, stop))
    return None
