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
from deployer.gitops.told import send

GOOD, BAD, WORSE = "a" * 40, "b" * 40, "c" * 40
READY = StackStatus("stack.yaml", "shop", Condition.READY, Reason.IN_STEP, "as the branch says", 0.0, GOOD)


def failed(commit: str, reason: Reason = Reason.COMMIT_FAILED) -> StackStatus:
    return replace(READY, condition=Condition.DEGRADED, reason=reason, message=f"{commit} failed", failed=commit)


class Told:
    """What somebody is notified of, round after round, each of a process of its own."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self.messages: list[tuple[str, str]] = []
        self.lines: list[str] = []
        self.is_away = False

    def round(self, status: StackStatus) -> int:
        """How often somebody was notified in it."""
        before = len(self.messages)
        send(self.clone, self._notify, [status], self._tell)
        return len(self.messages) - before

    def _notify(self, status: StackStatus, before: str) -> str:
        if self.is_away:
            return "nobody answers"
        self.messages.append((before, status.message))
        return ""

    def _tell(self, _kind: str, line: str, _details: dict[str, Any]) -> None:
        self.lines.append(line)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    remote = remote_of("https://git.example/me/shop.git")
    clone = clone_of(tmp_path, remote, Follow(), Credentials(), None, lambda: False)
    clone.folder.mkdir(parents=True)
    return Told(clone)


def test_a_condition_is_told_once(told: Told):
    assert [told.round(READY), told.round(READY), told.round(failed(BAD)), told.round(failed(BAD))] == [1, 0, 1, 0]


def test_a_second_commit_that_fails_in_a_row_is_told_with_its_reason(told: Told):
    told.round(failed(BAD))
    assert [told.round(failed(WORSE)), told.round(failed(WORSE))] == [1, 0]
    assert told.messages[-1] == ("Degraded", f"{WORSE} failed")


def test_so_is_one_that_fails_in_another_way(told: Told):
    told.round(failed(BAD))
    assert told.round(failed(WORSE, Reason.INVALID)) == 1


def test_what_fails_besides_at_the_same_commit_is_no_news(told: Told):
    """Such as a container that is unhealthy for a while; and the commit is not told anew after that."""
    told.round(failed(BAD))
    sick = replace(failed(""), reason=Reason.UNHEALTHY)
    assert [told.round(sick), told.round(failed(BAD))] == [0, 0]


def test_what_is_on_its_way_is_not_told_and_makes_nothing_news(told: Told):
    told.round(failed(BAD))
    assert told.round(replace(READY, condition=Condition.PROGRESSING, reason=Reason.APPLYING)) == 0
    assert told.round(failed(BAD)) == 0


def test_the_same_commit_that_fails_again_after_all_was_well_is_told(told: Told):
    told.round(failed(BAD))
    assert [told.round(READY), told.round(failed(BAD))] == [1, 1]


def test_who_was_out_of_reach_is_told_later(told: Told):
    told.is_away = True
    assert told.round(failed(BAD)) == 0
    assert told.lines == ["shop: nobody could be notified: nobody answers"]
    told.is_away = False
    assert told.round(failed(BAD)) == 1


def test_what_an_older_deployer_has_noted_is_not_told_again(told: Told):
    told.clone.note("told.json", {"stack.yaml": "Ready"})
    assert told.round(READY) == 0
