"""Keys that need more than a type: labels from files, when to pull, the old way to say external."""

from __future__ import annotations

import pytest

from deployer.errors import InvalidStack, Place
from deployer.fields.parse import SECOND
from deployer.stack.load import load
from deployer.stack.model import Stack
from deployer.stack.pull_policy import most_age
from deployer.stack.service import said


def read(path: str, _: Place) -> dict[str, tuple[str, Place]]:
    return {"tier": (f"of {path}", Place(path, 1, 1, "")), "team": ("ours", Place(path, 2, 1, ""))}


def stack_of(service: str, more: str = "") -> Stack:
    text = f"name: shop\nservices:\n  web: {{image: busybox, {service}}}\n{more}"
    return load(text, file="stack.yaml", folder="/shop", environment={}, read_env_file=read)


def code_of(service: str, more: str = "") -> str:
    with pytest.raises(InvalidStack) as refused:
        stack_of(service, more)
    (diagnostic,) = refused.value.diagnostics
    return diagnostic.code


def test_labels_of_a_file_are_labels_and_known_by_its_lines():
    """Later files win, and what the service says itself wins over all."""
    stack = stack_of("label_file: [a.labels, b.labels], labels: [team=mine]")
    assert said(stack.services["web"], "labels") == {"tier": "of b.labels", "team": "mine"}
    assert stack.place("services", "web", "labels", "tier").file == "b.labels"
    assert stack.place("services", "web", "labels", "team").file == "stack.yaml"


def test_a_file_of_labels_is_named_by_its_path_alone():
    assert code_of("label_file: [{path: a}]") == "bad-env-file"


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [("missing", None), ("never", None), ("always", 0), ("daily", 86400), ("weekly", 604800), ("every_1d12h", 129600)],
)
def test_a_pull_policy_says_how_old_an_image_may_be(policy: str, seconds: int | None):
    """None where nobody asks the registry."""
    assert stack_of(f"pull_policy: {policy}").services["web"].pull_policy == policy
    assert most_age(policy) == (None if seconds is None else seconds * SECOND)


def test_what_is_to_be_built_says_how():
    assert code_of("pull_policy: build") == "missing-key"
    assert stack_of("pull_policy: build, build: .").services["web"].pull_policy == "build"


@pytest.mark.parametrize(
    ("policy", "code"), [("refresh", "bad-choice"), ("dayly", "bad-choice"), ("every_", "bad-choice")]
)
def test_other_pull_policies_are_refused(policy: str, code: str):
    assert code_of(f"pull_policy: {policy}") == code


@pytest.mark.parametrize("section", ["networks", "volumes"])
def test_external_may_hold_the_name_as_it_used_to(section: str):
    """As Compose reads it."""
    stack = stack_of("init: true", f"{section}: {{old: {{external: {{name: theirs}}}}}}")
    found = getattr(stack, section)["old"]
    assert (found.external, found.name) == (True, "theirs")
    assert code_of("init: true", f"{section}: {{old: {{name: mine, external: {{name: theirs}}}}}}") == "said-twice"
