"""What is done before the first stop of a group, of any drafts whatever and in any order that they may have."""

from __future__ import annotations

from graphlib import TopologicalSorter
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from deployer.plan.beforehand import edges_before_stops, following, preceding, reached
from deployer.plan.draft import Draft
from deployer.plan.groups import members_of
from deployer.plan.model import Action, Call, Change, Edge, Step

CALLS = (
    (Call.BUILD,),
    (Call.CREATE, Call.START, Call.AWAIT_COMPLETED),
    (Call.CREATE, Call.STOP, Call.START, Call.AWAIT_READY, Call.REMOVE),
    (Call.STOP, Call.DISCONNECT, Call.CREATE, Call.START, Call.AWAIT_READY, Call.REMOVE),
)

Case = tuple[list[Draft], list[str], list[Edge]]


@st.composite
def ordered(draw: st.DrawFn, many: int) -> Case:
    """Drafts, in so many groups or alone, with edges that close no circle: all agree with one order of the steps."""
    runbooks = draw(st.lists(st.sampled_from(CALLS), min_size=2, max_size=6))
    drafts = [
        Draft(Change(f"service.s{index}[1]", Action.REPLACE, "a test", steps=tuple(Step(call, "x") for call in calls)))
        for index, calls in enumerate(runbooks)
    ]
    groups = [draw(st.sampled_from((*"abc"[:many], str(index)))) for index, _ in enumerate(drafts)]
    turns = draw(st.permutations([index for index, calls in enumerate(runbooks) for _ in calls]))
    steps = [(index, turns[:at].count(index)) for at, index in enumerate(turns)]
    apart = [(one, other) for one, other in combinations(steps, 2) if one[0] != other[0]]
    return drafts, groups, draw(st.lists(st.sampled_from(apart), max_size=12)) if apart else []


@given(ordered(3))
def test_it_closes_no_circle(case: Case) -> None:
    drafts, groups, edges = case
    every = {*edges, *edges_before_stops(drafts, groups, edges)}
    TopologicalSorter(preceding(drafts, every)).prepare()


@given(ordered(1))
def test_what_is_needed_meanwhile_comes_after_one_of_the_stops_or_before_all(case: Case) -> None:
    """So nobody in a group is away for what could be done before."""
    drafts, groups, edges = case
    every = {*edges, *edges_before_stops(drafts, groups, edges)}
    after, before = following(drafts, every), preceding(drafts, every)
    for members in members_of(groups):
        stops = {(index, at) for index in members if (at := drafts[index].first(Call.STOP)) is not None}
        ready = [(index, at) for index in members if stops and (at := drafts[index].ready) is not None]
        late, needed = reached(stops, after), reached(ready, before)
        away = (late & needed) | stops
        for step in needed - late:
            then = reached([step], after)
            assert stops <= then or not away & then
