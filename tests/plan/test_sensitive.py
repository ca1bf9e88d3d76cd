"""What a plan tells of a sensitive value: that it changed, and, where there is nothing to hide, that it is empty."""

from __future__ import annotations

import json

import pytest

from deployer.render.plan_json import as_json
from deployer.render.plan_text import as_text
from tests.upgrades.kept import Kept, kept

WAS = "DB_PASSWORD: fixture"


def saying(line: str) -> Kept:
    """A stack that was applied with a password, in whose file a line then takes its place."""
    found = kept("contents")
    assert WAS in found.text
    found.text = found.text.replace(WAS, line, 1)
    return found


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("DB_PASSWORD: other", "(sensitive) -> (sensitive)"),
        ('DB_PASSWORD: ""', "(sensitive) -> (empty)"),
        ("OTHER: a", "(sensitive) -> (unset)"),
    ],
)
def test_that_a_sensitive_value_is_empty_or_gone_is_told(line: str, shown: str):
    """Nobody sees what it was, or will be."""
    plan = saying(line).plan
    (told,) = [each for each in as_text(plan).splitlines() if each.strip().startswith("environment.DB_PASSWORD")]
    assert shown in told
    assert "fixture" not in as_text(plan) + as_json(plan)
    assert "other" not in told


def test_for_programs_an_empty_value_is_an_empty_text():
    """What is hidden or unset is null."""
    changes = json.loads(as_json(saying('DB_PASSWORD: ""').plan))["changes"]
    (field,) = next(each["fields"] for each in changes if each["address"] == "service.web[1]")
    assert (field["before"], field["after"], field["applied"], field["sensitive"]) == (None, "", None, True)
