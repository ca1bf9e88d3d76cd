"""Of what somebody is notified, and of what not again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployer.gitops.clone import Clone, Follow, clone_of
from deployer.gitops.remote import Credentials, remote_of
from deployer.gitops.rules import Condition, Reason
from deployer.gitops.status import StackStatus
from deployer.gitops.told import LASTS, Told

GOOD, BAD, WORSE = "a" * 40, "b" * 40, "c" * 40
READY = StackStatus("stack.yaml", "shop", Condition.READY, Reason.IN_STEP, "as the branch says", 0.0, GOOD)


def failed(commit: str, reason: Reason = Reason.COMMIT_FAILED) -> StackStatus:
    return replace(READY, condition=Condition.DEGRADED, reason=reason, message=f"{commit} failed", failed=commit)


class Rounds:
    """What somebody is notified of, round after round, each of a process of its own."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self.messages: list[tuple[str, str]] = []
        self.labels: list[str] = []
        self.lines: list[str] = []
        self.is_away = False

    def told(self) -> Told:
        """By a new process."""
        return Told(self.clone, self._notify, self._tell)

    def round(self, status: StackStatus) -> int:
        """How often somebody was notified in it."""
        before = len(self.messages)
        self.told().of(status)
        return len(self.messages) - before

    def trouble(self, reason: Reason, message: str) -> int:
        before = len(self.messages)
        self.told().trouble(reason, message, GOOD)
        return len(self.messages) - before

    def over(self) -> int:
        before = len(self.messages)
        self.told().over(GOOD)
        return len(self.messages) - before

    def _notify(self, status: StackStatus, before: str) -> str:
        if self.is_away:
            return "nobody answers"
        self.messages.append((before, status.message))
        self.labels.append(f"{status.label}: {status.condition} {status.reason}")
        return ""

    def _tell(self, _kind: str, line: str, _details: dict[str, Any]) -> None:
        self.lines.append(line)


@pytest.fixture
def told(tmp_path: Path) -> Rounds:
    remote = remote_of("https://git.example/me/shop.git")
    clone = clone_of(tmp_path, remote, Follow(), Credentials(), None, lambda: False)
    clone.folder.mkdir(parents=True)
    return Rounds(clone)


def test_a_condition_is_told_once(told: Rounds):
    assert [told.round(READY), told.round(READY), told.round(failed(BAD)), told.round(failed(BAD))] == [1, 0, 1, 0]


def test_a_second_commit_that_fails_in_a_row_is_told_with_its_reason(told: Rounds):
    told.round(failed(BAD))
    assert [told.round(failed(WORSE)), told.round(failed(WORSE))] == [1, 0]
    assert told.messages[-1] == ("Degraded", f"{WORSE} failed")


def test_so_is_one_that_fails_in_another_way(told: Rounds):
    told.round(failed(BAD))
    assert told.round(failed(WORSE, Reason.INVALID)) == 1


def test_what_fails_besides_at_the_same_commit_is_no_news(told: Rounds):
    """Such as a container that is unhealthy for a while; and the commit is not told anew after that."""
    told.round(failed(BAD))
    sick = replace(failed(""), reason=Reason.UNHEALTHY)
    assert [told.round(sick), told.round(failed(BAD))] == [0, 0]


def test_what_crashes_and_is_left_so_is_told_once_more(told: Rounds):
    crash = replace(failed(""), reason=Reason.CRASHES, message="web exited with code 6; started again (1 of 3)")
    left = replace(crash, message="web exited with code 6; it is left so", left=True)
    assert [told.round(each) for each in (crash, crash, left, left, crash, left)] == [1, 0, 1, 0, 0, 0]
    assert told.messages[-1] == ("Degraded", "web exited with code 6; it is left so")


def test_what_is_on_its_way_is_not_told_and_makes_nothing_news(told: Rounds):
    told.round(failed(BAD))
    assert told.round(replace(READY, condition=Condition.PROGRESSING, reason=Reason.APPLYING)) == 0
    assert told.round(failed(BAD)) == 0


def test_the_same_commit_that_fails_again_after_all_was_well_is_told(told: Rounds):
    told.round(failed(BAD))
    assert [told.round(READY), told.round(failed(BAD))] == [1, 1]


def test_who_was_out_of_reach_is_told_later(told: Rounds):
    told.is_away = True
    assert told.round(failed(BAD)) == 0
    assert told.lines == ["shop: nobody could be notified: nobody answers"]
    told.is_away = False
    assert told.round(failed(BAD)) == 1


def test_what_an_older_deployer_has_noted_is_not_told_again(told: Rounds):
    told.clone.note("told.json", {"stack.yaml": "Ready"})
    assert told.round(READY) == 0


def test_a_stack_that_is_called_otherwise_was_nothing_before(told: Rounds):
    """What was told of the one whose file it was is no word on it."""
    gone = replace(READY, condition=Condition.DRIFTED, reason=Reason.FILE_GONE, message="gone")
    told.round(gone)
    told.round(replace(READY, stack="new"))
    assert told.messages == [("", "gone"), ("", READY.message)]


def test_and_the_one_that_it_was_is_told_of_under_its_own_name_each_time(told: Rounds):
    """Renamed and called back, twice: each is news of that stack, wherever its file lies now."""
    gone = replace(
        READY, path="stack.yaml as shop", condition=Condition.DRIFTED, reason=Reason.FILE_GONE, message="gone"
    )
    assert [told.round(each) for each in (READY, gone, READY, gone, READY)] == [1, 1, 1, 1, 1]
    assert [before for before, _ in told.messages] == ["", "Ready", "Drifted", "Ready", "Drifted"]


def test_what_was_told_of_a_file_is_told_of_the_stack_once_its_name_is_known(told: Rounds):
    told.round(replace(failed(BAD, Reason.INVALID), stack=""))
    told.round(READY)
    assert told.messages[-1] == ("Degraded", READY.message)


def test_nobody_who_is_away_is_asked_twice_in_a_round_for_one_stack(told: Rounds):
    told.is_away = True
    one = told.told()
    for _ in range(2):
        one.of(READY)
    assert len(told.lines) == 1
    told.is_away = False
    one.begin()
    one.of(READY)
    assert len(told.messages) == 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time it is."""
    now = [1000.0]
    monkeypatch.setattr("deployer.gitops.told.time.time", lambda: now[0])
    return now


def test_trouble_that_lasts_is_told_once_and_so_is_its_end(told: Rounds, clock: list[float]):
    """Round after round, each of a process of its own, as from cron."""
    away = (Reason.UNREACHABLE, "git fetch failed")
    assert told.trouble(*away) == 0
    clock[0] += LASTS - 1
    assert told.trouble(*away) == 0
    clock[0] += 1
    assert [told.trouble(*away), told.trouble(Reason.UNREACHABLE, "git fetch failed otherwise")] == [1, 0]
    assert [told.over(), told.over()] == [1, 0]
    assert told.labels == [
        "https://git.example/me/shop.git: Degraded Unreachable",
        "https://git.example/me/shop.git: Ready InStep",
    ]
    assert told.messages[-1] == ("Degraded", "this is over: git fetch failed otherwise")


def test_trouble_that_is_soon_over_is_not_told(told: Rounds, clock: list[float]):
    told.trouble(Reason.UNREACHABLE, "git fetch failed")
    assert told.over() == 0
    clock[0] += LASTS
    assert [told.trouble(Reason.UNREACHABLE, "git fetch failed"), told.over()] == [0, 0]


def test_trouble_of_another_kind_is_told_too_once_it_lasts(told: Rounds, clock: list[float]):
    told.trouble(Reason.UNREACHABLE, "git fetch failed")
    clock[0] += LASTS
    assert told.trouble(Reason.UNREACHABLE, "git fetch failed") == 1
    assert told.trouble(Reason.COMMIT_REFUSED, "a link leads out of it") == 0
    clock[0] += LASTS
    assert told.trouble(Reason.COMMIT_REFUSED, "a link leads out of it") == 1
    assert told.messages[-1] == ("Degraded", "a link leads out of it")


def test_who_is_away_is_told_of_trouble_and_of_its_end_later(told: Rounds, clock: list[float]):
    away = (Reason.UNREACHABLE, "git fetch failed")
    told.trouble(*away)
    clock[0] += LASTS
    told.is_away = True
    assert told.trouble(*away) == 0
    told.is_away = False
    assert told.trouble(*away) == 1
    told.is_away = True
    assert told.over() == 0
    told.is_away = False
    assert told.over() == 1
