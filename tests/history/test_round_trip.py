"""What a revision keeps is the whole stack: read again, it asks for the very same."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from deployer.fields import container
from deployer.fields.field import Field
from deployer.fields.sensitive import MASK
from deployer.project import Project
from deployer.render.config import whole_tree
from deployer.resources.desired import Desired
from deployer.resources.from_stack import desired
from deployer.resources.records import Record
from deployer.resources.revisions import About
from deployer.rollback import Kept, gone_back
from deployer.stack.model import Stack
from tests.law.random_services import QUICK, nest
from tests.law.vocabulary import words_of
from tests.stack.several import FOLDER, stack_of

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent.name for path in ROOT.glob("examples/*/stack.yaml"))
EVERYWHERE: dict[str, Any] = {
    "name": "shop",
    "networks": {"front": {}, "back": {}},
    "volumes": {"data": {}, "other": {}},
    "secrets": {"example": {"file": "./s.txt"}},
    "configs": {"example": {"content": "a$$b"}},
}


def back(stack: Stack, about: About | None = None) -> Stack:
    """The stack after a way through a record."""
    kept = Kept(Record(5, about=about or About(folder=stack.folder)), json.loads(json.dumps(whole_tree(stack))))
    return gone_back(Project(stack, Path(stack.folder, "stack.yaml")), kept).project.stack


def asked(stack: Stack) -> dict[str, Any]:
    """All that is wanted, less the notation and where it is written."""
    wanted: Desired = desired(stack, "origin", {})
    aside = ("written", "context", "contents", "counted")
    services = {
        name: {each.name: getattr(one, each.name) for each in fields(one) if each.name not in aside}
        for name, one in wanted.services.items()
    }
    rest = {
        each.name: getattr(wanted, each.name) for each in fields(wanted) if each.name not in ("services", "context")
    }
    watched = {
        name: {at: (one.source, one.way) for at, one in each.contents.items()} for name, each in wanted.services.items()
    }
    return {**rest, "services": services, "watched": watched}


def stack(keys: dict[str, Any]) -> Stack:
    others = {"example": {"image": "y"}, "db": {"image": "y"}}
    text = json.dumps({**EVERYWHERE, "services": {"x": {"image": "busybox", **QUICK, **keys}, **others}})
    return stack_of({"stack.yaml": text})


@pytest.mark.parametrize("row", container.FIELDS, ids=lambda row: row.name)
def test_every_row_comes_back_as_it_was_asked_for(row: Field):
    """In every value, spelled in any way, under every name."""
    needed = {"mem_limit": "64M"} if row.name == "memswap_limit" else {}
    words = words_of(row)
    for name in (name for name in row.names if name not in row.example_as):
        for spelling in (each for spellings in (words.unset, *words.values) for each in spellings):
            keys: dict[str, Any] = dict(needed)
            nest(keys, name, spelling)
            if row.name == "gpus" and name != "gpus" and spelling == "all":  # which only the short name can say
                continue
            before = stack(keys)
            assert asked(back(before)) == asked(before), (name, spelling)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_comes_back_as_it_was(name: str):
    text = (ROOT / "examples" / name / "stack.yaml").read_text()
    secrets = {"REGISTRY_USER": "u", "REGISTRY_PASSWORD": "p", "DB_PASSWORD": "s"}
    before = stack_of({"stack.yaml": text}, variables={**secrets, "REPOSITORY": "git@git.example:r", "DOCKER_GID": "9"})
    assert asked(back(before)) == asked(before)


def test_what_a_sensitive_variable_went_into_stays_hidden():
    """Under a name that tells nothing: it is taken from today's file, and the new record hides it again."""
    text = "services: {web: {image: a, environment: {URL: 'x-${DB_PASSWORD}'}, extra_hosts: ['a=${A_TOKEN}']}}"
    before = stack_of({"stack.yaml": text}, variables={"DB_PASSWORD": "hush", "A_TOKEN": "10.0.0.1"})
    after = back(before)

    assert asked(after) == asked(before)
    assert json.dumps(whole_tree(after)) == json.dumps(whole_tree(before))
    assert "hush" not in json.dumps(whole_tree(after))


def test_what_the_stack_calls_sensitive_stays_so():
    text = "x-deployer: {sensitive: [LICENCE]}\nservices: {web: {image: a, environment: {LICENCE: hush}}}"
    before = stack_of({"stack.yaml": text})
    assert whole_tree(back(before))["services"]["web"]["environment"]["LICENCE"] == MASK


def test_the_cause_of_a_difference_is_the_revision():
    """Which has no lines."""
    found = back(stack({"environment": {"A": "1"}})).place("services", "x", "environment", "A")
    assert (str(found), found.line_reference, found.excerpt) == ("revision 5", "revision 5", "")


def test_another_checkout_reads_its_own_files_and_mounts_what_was_mounted():
    """The folder of a build and the file of a secret are where the stack file is today."""
    text = {**EVERYWHERE, "services": {"web": {"build": "./web", "volumes": ["./conf:/c"], "secrets": ["example"]}}}
    then = stack_of({"stack.yaml": json.dumps(text)})
    today = replace(then, folder="/elsewhere")
    kept = Kept(Record(5, about=About(folder=FOLDER)), whole_tree(then))

    found = gone_back(Project(today, Path("/elsewhere/stack.yaml")), kept).project.stack

    assert found.builds["web"].context == "/elsewhere/web"
    assert found.secrets["example"].file == "/elsewhere/s.txt"
    assert dict(desired(found, "", {}).services["web"].asked["volumes"])["/c"][1] == f"{FOLDER}/conf"


def test_a_service_that_was_inactive_then_is_left_alone():
    """Its profile was not active: it is no orphan."""
    before = stack({})
    found = back(before, About(folder=FOLDER, inactive=("tools", "x")))
    assert set(found.inactive) == {"tools"}
