"""`profiles`: services that are part of a stack only where it is asked for."""

from __future__ import annotations

import pytest

from deployer.resources.from_stack import desired
from tests.stack.several import mistakes_of, stack_of

SHOP = """\
services:
  web: {image: web, depends_on: {debug: {condition: service_started, required: false}}}
  debug: {image: debug, profiles: [debug, full], env_file: missing.env}
  load: {build: ./load, profiles: [load]}
"""
HELD = {"stack.yaml": SHOP, "missing.env": ""}


@pytest.mark.parametrize(
    ("chosen", "services"),
    [
        ((), {"web"}),
        (("full",), {"web", "debug"}),
        (("debug", "load"), {"web", "debug", "load"}),
        (("*",), {"web", "debug", "load"}),
        (("other",), {"web"}),
    ],
)
def test_a_service_is_part_of_the_stack_where_one_of_its_profiles_is_active(
    chosen: tuple[str, ...], services: set[str]
) -> None:
    """One without profiles always is; `*` chooses all."""
    stack = stack_of(HELD, profiles=chosen)
    assert set(stack.services) == services
    assert set(stack.services) | set(stack.inactive) == {"web", "debug", "load"}


def test_to_name_a_service_is_to_choose_its_profiles() -> None:
    """`--only debug` needs no `--profile`."""
    assert set(stack_of(HELD, named=["debug"]).services) == {"web", "debug"}


@pytest.mark.parametrize("wrong", ["{a: b}", "[a]", "null"])
def test_a_profile_that_is_no_text_is_a_mistake_at_its_place(wrong: str) -> None:
    (mistake,) = mistakes_of({"stack.yaml": f"services: {{web: {{image: web, profiles: [{wrong}]}}}}"})
    assert mistake[1] == "stack.yaml:1:41"


def test_an_inactive_service_asks_for_nothing() -> None:
    """Its env files are not read, its image is not built, its ports are free for others."""
    same_port = "services: {a: {image: b, ports: ['80:80']}, b: {image: b, ports: ['80:80'], profiles: [x]}}"
    assert mistakes_of({"stack.yaml": SHOP}) == []
    assert "load" not in stack_of(HELD).builds
    assert mistakes_of({"stack.yaml": same_port}) == []


def test_what_is_wrong_in_an_inactive_service_is_told_all_the_same() -> None:
    """It is part of the file."""
    assert mistakes_of({"stack.yaml": "services: {a: {imge: b, profiles: [x]}}"}) == [
        ("unknown-key", "stack.yaml:1:16")
    ]


def test_a_dependency_that_need_not_be_there_is_not_waited_for() -> None:
    """`required: false` does without an inactive service, and waits for an active one."""
    waits = [
        dict(desired(stack_of(HELD, profiles=each), "", {}).services["web"].depends_on) for each in ((), ("full",))
    ]
    assert waits == [{}, {"debug": "service_started"}]


def test_the_plan_knows_who_is_inactive() -> None:
    """What runs of them is no orphan."""
    assert desired(stack_of(HELD), "", {}).inactive == {"debug", "load"}
