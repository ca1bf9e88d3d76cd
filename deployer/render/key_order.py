"""Mappings by names, which have no order of their own: YAML and JSON put them in different ones, as Go does."""

from __future__ import annotations

from functools import cmp_to_key
from typing import Any


class ByName(dict[str, Any]):
    """A mapping whose keys are names. Every other mapping is in the order that its keys have in Compose."""


def _compared(one: str, other: str) -> int:
    """As go-yaml compares two keys (go.yaml.in/yaml, sorter.go): numbers by their values, `web-9` before `web-10`, and
    what is no letter before letters, but after a digit.
    """
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if at is None:
        return len(one) - len(other)
    a, b = one[at], other[at]
    if a.isalpha() and b.isalpha():
        return ord(a) - ord(b)
    if a.isalpha() or b.isalpha():
        after_a_digit = at > 0 and one[at - 1].isdecimal()
        return -1 if (a if after_a_digit else b).isalpha() else 1
    zero = (a == "0" or b == "0") and _goes_on_a_number(one[:at])
    (first, length), (second, other_length) = _number(one[at:], zero), _number(other[at:], zero)
    return first - second or length - other_length or ord(a) - ord(b)


def _goes_on_a_number(before: str) -> bool:
    digits = before[len(before.rstrip("0123456789")) :]
    return digits.strip("0") != ""


def _number(text: str, goes_on: bool) -> tuple[int, int]:
    """The value and the length of the digits that a text begins with, seen as those that follow a 1 if it goes on."""
    length = next((at for at, character in enumerate(text) if not character.isdecimal()), len(text))
    return int(f"{int(goes_on)}{text[:length]}"), length


yaml_order = cmp_to_key(_compared)
"""The key to sort names by for YAML; for JSON they are sorted as texts."""
