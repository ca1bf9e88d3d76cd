"""However a value is spelled, it is the same one, and no other."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from deployer.fields.field import Context, Field, Value
from tests.law.vocabulary import RANDOM, words_of

CONTEXT = Context(
    folder="/srv",
    service="web",
    networks={"default": "s_default", "front": "s_front"},
    volumes={"data": "s_data"},
    stack="s",
)
EACH_ROW = pytest.mark.parametrize("row", RANDOM, ids=lambda row: row.name)


def canonical(row: Field, written: Any) -> Value:
    return row.kind.normal(TypeAdapter(row.kind.written).validate_python(written), CONTEXT)


@EACH_ROW
def test_all_spellings_of_a_value_are_one(row: Field) -> None:
    for spellings in words_of(row).values:
        first = canonical(row, spellings[0])
        for written in spellings:
            assert canonical(row, written) == first, f"{written!r} is not {spellings[0]!r}"


@EACH_ROW
def test_different_values_differ(row: Field) -> None:
    values = [canonical(row, spellings[0]) for spellings in words_of(row).values]
    assert len(set(values)) == len(values)


@EACH_ROW
def test_what_is_said_to_be_the_default_is_the_default(row: Field) -> None:
    default = canonical(row, {"default": None}) if row.name == "networks" else row.unset
    for written in words_of(row).unset:
        assert canonical(row, written) == default
