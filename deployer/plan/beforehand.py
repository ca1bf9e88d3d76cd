"""What is done before the first stop of a group: all that its members need while they are away, and that itself waits
for none of their stops. Whoever fails in there has stopped nobody, and no group is away for what could be done before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from deployer.plan.draft import STARTS, Draft
from deployer.plan.groups import members_of
from deployer.plan.model import Call, Edge, StepId

_TAKES_AWAY = (Call.LET_STOPPED_STAY, Call.STOP, Call.RESTART, Call.DISCONNECT)


def edges_before_stops(drafts: Sequence[Draft], groups: Sequence[str], edges: Iterable[Edge]) -> set[Edge]:
    """The edges to add to these: to the first stops, from what does not come after one, so they close no circle."""
    after, before = following(drafts, edges), preceding(drafts, edges)
    found: set[Edge] = set()
    for members in members_of(groups):
        stops = {(index, at) for index in members if (at := drafts[index].first(*_TAKES_AWAY)) is not None}
        ups = [(index, at) for index in members if (at := _up(drafts[index])) is not None]
        late = reached(stops, after)
        away = (late & reached(ups, before)) | stops
        needed = {step for each in away for step in before.get(each, ())} - late
        for edge in ((step, stop) for step in needed for stop in stops if step[0] != stop[0]):
            found.add(edge)
            after.setdefault(edge[0], set()).add(edge[1])
            before.setdefault(edge[1], set()).add(edge[0])
    return found


def following(drafts: Sequence[Draft], edges: Iterable[Edge]) -> dict[StepId, set[StepId]]:
    """The steps that wait for each one: by the edges, and by their order in a change."""
    found: dict[StepId, set[StepId]] = {}
    for earlier, later in (*edges, *_in_turn(drafts)):
        found.setdefault(earlier, set()).add(later)
    return found


def preceding(drafts: Sequence[Draft], edges: Iterable[Edge]) -> dict[StepId, set[StepId]]:
    """The steps that each one waits for."""
    return following((), ((later, earlier) for earlier, later in (*edges, *_in_turn(drafts))))


def reached(starts: Iterable[StepId], onward: Mapping[StepId, Iterable[StepId]]) -> set[StepId]:
    """These steps, and all that come of them, one after the other."""
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        new = set(onward.get(waiting.pop(), ())) - seen
        seen |= new
        waiting += new
    return seen


def _in_turn(drafts: Sequence[Draft]) -> list[Edge]:
    lengths = enumerate(len(draft.change.steps) for draft in drafts)
    return [pair for index, length in lengths for pair in pairwise((index, at) for at in range(length))]


def _up(draft: Draft) -> int | None:
    return draft.first(*STARTS, Call.CONNECT) if draft.ready is None else draft.ready
