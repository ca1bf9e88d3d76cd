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


FILE = "DB_PASSWORD_FILE: /run/secrets/db_password"


def test_the_path_of_a_secrets_file_is_shown():
    """It is none; a line where it cannot be told from one stays masked, on both sides."""
    assert 'environment.DB_PASSWORD_FILE  (unset) -> "/run/secrets/db_password"' in as_text(saying(FILE).plan)
    literal = as_text(saying("DB_PASSWORD_FILE: hunter2").plan)
    assert "environment.DB_PASSWORD_FILE  (unset) -> (sensitive)" in literal
    assert "hunter2" not in literal


def test_the_path_of_a_secrets_file_is_masked_beside_what_may_be_a_secret():
    """Who gave the password itself under that name learns nothing of it from the plan that mends it."""
    found = saying(FILE)
    env = found.container("web")["Config"]["Env"]
    env.append("DB_PASSWORD_FILE=hunter2")
    text = as_text(found.plan)
    assert "environment.DB_PASSWORD_FILE  (sensitive) -> (sensitive)" in text
    assert "hunter2" not in text
