"""What the agent decides: laws over all that it can find, and whole stories on a world of plain values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.gitops.rules import (
    LONGEST_WAIT,
    MOST_TIMES,
    Auto,
    Condition,
    Found,
    Reason,
    Rule,
    Verdict,
    decide,
    pause,
    times_away,
)
from deployer.gitops.standing import (
    BY_SYNC,
    HEALING,
    good_now,
    has_failed,
    is_of,
    last_good,
    of_repository,
    times_in_a_row,
)
from deployer.resources.records import DIED, FAILED, INTERRUPTED, SUCCEEDED, Record, Records
from deployer.resources.revisions import About

RULES = st.builds(Rule, auto=st.sampled_from(Auto), heal=st.booleans(), prune=st.booleans())
TROUBLES = st.sampled_from([None, Reason.INVALID, Reason.COMMIT_FAILED, Reason.COMMIT_REFUSED, Reason.HELD])
FOUND = st.builds(
    Found,
    head=st.just("b"),
    target=st.sampled_from(["", "a", "b"]),
    trouble=TROUBLES,
    empty=st.booleans(),
    drift=st.booleans(),
    replaces=st.booleans(),
    times=st.integers(0, 5),
    resting=st.booleans(),
    crashed=st.booleans(),
    unhealthy=st.booleans(),
    starting=st.booleans(),
    withheld=st.sampled_from([(), ("conf/a",)]),
).filter(lambda found: bool(found.target) or found.trouble is not None)


@given(RULES, FOUND)
def test_who_acts_has_something_to_do_and_may(rule: Rule, found: Found):
    if decide(rule, found).act:
        assert not found.empty
        assert not found.resting
        assert not found.withheld
        assert found.target
        assert found.times < MOST_TIMES
        assert rule.heal if found.drift else rule.auto is not Auto.OFF
        assert not (found.replaces and rule.auto is Auto.NO_REPLACE)


@given(RULES, FOUND)
def test_what_crashes_is_no_drift(rule: Rule, found: Found):
    crashes = replace(found, trouble=None, target="b", resting=False, crashed=True, drift=True, withheld=())
    verdict = decide(rule, crashes)
    assert (verdict.condition, verdict.reason) == (Condition.DEGRADED, Reason.CRASHES)


@given(RULES, FOUND)
def test_while_a_commit_waits_what_went_before_it_is_only_healed(rule: Rule, found: Found):
    waits = replace(found, target="a", trouble=Reason.HELD)
    if decide(rule, waits).act:
        assert waits.drift
    elif not (waits.crashed or waits.unhealthy or waits.starting or waits.resting):
        assert decide(rule, waits).condition is Condition.DRIFTED


@given(RULES, FOUND)
def test_ready_is_as_the_branch_says_and_well(rule: Rule, found: Found):
    ready = decide(rule, found).condition is Condition.READY
    ill = found.crashed or found.unhealthy or found.starting
    assert ready == (found.empty and not (found.trouble or ill or found.withheld))


@given(RULES, FOUND)
def test_files_that_are_not_put_in_place_are_told(rule: Rule, found: Found):
    verdict = decide(rule, replace(found, trouble=None, target="b", withheld=("conf/a",)))
    assert verdict == Verdict(False, Condition.DRIFTED, Reason.HELD)


@given(RULES, FOUND)
def test_what_is_not_done_is_told(rule: Rule, found: Found):
    verdict = decide(rule, found)
    if not found.empty and not verdict.act:
        assert verdict.condition in (Condition.DRIFTED, Condition.DEGRADED)


@given(RULES, FOUND, st.sampled_from([Reason.INVALID, Reason.COMMIT_FAILED, Reason.COMMIT_REFUSED]))
def test_a_commit_that_is_none_to_try_is_degraded_whatever_else_is_so(rule: Rule, found: Found, trouble: Reason):
    assert decide(rule, replace(found, trouble=trouble)).condition is Condition.DEGRADED


@given(FOUND)
def test_with_everything_off_nothing_is_done(found: Found):
    assert not decide(Rule(Auto.OFF, heal=False), found).act


@given(st.integers(0, 100), st.floats(1, 7200), st.floats(0, 1))
def test_a_pause_grows_and_has_an_end(failures: int, interval: float, chance: float):
    assert pause(failures, interval, 0.5) <= pause(failures + 1, interval, 0.5) <= max(interval, LONGEST_WAIT)
    assert abs(pause(failures, interval, chance) / pause(failures, interval, 0.5) - 1) <= 0.1001


# What records say


def record(
    revision: int, commit: str, result: str, command: str = BY_SYNC, made: float = 0, change: str = "~"
) -> Record:
    about = About(command=command, commit=commit, change=change)
    return Record(revision, nonce="n", result=result, about=about, made=made, origin="git.example/shop//stack.yaml")


def test_a_commit_that_failed_is_known():
    records = Records((record(1, "a", SUCCEEDED), record(2, "b", FAILED)))
    assert has_failed(records, "b")
    assert not has_failed(records, "a")
    assert not has_failed(records, "c")
    assert last_good(records) == "a"


def test_a_commit_that_once_came_about_has_not_failed():
    records = Records((record(1, "a", SUCCEEDED), record(2, "a", FAILED)))
    assert not has_failed(records, "a")


def test_who_fails_to_heal_is_no_sign_against_the_commit():
    assert not has_failed(Records((record(1, "a", FAILED, HEALING),)), "a")


def test_neither_is_who_was_interrupted_or_died():
    assert not has_failed(Records((record(1, "a", INTERRUPTED), record(2, "a", DIED), record(3, "a", ""))), "a")


def test_nor_is_a_registry_out_of_reach():
    failed = record(1, "a", FAILED)
    assert not has_failed(Records((replace(failed, about=replace(failed.about, again=True)),)), "a")


def test_it_is_remembered_while_the_last_good_one_is_healed():
    records = Records((record(1, "a", SUCCEEDED), record(2, "b", FAILED), record(3, "a", SUCCEEDED)))
    assert has_failed(records, "b")
    assert last_good(records) == "a"


def test_a_commit_that_had_nothing_to_change_is_a_good_one():
    """As long as no other one came about."""
    first, failed = (replace(each, nonce=each.result) for each in (record(1, "a", SUCCEEDED), record(3, "c", FAILED)))
    assert good_now(Records((first, failed)), ["b", SUCCEEDED]) == "b"
    other = replace(record(4, "d", SUCCEEDED), nonce="of d")
    assert good_now(Records((first, failed, other)), ["b", SUCCEEDED]) == "d"
    assert good_now(Records(()), ["b", SUCCEEDED]) == ""


@pytest.mark.parametrize("noted", [None, [], "b", ["b"], {"b": 1}, ["b", None], [1, "n"]])
def test_what_was_noted_and_lost_is_that_of_the_last_revision(noted: object):
    assert good_now(Records((record(1, "a", SUCCEEDED),)), noted) == "a"


def test_what_a_person_applies_anew_is_no_longer_what_the_agent_found_in_step():
    first = replace(record(1, "a", SUCCEEDED, "apply"), nonce="first")
    assert is_of(Records((first,)), ["a", "first"])
    again = replace(record(2, "a", SUCCEEDED, "apply"), nonce="again")
    assert not is_of(Records((first, again)), ["a", "first"])
    assert not is_of(Records(()), ["a", "first"])


def test_what_was_applied_by_hand_counts():
    records = Records((record(1, "b", FAILED), record(2, "b", SUCCEEDED, "apply")))
    assert not has_failed(records, "b")


def test_what_comes_back_is_counted():
    records = Records(tuple(record(number, "a", SUCCEEDED, made=number * 60.0) for number in range(1, 6)))
    assert times_in_a_row(records, "a", "~", within=100, now=350) == 5
    assert times_in_a_row(records, "a", "~", within=30, now=310) == 1
    assert times_in_a_row(records, "a", "~", within=100, now=900) == 0
    assert times_in_a_row(records, "a", "other", within=100, now=350) == 0
    assert times_in_a_row(records, "b", "~", within=100, now=350) == 0


def test_the_stacks_of_a_repository_are_known_by_their_origin():
    other = Records((replace(record(1, "a", SUCCEEDED), origin="git.example/shop2//stack.yaml"),))
    known = of_repository({"shop": Records((record(1, "a", SUCCEEDED),)), "other": other}, "git.example/shop")
    assert [(each.name, each.path) for each in known] == [("shop", "stack.yaml")]


# Stories


@dataclass
class World:
    """A stack on an engine. A commit that is bad fails, and is put back; one that flaps never comes to rest."""

    bad: frozenset[str] = frozenset()
    flaps: bool = False
    runs: str = ""
    hurt: bool = False
    records: list[Record] = field(default_factory=list[Record])
    now: float = 0.0
    tried: list[str] = field(default_factory=list[str])

    def cycle(self, head: str, rule: Rule, killed: str = "") -> Condition:
        """One round; `killed` says where it ends: before it has begun, or before it has written what became of it."""
        self.now += 60
        records = Records(tuple(self.records))
        failed = has_failed(records, head)
        target = last_good(records) if failed else head
        found = Found(
            head,
            target,
            Reason.COMMIT_FAILED if failed else None,
            empty=self.runs == target and not self.hurt and not self.flaps,
            drift=self.runs == target,
            times=times_in_a_row(records, target, "~", within=600, now=self.now),
        )
        verdict = decide(rule, found)
        if verdict.act and killed != "before":
            self.tried.append(target)
            good = target not in self.bad
            if good:
                self.runs, self.hurt = target, False
            command = HEALING if found.drift else BY_SYNC
            result = "" if killed == "within" else SUCCEEDED if good else FAILED
            self.records.append(record(len(self.records) + 1, target, result, command, self.now))
        return verdict.condition


HEADS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=25)
KILLS = st.lists(st.sampled_from(["", "", "before", "within"]), min_size=25, max_size=25)


@given(HEADS, KILLS)
def test_a_bad_commit_is_tried_until_it_is_known_to_be_one_and_never_again(heads: list[str], kills: list[str]):
    world = World(bad=frozenset("b"))
    for head, killed in zip(heads, kills, strict=False):
        world.cycle(head, Rule(), killed)
    told = [each for each in world.records if each.about.commit == "b" and each.result == FAILED]
    assert len(told) <= 1
    assert world.runs in ("", "a", "c")


@given(HEADS, KILLS)
def test_after_two_quiet_rounds_it_runs_what_the_branch_says(heads: list[str], kills: list[str]):
    """Or, where that is bad, the last that is known to have come about; where none is, what ran."""
    world = World(bad=frozenset("b"))
    for head, killed in zip(heads, kills, strict=False):
        world.cycle(head, Rule(), killed)
    before = world.runs
    for _ in range(3):
        condition = world.cycle(heads[-1], Rule())
    if heads[-1] != "b":
        assert (world.runs, condition) == (heads[-1], Condition.READY)
    else:
        assert world.runs == (last_good(Records(tuple(world.records))) or before)
        assert condition is Condition.DEGRADED


@given(st.integers(5, 60))
def test_a_plan_that_returns_is_not_repeated_for_ever(rounds: int):
    world = World(flaps=True)
    conditions = [world.cycle("a", Rule()) for _ in range(rounds)]
    assert len(world.tried) <= MOST_TIMES * (1 + rounds // 10)
    assert Condition.DRIFTED in conditions


def test_what_is_broken_by_hand_now_and_then_is_healed_each_time():
    world = World()
    for _ in range(20):
        world.hurt = True
        world.cycle("a", Rule())
        assert not world.hurt
        for _ in range(15):
            assert world.cycle("a", Rule()) is Condition.READY


def test_a_revert_is_applied():
    world = World(bad=frozenset("b"))
    world.cycle("a", Rule())
    world.cycle("b", Rule())
    assert world.cycle("b", Rule()) is Condition.DEGRADED
    world.cycle("c", Rule())
    assert world.cycle("c", Rule()) is Condition.READY
    assert world.tried == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("wrong", "times"),
    [
        (None, 0),
        (Reason.INVALID, 0),
        (Reason.COMMIT_REFUSED, 0),
        (Reason.UNREACHABLE, 4),
        (Reason.APPLY_FAILED, 4),
    ],
)
def test_only_what_is_away_is_asked_less_often(wrong: Reason | None, times: int):
    """A branch without a stack file, or with a commit that is refused, is looked at as often as any."""
    assert times_away(3, wrong) == times
