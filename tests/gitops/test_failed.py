"""What the next process knows of a commit that failed."""

from __future__ import annotations

import pytest

from deployer.errors import Diagnostic, OperationFailed
from deployer.gitops.failed import Failure, failure_of, may_now, note
from deployer.gitops.shared import Surroundings
from tests.gitops.surroundings import surroundings

__all__ = ["surroundings"]

FAILURE = Failure("c" * 40, "web exited with code 3; it was put back", ("last log lines:", "  boom"))
PATH = "shop/stack.yaml"


def error(code: str) -> OperationFailed:
    return OperationFailed(Diagnostic(code, "it failed"))


def test_it_knows_why_and_has_the_end_of_the_log(surroundings: Surroundings):
    note(surroundings, PATH, "shop", FAILURE, [error("not-ready")])
    assert failure_of(surroundings, PATH, FAILURE.commit) == FAILURE


def test_nothing_of_another_commit(surroundings: Surroundings):
    note(surroundings, PATH, "shop", FAILURE, [error("not-ready")])
    assert failure_of(surroundings, PATH, "d" * 40) is None
    assert failure_of(surroundings, "other/stack.yaml", FAILURE.commit) is None


def test_what_an_older_deployer_noted_says_not_why(surroundings: Surroundings):
    surroundings.clone.note("failed.json", {PATH: {"stack": "shop", "commit": FAILURE.commit, "beside": {}}})
    assert failure_of(surroundings, PATH, FAILURE.commit) is None
    surroundings.at = {"blog": "e" * 40}
    assert may_now(surroundings, PATH, FAILURE.commit)


@pytest.mark.parametrize(("code", "again"), [("port-taken", True), ("not-ready", False)])
def test_it_is_tried_again_once_another_stack_may_have_made_room(surroundings: Surroundings, code: str, again: bool):
    surroundings.at = {"shop": "a" * 40, "blog": "b" * 40}
    note(surroundings, PATH, "shop", FAILURE, [error(code)])
    surroundings.at = {"shop": "a" * 40, "blog": "b" * 40}
    assert not may_now(surroundings, PATH, FAILURE.commit)
    surroundings.at = {"shop": "a" * 40}
    assert may_now(surroundings, PATH, FAILURE.commit) is again
