"""Random services have no false difference, and random changes of them are told: each of them, and nothing else.

`python -m pytest tests/law/test_random_services.py --random 5000` tries as many, a hundred to a stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from deployer.fields import container
from deployer.fields.container_names import container_name
from deployer.plan.model import Change
from deployer.reconcile.protocol import Engine
from deployer.resources import identity
from tests.law.random_services import EXAMPLE, SECTIONS, Said, Trial, random_trials, row_of
from tests.law.test_law import refuses

pytestmark = pytest.mark.engine

PACK = 100


@pytest.fixture(scope="module")
def trials(request: pytest.FixtureRequest, engine: Engine, images: tuple[str, str]) -> list[Trial]:
    """As many as `--random` says, less what this engine cannot have."""
    cannot = [
        row.name
        for row in container.FIELDS
        if not engine.info().speaks(row.since) or (row.proven_where and refuses(engine, row, images[0]))
    ]
    return random_trials(request.config.getoption("--random"), request.config.getoption("--random-seed"), cannot)


def packs(trials: list[Trial]) -> Iterator[dict[str, Trial]]:
    for start in range(0, len(trials), PACK):
        yield {f"s{start + number}": trial for number, trial in enumerate(trials[start : start + PACK])}


def write(stack: Any, pack: Mapping[str, Trial], said: Callable[[Trial], Said], image: str) -> None:
    services = {name: trial.written(said(trial), image) for name, trial in pack.items()}
    stack.write({"example": {"image": image, **EXAMPLE}, **services}, **SECTIONS)


def told(stack: Any, pack: Mapping[str, Trial]) -> dict[str, set[str]]:
    """What the plan says of each service: the rows, or the action where it names none."""
    changes: dict[str, Change] = stack.changes()
    found = {name: changes.pop(identity.container_address(name, 1), None) for name in pack}
    assert not changes, f"the plan is about {', '.join(changes)} besides"
    return {
        name: {row_of(each.field) for each in change.fields} or {str(change.action)} if change else set()
        for name, change in found.items()
    }


def wrong(stack: Any, pack: Mapping[str, Trial], image: str) -> dict[str, str]:
    """What is not as it should be, by service."""
    found: dict[str, str] = {}

    def judge(phase: str, expected: Callable[[Trial], set[str]]) -> None:
        for name, rows in told(stack, pack).items():
            if rows != expected(pack[name]):
                false, missed = sorted(rows - expected(pack[name])), sorted(expected(pack[name]) - rows)
                found.setdefault(name, f"{phase}: false differences {false}, missed ones {missed}")

    def apply(phase: str) -> None:
        errors = [str(error) for error in stack.apply().errors]
        for name in pack:
            mine = [error for error in errors if container_name(stack.name, name, 1) in error]
            if mine:
                found.setdefault(name, f"{phase}: {'; '.join(mine)}")
        assert len(found) or not errors, errors
        judge(phase, lambda _: set())

    write(stack, pack, lambda trial: trial.before, image)
    apply("applied")
    write(stack, pack, lambda trial: trial.after, image)
    judge("changed", lambda trial: trial.changed)
    apply("applied again")
    return found


def shrunk(trial: Trial, fails: Callable[[Trial], str]) -> tuple[Trial, str]:
    """The trial with as few rows as still fail, alone, and how it fails."""
    how = fails(trial)
    for row in sorted(trial.before.keys() | trial.after.keys()):
        if how and (less := fails(trial.without(row))):
            trial, how = trial.without(row), less
    return trial, how


def test_random_services_are_no_difference_and_their_changes_are_told(
    trials: list[Trial], live_stack: Callable[[str], Any], images: tuple[str, str], record_property: Any
) -> None:
    """Applied is an empty plan; a change is those rows and no other; applied again is empty."""
    told_of: list[str] = []
    for number, pack in enumerate(packs(trials)):
        stack = live_stack(f"random-{number}")
        failed = wrong(stack, pack, images[0])
        stack.remove_everything()
        for name, how in failed.items():
            told_of.append(_alone(pack[name], how, live_stack(f"alone-{name}"), images[0]))
        record_property("random services", str(len(pack)))
    assert not told_of, "\n".join(told_of)


def _alone(trial: Trial, how: str, stack: Any, image: str) -> str:
    def fails(one: Trial) -> str:
        failed = wrong(stack, {"alone": one}, image)
        stack.remove_everything()
        return failed.get("alone", "")

    smallest, why = shrunk(trial, fails)
    before, after = (smallest.written(said, image) for said in (smallest.before, smallest.after))
    return f"{why or f'only among others: {how}'}\n  before: {before}\n  after:  {after}"
