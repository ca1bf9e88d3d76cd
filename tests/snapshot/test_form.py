"""The file of a snapshot: what it holds, and what is wrong with one that is none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deployer.errors import InvalidStack
from deployer.snapshot.form import Snapshot, as_json, of_stack, read, snapshot_schema

ENGINE = {"host": "unix:///run/d.sock", "version": "28.5.2", "api": "1.51", "platform": "", "counts_swap": True}
SNAPSHOT = Snapshot(
    stack="shop",
    origin="git.example/shop//stack.yaml",
    folder="/srv/shop",
    taken="2026-01-31T12:00:00Z",
    salt="ab",
    engine=ENGINE,
    containers=[{"Id": "1"}],
    inspects=[],
    images={"busybox:1": None},
    builds=[],
    networks=[],
    volumes=[],
    registries={"digests": {"busybox:1": None}, "insecure": {"r:5000": True}},
)


def refused(text: str) -> Any:
    with pytest.raises(InvalidStack) as caught:
        read(text, "s.json")
    return caught.value.diagnostics[0]


def test_what_was_kept_is_read_again() -> None:
    assert read(as_json(SNAPSHOT), "s.json") == SNAPSHOT


@pytest.mark.parametrize("unasked", [{}, {"unasked": {"a:1": "connection refused"}}])
def test_it_is_as_the_schema_has_it(unasked: dict[str, Any]) -> None:
    """So is that of an earlier deployer, which did not keep why a registry was not asked."""
    validator = Draft202012Validator(snapshot_schema())
    snapshot = replace(SNAPSHOT, registries={**SNAPSHOT.registries, **unasked})
    assert not list(validator.iter_errors(json.loads(as_json(snapshot))))


@pytest.mark.parametrize(
    "text", [as_json(SNAPSHOT)[:90], as_json(SNAPSHOT).replace("busybox", "bosybux", 1), "[]", '{"format_version": 1}']
)
def test_one_that_is_damaged_or_no_snapshot_is_refused_with_the_way_out(text: str) -> None:
    said = refused(text)
    assert said.code == "snapshot-damaged"
    assert "deployer snapshot --out s.json" in said.hint


def test_one_of_a_later_deployer_is_refused_with_both_formats() -> None:
    said = refused(as_json(SNAPSHOT).replace('"format_version": 1', '"format_version": 2'))
    assert (said.code, said.message) == (
        "snapshot-version",
        "s.json is a snapshot of the format 2; this deployer reads 1",
    )


def test_one_of_another_stack_is_refused() -> None:
    with pytest.raises(InvalidStack, match=r"s.json is a snapshot of shop, and this is blog"):
        of_stack(SNAPSHOT, "blog", "s.json")
