"""That a value becomes sensitive, or no longer is, is an edit: nobody is said to have touched the engine for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.fields.container import BY_NAME, FIELDS
from deployer.fields.field import Field, Value
from deployer.fields.namespaces import network_named
from deployer.plan.diff import Sides, field_changes
from deployer.plan.model import Cause, FieldChange
from deployer.resources.applied import Secrecy, decode, encode
from deployer.resources.body import CONTAINER_ROWS
from deployer.resources.desired import DesiredService
from deployer.resources.from_stack import desired
from tests.history.test_round_trip import stack
from tests.law.random_services import nest
from tests.law.vocabulary import words_of
from tests.plan.conftest import Make
from tests.stack.several import stack_of

IMAGE = {"Cmd": ["serve"], "Entrypoint": ["sh"], "Env": ["MODE=image"], "Labels": {"maker": "us"}, "User": "5"}
NOTHING = object()
"""In the place of a value: the row is not there."""


def as_made(asked: dict[str, Value]) -> dict[str, Value]:
    """What the engine shows of a container that was made so."""
    made = {row.name: row.on_image(asked, IMAGE) for row in FIELDS}
    there = tuple((name, text) for name, text in made["environment"] if text is not None)
    mode = "" if network_named(made["network_mode"]) else made["network_mode"]
    return {**made, "environment": there, "network_mode": mode}


def changes(make: Make, then: DesiredService, now: DesiredService, **by_hand: Value) -> list[FieldChange]:
    """What differs where the one was applied, and the other is asked for; each has its own secrets."""
    label = encode(CONTAINER_ROWS, then.asked, Secrecy("salt", then.sensitive, then.hidden), around=then.around)
    values = MappingProxyType({**as_made(dict(then.asked)), **by_hand})
    found = replace(make("web"), values=values, applied=decode(label, CONTAINER_ROWS))
    secrecy = Secrecy("salt", now.sensitive, now.hidden)
    return list(field_changes(Sides(now, found, IMAGE, found.applied, secrecy, lambda *_: None)))


def service(row: Field, spelling: Any, *, hidden: bool) -> DesiredService:
    """A service that says a value of a row, into which a secret went or not."""
    keys: dict[str, Any] = {"mem_limit": "64M"} if row.name == "memswap_limit" else {}
    if spelling is not NOTHING:
        nest(keys, row.names[0], spelling)
    made = desired(stack(keys), "", {}).services["x"]
    return replace(made, hidden=frozenset({(row.name, "")}) if hidden else frozenset(), around={})


def values_of(row: Field) -> Iterator[tuple[Any, Any]]:
    """Each value of a row before and after, nothing at all among them, and each with itself."""
    said = [NOTHING, *(spellings[0] for spellings in words_of(row).values)]
    return product(said, said)


@pytest.mark.parametrize("row", CONTAINER_ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize(("was", "now"), [(False, True), (True, False), (True, True)])
def test_of_a_container_that_nobody_touched_no_field_has_drifted(container: Make, row: Field, was: bool, now: bool):
    """From any value of a row to any other, and from each to itself, whatever of both is sensitive."""
    for before, after in values_of(row):
        then, today = service(row, before, hidden=was), service(row, after, hidden=now)
        found = changes(container, then, today)
        assert {change.causes for change in found} <= {(Cause.EDIT,)}, (before, after)
        differs = as_made(dict(then.asked)) != as_made(dict(today.asked))
        assert bool(found) is differs or row.name == "platform", (before, after)  # the image has the only one there is


def of_greeting(text: str, names: list[str], *, hidden: bool = False) -> DesiredService:
    written = json.dumps(
        {"x-deployer": {"sensitive": names}, "services": {"web": {"image": "a", "environment": {"GREETING": text}}}}
    )
    made = desired(stack_of({"stack.yaml": written}, name="shop"), "", {}).services["web"]
    return replace(made, hidden=frozenset({("environment", "GREETING")})) if hidden else made


TEXTS = st.text("aZ0:/@= é", max_size=6) | st.sampled_from(["http://u:p@h", "sha256:", "sha256:" + "0" * 64])
KINDS = st.tuples(TEXTS, st.sampled_from([[], ["GREETING"]]), st.booleans())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=KINDS, after=KINDS)
def test_so_it_is_of_any_text_for_whatever_reason_it_is_sensitive(
    container: Make, before: tuple[str, list[str], bool], after: tuple[str, list[str], bool]
):
    """By its name, by a variable in it, or as a URL."""
    then, now = (of_greeting(text, names, hidden=hidden) for text, names, hidden in (before, after))
    found = changes(container, then, now)
    assert [change.causes for change in found] == ([(Cause.EDIT,)] if before[0] != after[0] else [])


@pytest.mark.parametrize(("was", "now"), list(product([False, True], repeat=2)))
def test_what_somebody_did_change_is_drift_and_no_edit_whatever_is_sensitive(container: Make, was: bool, now: bool):
    """The file says what was applied, and the container has something else."""
    then, today = (of_greeting("hi", [], hidden=hidden) for hidden in (was, now))
    (change,) = changes(container, then, today, environment=(("GREETING", "ho"), ("MODE", "image")))
    assert change.causes == (Cause.DRIFT,)
    assert change.sensitive is (was or now)


def test_an_old_value_is_not_shown_where_the_new_one_is_sensitive(container: Make):
    """Nothing tells what went into it: what is sensitive today may have been in it before anybody said so."""
    (change,) = changes(container, of_greeting("hunter2", []), of_greeting("other", ["GREETING"]))
    assert (change.before, change.after, change.applied, change.sensitive) == (None, None, None, True)


def test_what_the_image_supplies_is_not_missed_beside_a_sensitive_entrypoint(container: Make):
    """An entrypoint of one's own drops the image's command, though only a digest is kept of it."""
    row = BY_NAME["entrypoint"]
    then = service(row, ["sh", "-c"], hidden=True)
    now = replace(then, asked={**then.asked, "command": ("x",)})
    (change,) = changes(container, then, now)
    assert (change.field, change.causes) == ("command", (Cause.EDIT,))
