"""What a saved plan rests on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from deployer.fields.field import Effect
from deployer.plan.fingerprint import LIVING, basis, fingerprint, plain
from deployer.plan.model import Action, Call, Cause, Change, FieldChange, Step
from deployer.resources.observed import ObservedContainer

ROOT = Path(__file__).parents[2]
FIELD = FieldChange("mem_limit", "64m", "128m", (Cause.EDIT,), Effect.IN_PLACE)
CHANGE = Change("service.web[1]", Action.UPDATE, "mem_limit", (FIELD,), (Step(Call.UPDATE, "id"),))


def with_values(container: ObservedContainer, **values: Any) -> ObservedContainer:
    return replace(container, values=MappingProxyType({**container.values, **values}))


BASES = {"service.web[1]": "a"}


@pytest.mark.parametrize(
    "other",
    [
        replace(CHANGE, address="service.web[2]"),
        replace(CHANGE, action=Action.RESTART),
        replace(CHANGE, fields=(replace(FIELD, before="63m"),)),
        replace(CHANGE, fields=(replace(FIELD, after="129m"),)),
        replace(CHANGE, steps=(Step(Call.UPDATE, "another id"),)),
        replace(CHANGE, steps=()),
    ],
)
def test_another_change_is_another_plan(other: Change) -> None:
    """Its resource, its action, its values, the calls and whom they are for."""
    assert fingerprint([CHANGE], BASES) != fingerprint([other], BASES)


@pytest.mark.parametrize(
    "other",
    [
        replace(CHANGE, reason="another word", detail="and another"),
        replace(CHANGE, steps=(*CHANGE.steps, Step(Call.AWAIT_READY, "id"))),
    ],
)
def test_words_and_waits_make_no_difference(other: Change) -> None:
    """What is waited for depends on health, which moves by itself."""
    assert fingerprint([CHANGE], BASES) == fingerprint([other], BASES)


def test_what_it_rests_on_is_part_of_it() -> None:
    assert fingerprint([CHANGE], BASES) != fingerprint([CHANGE], {"service.web[1]": "b"})


def test_a_container_is_its_id_and_what_can_change_on_it(container: Callable[..., ObservedContainer]) -> None:
    """A limit that somebody changed makes it another one, and so does its name for the engine."""
    one = with_values(container(), mem_limit=1)
    for other in (replace(one, id="another"), with_values(one, mem_limit=2), with_values(one, restart="always")):
        assert basis(one) != basis(other)
    assert basis(one) == basis(replace(one, status="exited", health="unhealthy"))


def test_a_mac_address_that_the_engine_chose_makes_no_other_one(container: Callable[..., ObservedContainer]) -> None:
    """Engine 28 chooses one at each start."""
    one, restarted, elsewhere = (
        with_values(container(), networks=((network, ("web", ("mac_address", mac))),))
        for network, mac in (("default", "ee:15:26:8a:db:93"), ("default", "aa:a4:5d:26:51:f7"), ("other", ""))
    )
    assert basis(one) == basis(restarted)
    assert basis(one) != basis(elsewhere)


def test_one_that_is_made_is_its_image_and_its_mounts() -> None:
    """Which may move while nothing of the stack does."""
    made = basis(None, ("redis:7", "sha256:1"), (("/data", ("bind", "/co/data")),))
    assert made != basis(None, ("redis:7", "sha256:2"), (("/data", ("bind", "/co/data")),))
    assert made != basis(None, ("redis:7", "sha256:1"), (("/data", ("bind", "/other/data")),))


def test_no_secret_goes_into_it(container: Callable[..., ObservedContainer]) -> None:
    """What is easily guessed could be found again in a digest; an id stands for all that cannot change."""
    assert {"environment", "labels", "command", "secrets", "healthcheck"}.isdisjoint(LIVING)
    one, other = (with_values(container(), environment=(("PASSWORD", each),)) for each in ("one", "other"))
    assert basis(one) == basis(other)


def test_what_has_no_order_is_the_same_in_every_process() -> None:
    """Python shuffles sets of texts by PYTHONHASHSEED."""
    program = (
        "from deployer.plan.fingerprint import plain;"
        "print(plain((frozenset(map(str, range(30))), {'b': frozenset({('x', 1), ('y', 2)}), 'a': None})))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1


def test_values_of_every_kind_have_a_form() -> None:
    """Equal values the same one, others another."""
    assert plain((("a", frozenset({2, 1})), None, True, "x")) == [["a", [1, 2]], None, True, "x"]
