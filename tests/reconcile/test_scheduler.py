"""Which steps are due, and what is taken back."""

from __future__ import annotations

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.plan.model import Action, Call, Change, Plan, Step
from deployer.reconcile.scheduler import LONG, LONGER, Schedule
from deployer.resources.wire import EngineInfo

TAKEN_BACK = (Step(Call.STOP, "back"),)


def plan(*groups, edges=()):
    """A plan of one change a group, each of three steps that can be taken back."""
    changes = tuple(
        Change(
            f"{group}{index}",
            Action.CREATE,
            "a test",
            steps=tuple(Step(Call.START, f"{number}", undo=TAKEN_BACK) for number in range(3)),
            group=group,
        )
        for index, group in enumerate(groups)
    )
    return Plan("shop", "here", EngineInfo("", "", ""), 0, changes, tuple(edges), (), "")


def carry_out(schedule, fails=frozenset()):
    """Do all that is due, in the plan's order; gives the steps that were done."""
    done = []
    while due := schedule.due():
        step = min(due)
        schedule.started(step)
        if step in fails:
            schedule.failed(step)
        else:
            schedule.finished(step)
            done.append(step)
    return done


def test_what_does_not_depend_on_a_failure_goes_on():
    """A failed change stops itself alone."""
    schedule = Schedule(plan("a", "b"))
    assert carry_out(schedule, {(0, 1)}) == [(0, 0), (1, 0), (1, 1), (1, 2)]
    assert schedule.to_undo() == [("a", [(0, 0)])]


def test_what_fails_after_all_is_not_done():
    """As a container that has ended when it is looked at once more."""
    schedule = Schedule(plan("a"))
    carry_out(schedule)
    assert schedule.is_done(0)
    schedule.failed((0, 2))
    assert (schedule.is_done(0), schedule.is_begun(0)) == (False, True)
    assert schedule.to_undo() == [("a", [(0, 1), (0, 0)])]


def test_what_depends_on_a_failure_is_never_begun():
    """The steps behind an edge from a failed change are not due."""
    schedule = Schedule(plan("a", "b", edges=[((0, 2), (1, 0))]))
    assert carry_out(schedule, {(0, 0)}) == []
    assert not any(schedule.is_done(index) for index in (0, 1))


def test_a_group_is_taken_back_as_a_whole_in_reverse():
    """Who trades is put back together, the last step first."""
    schedule = Schedule(plan("a", "a"))
    carry_out(schedule, {(1, 1)})
    assert schedule.to_undo() == [("a", [(1, 0), (0, 2), (0, 1), (0, 0)])]


def test_what_cannot_go_on_is_taken_back_at_the_end():
    """A change that was begun and then had to wait for a failed one is undone too."""
    schedule = Schedule(plan("a", "b", edges=[((0, 2), (1, 1))]))
    carry_out(schedule, {(0, 0)})
    assert schedule.to_undo() == [("a", [])]
    assert schedule.to_undo(at_the_end=True) == [("b", [(1, 0)])]


def test_nothing_is_taken_back_once_something_was_removed():
    """Past the point of no return a group goes forward only."""
    changes = (
        Change(
            "a",
            Action.REPLACE,
            "",
            steps=(Step(Call.START, "n", undo=TAKEN_BACK), Step(Call.REMOVE, "o"), Step(Call.RENAME, "n")),
            group="a",
        ),
    )
    schedule = Schedule(Plan("shop", "here", EngineInfo("", "", ""), 0, changes, (), (), ""))
    carry_out(schedule, {(0, 2)})
    assert schedule.to_undo() == [("a", [])]


def test_a_change_that_is_not_needed_lets_others_go_on_and_is_never_undone():
    """A skipped change counts as done."""
    schedule = Schedule(plan("a", "b", edges=[((0, 2), (1, 0))]))
    schedule.started((0, 0))
    schedule.skipped(0)
    assert carry_out(schedule) == [(1, 0), (1, 1), (1, 2)]
    assert schedule.to_undo(at_the_end=True) == []


def ordered(*changes, edges=()):
    """A plan of changes with these calls, each a group of its own."""
    made = tuple(
        Change(f"{index}", Action.CREATE, "", steps=tuple(Step(call, "") for call in calls), group=f"{index}")
        for index, calls in enumerate(changes)
    )
    return Plan("shop", "here", EngineInfo("", "", ""), 0, made, tuple(edges), (), "")


def test_what_the_longest_chain_waits_for_is_due_first():
    """It is last in the plan, and a chain of three hangs on it."""
    alone, chain = [Call.START], [Call.CREATE, Call.START, Call.AWAIT_READY]
    edges = [((3, 2), (4, 0)), ((4, 2), (5, 0))]
    schedule = Schedule(ordered(alone, alone, alone, chain, chain, chain, edges=edges))
    assert schedule.due() == [(3, 0), (0, 0), (1, 0), (2, 0)]


def test_a_build_is_longer_than_many_calls():
    """Weights, and not numbers of steps, make a chain long."""
    schedule = Schedule(ordered([Call.CREATE] * 9, [Call.BUILD]))
    assert schedule.due() == [(1, 0), (0, 0)]


def test_of_equal_chains_the_plans_order_decides():
    schedule = Schedule(ordered(*[[Call.CREATE, Call.START]] * 12))
    assert schedule.due() == [(index, 0) for index in range(12)]


@pytest.mark.parametrize("parallel", [1, 2, 4])
def test_a_long_chain_beside_many_independents_takes_no_longer_than_it_must(parallel):
    """By the weights, the whole ends as soon as the chain does, or the work of all divided by those who do it."""
    alone, chain = [Call.CREATE, Call.START, Call.AWAIT_READY], [Call.CREATE, Call.START, Call.AWAIT_READY]
    edges = [((index, 2), (index + 1, 0)) for index in range(12, 17)]
    plan = ordered(*[alone] * 12, *[chain] * 6, edges=edges)
    own = LONGER + 2
    assert time_of(plan, parallel) <= max(6 * own, 18 * own / parallel + own)


def time_of(plan, parallel):
    """When all is done, where each step takes what it weighs, and so many go on at once."""
    schedule, running, now = Schedule(plan), [], 0
    while True:
        for step in schedule.due()[: parallel - len(running)]:
            schedule.started(step)
            call = plan.changes[step[0]].steps[step[1]].call
            heapq.heappush(running, (now + (LONGER if call in LONG else 1), step))
        if not running:
            return now
        now, step = heapq.heappop(running)
        schedule.finished(step)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=5), st.data())
def test_every_step_is_done_once_and_after_those_before_it(groups, data):
    """For any acyclic edges, all is done, each step once, in an order that the edges allow."""
    steps = [(index, number) for index in range(len(groups)) for number in range(3)]
    pairs = [(one, other) for one in steps for other in steps if one < other and one[0] != other[0]]
    edges = data.draw(st.lists(st.sampled_from(pairs), max_size=8)) if pairs else []
    done = carry_out(Schedule(plan(*groups, edges=edges)))
    assert sorted(done) == steps
    assert all(done.index(one) < done.index(other) for one, other in edges)


def test_what_may_have_been_done_is_taken_back_first():
    """The engine gave no answer: a step that is unsure is undone as one that was done."""
    schedule = Schedule(plan("a"))
    for step in ((0, 0), (0, 1)):
        schedule.started(step)
    schedule.finished((0, 0))
    schedule.failed((0, 1), unsure=True)
    assert schedule.to_undo() == [("a", [(0, 1), (0, 0)])]


def test_nothing_is_taken_back_where_something_may_have_been_removed():
    changes = (
        Change(
            "a", Action.REPLACE, "", steps=(Step(Call.START, "n", undo=TAKEN_BACK), Step(Call.REMOVE, "o")), group="a"
        ),
    )
    schedule = Schedule(Plan("shop", "here", EngineInfo("", "", ""), 0, changes, (), (), ""))
    schedule.finished((0, 0))
    schedule.failed((0, 1), unsure=True)
    assert schedule.to_undo() == [("a", [])]


def test_what_came_after_a_step_that_was_taken_back_is_not_due():
    """Its need was met for a moment, until another change of that group failed."""
    schedule = Schedule(plan("a", "a", "b", edges=[((0, 0), (2, 0))]))
    for step in ((0, 0), (1, 0)):
        schedule.started(step)
    schedule.finished((0, 0))
    assert (2, 0) in schedule.due()
    schedule.failed((1, 0))
    assert schedule.due() == []
    assert schedule.to_undo() == [("a", [(0, 0)])]
    assert schedule.due() == []


def test_what_a_dead_run_had_done_is_taken_back_once_the_change_is_begun():
    """Even where it fails before that; as long as nothing of it is begun, what that run had put there may be there."""
    steps = (Step(Call.CREATE, "new"), Step(Call.STOP, "old", undo=TAKEN_BACK, done=True), Step(Call.START, "new"))
    changes = (
        Change("left", Action.RECOVER, "", steps=(Step(Call.REMOVE, "new"),), group="left"),
        Change("a", Action.REPLACE, "", steps=steps, group="a"),
    )
    crashed = Plan("shop", "here", EngineInfo("", "", ""), 0, changes, (((0, 0), (1, 0)),), (), "")
    schedule = Schedule(crashed)
    carry_out(schedule, {(1, 0)})
    assert schedule.to_undo() == [("a", [(1, 1)])]
    schedule = Schedule(crashed)
    carry_out(schedule, {(0, 0)})
    assert schedule.to_undo(at_the_end=True) == [("left", []), ("a", [])]


READY_FIRST = (
    Step(Call.CREATE, "new"),
    Step(Call.COPY, "new"),
    Step(Call.CONNECT, "new"),
    Step(Call.LOOK_PORTS, "new"),
)


def schedule_of(*steps):
    change = Change("a", Action.REPLACE, "", steps=(*READY_FIRST, *steps), group="a")
    return Schedule(Plan("shop", "here", EngineInfo("", "", ""), 0, (change,), (), (), ""))


def test_a_container_that_is_made_ready_touches_nothing():
    """It waits for another one, as the old one is up, and goes again where that fails."""
    schedule = schedule_of(Step(Call.STOP, "old"))
    for number in range(4):
        schedule.started((0, number))
        schedule.finished((0, number))
    assert (schedule.is_begun(0), schedule.is_touched(0)) == (True, False)
    schedule.finished((0, 4))
    assert schedule.is_touched(0)


@pytest.mark.parametrize(("fails", "touched"), [(0, False), (3, True)])
def test_what_fails_itself_was_touched_once_its_container_is_there(fails, touched):
    schedule = schedule_of()
    carry_out(schedule, {(0, fails)})
    assert schedule.is_touched(0) is touched


def test_a_container_that_is_there_is_touched_by_what_prepares_a_new_one():
    """It joins another network, in place."""
    schedule = schedule_of(Step(Call.CONNECT, "old"))
    carry_out(schedule)
    assert schedule.is_touched(0)


def test_what_a_dead_run_had_done_and_is_taken_back_is_touched():
    schedule = schedule_of(Step(Call.STOP, "old", undo=TAKEN_BACK, done=True))
    carry_out(schedule, {(0, 0)})
    assert (schedule.is_begun(0), schedule.is_touched(0)) == (False, True)
