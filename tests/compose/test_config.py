"""`deployer config` prints what `docker compose config` prints, to the letter, but for what is said to differ."""

from __future__ import annotations

import pytest

from tests.compose.cases import Case, all_cases, comparable
from tests.compose.oracle import RECORDED, printed_by_compose, version
from tests.compose.ours import printed_by_deployer
from tests.compose.page import PAGE, page

CASES = all_cases()
COMPARED = [
    pytest.param(
        case,
        id=case.name,
        marks=[pytest.mark.xfail(reason=f"not supported yet: {case.waits_for}")] * bool(case.waits_for),
    )
    for case in CASES
]
DIFFERENT = [pytest.param(case, id=case.name) for case in CASES if case.why]


@pytest.mark.parametrize("case", COMPARED)
def test_config_prints_what_compose_prints(case: Case) -> None:
    """What Compose refuses is refused."""
    expected = {**case.recorded, **case.different}
    assert comparable(printed_by_deployer(case)) == comparable(expected)


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_is_said_to_differ_does(case: Case) -> None:
    """And it is said why, in a sentence."""
    assert case.why.endswith(".")
    assert case.different
    recorded = comparable(case.recorded)
    assert all(text != recorded[command] for command, text in comparable(case.different).items())


@pytest.mark.skipif(version() != RECORDED, reason=f"DEPLOYER_COMPOSE names no docker compose {RECORDED}")
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_the_record_is_what_compose_prints_now(case: Case) -> None:
    """Each `compose.txt`, which tests.compose.record writes."""
    assert comparable(printed_by_compose(case)) == comparable(case.recorded)


def test_the_manual_says_what_differs() -> None:
    """With the numbers; tests.compose.record writes the page."""
    assert PAGE.read_text() == page(CASES)


def test_there_are_enough_cases() -> None:
    """With stack files of every kind, and most of them the same."""
    same = [case for case in CASES if not case.why and not case.waits_for]
    assert len(same) >= 150
