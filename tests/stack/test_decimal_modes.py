"""Permissions that YAML takes for a decimal number."""

from __future__ import annotations

import pytest

from deployer.stack.load import load
from deployer.stack.model import Stack


def stack_with(mode: str, section: str = "secrets") -> Stack:
    text = f"""\
name: shop
services:
  web:
    image: a
    {section}:
      - source: key
        mode: {mode}
{section}: {{key: {{file: ./key}}}}
"""
    return load(text, file="stack.yaml", folder="/shop", environment={"MODE": "400"}, read_env_file=lambda *_: {})


@pytest.mark.parametrize("section", ["secrets", "configs"])
def test_a_mode_without_a_zero_in_front_is_told_at_its_line(section: str) -> None:
    """With the permissions that it is, and how those are written that it looks like."""
    (warning,) = stack_with("400", section).warnings
    assert (warning.code, warning.place and warning.place.line) == ("decimal-mode", 7)
    assert warning.message == (
        f"services.web: the mode 400 of {section}.key has no zero in front, so it is a decimal number, as with "
        "Compose: the permissions are 0620"
    )
    assert warning.hint == "write 0400, if those are meant; 0620, if these are"


@pytest.mark.parametrize(
    "mode", ["0400", "0o400", "'400'", "'0400'", "${MODE}", "256", "292", "0620", "0644", "420 # 0644"]
)
def test_what_is_octal_or_can_be_no_permissions_is_not(mode: str) -> None:
    """A text is octal, whatever it begins with; so is what a variable holds. 292 has a digit that no octal one has."""
    told = [warning.code for warning in stack_with(mode).warnings]
    assert told == (["decimal-mode"] if mode in ("256", "420 # 0644") else [])
