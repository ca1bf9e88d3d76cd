"""What an agent remembers and counts from round to round."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.gitops.clone import Follow, clone_of
from deployer.gitops.gone import how_to_remove
from deployer.gitops.remote import Credentials, remote_of
from deployer.gitops.rules import Condition, Reason, Rule
from deployer.gitops.shared import Surroundings
from deployer.wiring import Choices


@pytest.fixture
def all(tmp_path: Path) -> Surroundings:
    remote = remote_of("https://git.example/me/shop.git")
    clone = clone_of(tmp_path, remote, Follow(), Credentials(), None, lambda: False)

    def nothing(*_: object) -> None: ...

    def nobody(_: object) -> None: ...

    return Surroundings(
        clone,
        Choices(),
        Rule(),
        60.0,
        nothing,
        nobody,
        nobody,
        nobody,
        nobody,
        lambda: 0.5,  # type: ignore[arg-type]
    )


def test_a_failure_counts_in_the_round_in_which_it_happens_and_no_more(all: Surroundings):
    def say() -> bool:
        all.failed = False
        all.say("stack.yaml", Condition.DEGRADED, Reason.COMMIT_FAILED, "it failed", "c")
        return all.failed

    assert [say() for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("condition", [Condition.READY, Condition.DRIFTED, Condition.PROGRESSING])
def test_what_waits_or_is_well_has_not_failed(all: Surroundings, condition: Condition):
    all.say("stack.yaml", condition, Reason.HELD, "it waits", "c")
    assert not all.failed


def test_the_agent_is_not_said_to_remove_its_own_stack():
    assert "--prune" in how_to_remove("shop", ours=False)
    assert "--prune" not in how_to_remove("agent", ours=True)
