"""What of a container's variables is masked in what it prints."""

from __future__ import annotations

import json

import pytest

from deployer.fields.sensitive import mask_values
from deployer.resources.applied import FORMAT, HASH
from deployer.resources.identity import APPLIED
from deployer.resources.secret_values import secret_values


def of(*variables: str, **kept: object) -> frozenset[str]:
    """Of a container with these variables, whose label keeps so much of them."""
    label = json.dumps({"format": FORMAT, "image": "a", "fields": kept})
    return secret_values({"Config": {"Env": list(variables), "Labels": {APPLIED: label}}})


@pytest.mark.parametrize(
    ("variable", "secret"),
    [
        ("API_TOKEN=hunter2=x", "hunter2=x"),
        ("URL=postgres://me:hunter2@db/x", "hunter2"),
        ("URL=https://hunter2@db/x", "hunter2"),
    ],
)
def test_what_a_name_or_a_url_says_is_a_secret(variable: str, secret: str) -> None:
    assert of(variable, "MODE=prod", "EMPTY_TOKEN=") == {secret}


def test_so_is_what_is_kept_as_a_hash() -> None:
    """As what an encrypted file holds, or a secret variable went into, and of that the part that is hidden."""
    assert of("COLOUR=blueish", environment={"COLOUR": HASH + "0" * 64}) == {"blueish"}
    kept = {"environment": {"DSN": HASH + "0" * 64}, "around": {"environment": {"DSN": "host=db key=(sensitive)"}}}
    assert of("DSN=host=db key=hunter2", **kept) == {"hunter2"}


def test_a_container_without_a_label_has_secrets_by_name() -> None:
    assert secret_values({"Config": {"Env": ["A_TOKEN=hunter2"], "Labels": None}}) == {"hunter2"}
    assert secret_values({}) == frozenset()


def test_the_longest_is_masked_first_and_what_any_text_may_hold_is_not() -> None:
    assert (
        mask_values("hunter2-more hunter2 true", {"hunter2", "hunter2-more", "true"}) == "(sensitive) (sensitive) true"
    )
