"""What the file leaves to the image is that of the image which the next container runs, and not of the old one's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from deployer.fields.container import BY_NAME, FIELDS
from deployer.plan.model import Change, FieldChange, Plan
from deployer.plan.next_image import is_of_the_image
from deployer.plan.planner import make_plan
from deployer.render.costs import gap_text
from deployer.render.graph import Graph
from deployer.render.plan_html import as_html
from deployer.render.plan_json import as_json
from deployer.render.plan_markdown import as_markdown
from deployer.render.plan_text import as_text
from deployer.resources.applied import Secrecy, decode, encode
from deployer.resources.body import CONTAINER_ROWS
from deployer.resources.from_stack import desired
from deployer.resources.observed import Observed, ObservedImage
from tests.plan.conftest import Make
from tests.plan.fresh import NOTHING, changes_of, with_container
from tests.stack.several import stack_of

SECOND = 1_000_000_000
OLD = {
    "Cmd": ["sh"],
    "Env": ["FOO=one"],
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": SECOND},
    "Labels": {"maker": "us"},
}
NEW = {"Cmd": ["python3"], "Env": ["FOO=three", "API_KEY=hunter2"], "User": "5"}


def asked(text: str, image: str = "old:1") -> str:
    return f"services: {{web: {{image: '{image}', {text}}}}}\n"


def running(make: Make, text: str) -> Observed:
    """An engine on which a stack was applied, whose image it has under both names that it had since."""
    then = desired(stack_of({"stack.yaml": text}, name="shop"), "", {}).services["web"]
    made = {row.name: row.on_image(then.asked, OLD) for row in FIELDS}
    made["networks"] = ()
    label = encode(CONTAINER_ROWS, {**then.asked, "networks": ()}, Secrecy("salt"), around=then.around)
    applied = decode(label, CONTAINER_ROWS)
    assert applied
    found = replace(make("web"), applied=replace(applied, image="old:1"), image_reference="old:1")
    images = {name: ObservedImage("sha256:1", (), OLD) for name in ("old:1", "sha256:1")}
    return with_container(found, replace(NOTHING, images=images), **made)


def edited(make: Make, before: str, after: str, new: Mapping[str, Any] | None) -> Plan:
    """The plan of an edit with which another image comes: the engine has it already, or not."""
    there = running(make, asked(before))
    if new is not None:
        there = replace(there, images={**there.images, "new:1": ObservedImage("sha256:2", (), new)})
    stack = stack_of({"stack.yaml": asked(after, "new:1")}, name="shop")
    return make_plan(desired(stack, "", {}), there, stack.place)


def change_of(plan: Plan) -> Change:
    return changes_of(plan)["service.web[1]"]


def fields_of(plan: Plan) -> dict[str, FieldChange]:
    return {each.field: each for each in change_of(plan).fields if not each.field.startswith("networks")}


OVERRIDES = "command: [sleep, '777'], environment: {FOO: two, ELSE: x}, network_mode: none"
NONE = "network_mode: none"


def test_what_is_taken_out_of_the_file_is_then_the_new_images(container: Make) -> None:
    fields = fields_of(edited(container, OVERRIDES, NONE, NEW))
    assert {name: (each.before, each.after) for name, each in fields.items() if name != "image"} == {
        "command": ('["sleep", "777"]', '["python3"]'),
        "environment.FOO": ("two", "three"),
        "environment.ELSE": ("x", None),
    }


def test_what_only_another_image_makes_different_is_told_by_the_image_alone(container: Make) -> None:
    """Its user, command and variables come with it: nobody took anything out of the file."""
    assert list(fields_of(edited(container, NONE, NONE, NEW))) == ["image"]
    assert list(fields_of(edited(container, NONE, NONE, None))) == ["image"]


def test_what_the_file_still_says_is_the_same_on_every_image(container: Make) -> None:
    fields = fields_of(edited(container, OVERRIDES, OVERRIDES.replace("777", "778"), None))
    assert (fields["command"].after, fields["command"].known_after) == ('["sleep", "778"]', None)
    assert set(fields) == {"image", "command"}


def test_an_override_that_the_new_image_makes_needless_is_an_edit_that_changes_nothing(container: Make) -> None:
    plan = edited(container, OVERRIDES, NONE, {**NEW, "Cmd": ["sleep", "777"]})
    said = 'command ["sleep", "777"] -> ["sleep", "777"] stack.yaml:1; the new image has the same'
    assert said in " ".join(as_text(plan).split())


def test_of_an_image_that_is_not_there_it_is_known_after_the_pull(container: Make) -> None:
    """In every form."""
    plan = edited(container, OVERRIDES, NONE, None)
    said = " ".join(as_text(plan).split())
    assert 'command ["sleep", "777"] -> (known after the pull)' in said
    assert 'environment.FOO "two" -> (known after the pull)' in said
    assert "+ command: (known after the pull)" in as_markdown(plan)
    assert "(known after the pull)" in as_html(plan, Graph("shop", (), ()))
    (web,) = [each for each in json.loads(as_json(plan))["changes"] if each["address"] == "service.web[1]"]
    (command,) = [each for each in web["fields"] if each["field"] == "command"]
    assert (command["before"], command["after"]) == ('["sleep", "777"]', None)
    assert command["known_after"] == "image.new:1"
    assert command["causes"] == ["edit"]


def test_that_it_is_known_later_is_told_of_what_is_sensitive_too(container: Make) -> None:
    keys = "environment: {API_KEY: hunter3}, network_mode: none"
    said = " ".join(as_text(edited(container, keys, NONE, None)).split())
    assert "environment.API_KEY (sensitive) -> (known after the pull)" in said
    there = as_text(edited(container, keys, NONE, NEW))
    assert "environment.API_KEY (sensitive) -> (sensitive)" in " ".join(there.split())
    assert "hunter" not in there + said


def test_the_first_check_of_an_image_that_is_there_is_its_own(container: Make) -> None:
    """The one that goes does not tell how long the next one takes."""
    new = {**NEW, "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30 * SECOND}}
    assert "first health check 30s" in gap_text(change_of(edited(container, NONE, NONE, new)).gap)
    assert "first health check" not in gap_text(change_of(edited(container, NONE, NONE, NEW)).gap)


def test_the_first_check_of_an_image_that_is_not_there_is_told_with_a_condition(container: Make) -> None:
    told = gap_text(change_of(edited(container, NONE, NONE, None)).gap)
    assert told.endswith("first health check 1s if the new image keeps it")
    own = f"{NONE}, healthcheck: {{test: [CMD, 'true'], interval: 2s}}"
    assert gap_text(change_of(edited(container, NONE, own, None)).gap).endswith("first health check 2s")


@pytest.mark.parametrize("row", [row for row in FIELDS if row.image], ids=lambda row: row.name)
def test_every_row_that_an_image_supplies_is_known_to_be_of_the_image(row: Any) -> None:
    entry = {"healthcheck": "interval", "environment": "A", "labels": "a"}.get(row.name, "")
    unset = {each.name: each.unset for each in FIELDS}
    assert is_of_the_image(row, entry, unset) == (row.name != "security_opt")


def test_a_command_beside_an_entrypoint_of_ones_own_is_not_of_the_image() -> None:
    unset = {each.name: each.unset for each in FIELDS}
    assert not is_of_the_image(BY_NAME["command"], "", {**unset, "entrypoint": ("serve",)})
