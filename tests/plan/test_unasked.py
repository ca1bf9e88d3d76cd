"""An image that is to be what its registry has now, while that does not tell."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from deployer.plan.model import Plan
from deployer.plan.parts import Part, plan_part
from deployer.render.graph import Graph
from deployer.render.plan_html import as_html
from deployer.render.plan_json import as_json
from deployer.render.plan_markdown import as_markdown
from deployer.render.plan_text import as_text
from deployer.resources.from_stack import desired
from deployer.resources.observed import ObservedImage, RegistryAnswer
from tests.plan.fresh import NOTHING, plan_of
from tests.stack.several import stack_of

STACK = "services:\n  web:\n    image: r.example/web:1\n    pull_policy: always\n"
THERE = ObservedImage("sha256:1", ("r.example/web@sha256:2",), {})
SAID = "what r.example/web:1 is in its registry now is not known: connection refused"


def there(answer: RegistryAnswer | None):
    answers = {"r.example/web:1": answer} if answer else {}
    return replace(NOTHING, images={"r.example/web:1": THERE}, registry_answers=answers)


def warned(answer: RegistryAnswer | None) -> Plan:
    return plan_of(STACK, there(answer))


def test_an_image_whose_registry_is_out_of_reach_is_a_warning_at_its_line_in_every_form():
    plan = warned(RegistryAnswer(trouble="connection refused"))
    (found,) = plan.warnings
    assert (found.code, found.message) == ("registry-not-asked", SAID)
    (told,) = json.loads(as_json(plan))["warnings"]
    assert (told["code"], told["at"]) == ("registry-not-asked", "stack.yaml:3")
    assert all(SAID in form for form in (as_text(plan), as_markdown(plan), as_html(plan, Graph("shop", (), ()))))


def test_a_registry_without_such_an_image_does_not_tell_either():
    (found,) = warned(RegistryAnswer()).warnings
    assert found.message.endswith("is not known: it has no image of that name")


@pytest.mark.parametrize("answer", [None, RegistryAnswer("sha256:2"), RegistryAnswer("sha256:3")])
def test_a_registry_that_tells_or_was_not_to_be_asked_is_none(answer: RegistryAnswer | None):
    assert warned(answer).warnings == ()


def test_deployer_pull_says_so_too():
    stack = stack_of({"stack.yaml": STACK}, name="shop")
    asked = there(RegistryAnswer(trouble="connection refused"))
    for part, many in ((Part.PULL, 1), (Part.BUILD, 0)):
        plan = plan_part(desired(stack, "", {}), asked, part, stack.place, lambda *_: None)
        assert len(plan.warnings) == many
