"""The plan as programs read it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deployer.fields.field import Effect
from deployer.plan.model import Action, Cause, Danger, Gap, Plan
from deployer.render.plan_json import as_json
from deployer.render.plan_schema import plan_schema


def field_named(plan: Plan, name: str) -> dict[str, Any]:
    changes = json.loads(as_json(plan))["changes"]
    return next(field for change in changes for field in change["fields"] if field["field"] == name)


def test_the_plan_is_one_object_with_what_scripts_rely_on(shop: Plan) -> None:
    """The head, each change with its fields and steps, and the counts."""
    found = json.loads(as_json(shop))
    changes = found.pop("changes")
    assert found == {
        "format_version": 1,
        "stack": "flask-shop",
        "revision": 7,
        "revision_result": None,
        "fingerprint": f"sha256:{'0' * 64}",
        "engine": {"host": "unix:///var/run/docker.sock", "version": "28.5.2", "api": "1.51"},
        "files": [],
        "warnings": [],
        "summary": {
            "create": 0, "update": 1, "restart": 0, "replace": 2, "start": 0, "stop": 0, "rename": 0, "remove": 1,
            "build": 1, "pull": 0, "push": 1, "load": 0, "recover": 0, "kept": 1, "kill": 0, "pause": 0,
            "unpause": 0, "unchanged": 5, "left_alone": 0,
        },
    }  # fmt: skip
    assert [change["action"] for change in changes] == [
        "build", "push", "replace", "replace", "update", "remove", "kept",
    ]  # fmt: skip
    assert changes[3] == {
        "address": "service.web[2]",
        "action": "replace",
        "reason": "image",
        "gap": "none",
        "gap_seconds": None,
        "detail": "start-first, no gap expected",
        "at": None,
        "mounts": [],
        "group": "",
        "fields": [field_named(shop, "image"), field_named(shop, "environment.DEBUG")],
        "asks": [],
        "notes": [],
        "known_after": "build.web",
        "steps": ["stop shop-web-2", "start shop-web-2.next"],
    }


def test_what_a_gap_lasts_besides_is_named(shop: Plan) -> None:
    """Its numbers are less what nobody can foresee."""
    change = replace(shop.changes[2], gap=Gap(1, 11, plus=("build.web", "migrate"), or_more=True, at_once=3))
    found = json.loads(as_json(replace(shop, changes=(change,))))["changes"][0]
    assert found["gap_seconds"] == {"least": 1, "most": 11, "or_more": True, "plus": ["build.web", "migrate"]}
    assert found["gap"] == "1s to 11s or more, plus as long as build.web, migrate take; all 3 replicas at once"


def test_what_is_to_be_seen_first_is_of_a_kind(shop: Plan) -> None:
    """Of a change without any, there is no list."""
    change = replace(shop.changes[2], dangers=((Danger.OPEN_PORT, "8080:80"),))
    found = json.loads(as_json(replace(shop, changes=(change, shop.changes[0]))))["changes"]
    assert found[0]["dangers"] == [{"kind": "open port", "about": "8080:80"}]
    assert "dangers" not in found[1]


def test_what_became_of_the_last_revision_is_a_word_of_the_records(shop: Plan) -> None:
    found = json.loads(as_json(replace(shop, result="failed")))
    assert (found["revision"], found["revision_result"]) == (7, "failed")


def test_a_field_has_its_three_values_its_causes_and_its_line(shop: Plan) -> None:
    """`at` is file and line, without the column."""
    assert field_named(shop, "environment.DEBUG") == {
        "field": "environment.DEBUG",
        "before": '"0"',
        "after": '"1"',
        "applied": '"0"',
        "causes": ["edit"],
        "at": "stack.yaml:31",
        "from": [],
        "effect": "replace",
        "sensitive": False,
        "note": "",
    }


def test_what_was_applied_is_there_only_where_it_is_known(shop: Plan) -> None:
    """Not known is no key; known to be unset is null."""
    assert "applied" not in field_named(shop, "image")
    assert field_named(shop, "mem_limit")["applied"] == "512m"


def test_sensitive_values_are_null(everything: Plan) -> None:
    """That it changed is said, and by what; no value is, of none of the three sides."""
    secret = field_named(everything, "environment.DB_PASSWORD")
    assert (secret["before"], secret["after"], secret["applied"], secret["sensitive"]) == (None, None, None, True)


def test_payloads_of_steps_are_never_there(shop: Plan) -> None:
    """What a step sends may hold secrets."""
    assert "hunter2" not in as_json(shop)


def test_what_does_not_change_is_counted_and_listed_only_on_demand(shop: Plan) -> None:
    """`--all` lists the addresses."""
    assert "unchanged" not in json.loads(as_json(shop))
    assert json.loads(as_json(shop, show_all=True))["unchanged"] == list(shop.unchanged)


def test_the_same_plan_gives_the_same_bytes(everything: Plan) -> None:
    """And another plan others; all of it is ASCII, so that no terminal is steered."""
    assert as_json(everything) == as_json(replace(everything))
    assert as_json(everything) != as_json(replace(everything, revision=8))
    assert as_json(replace(everything, stack="\x1b\u202eé")).isascii()


@pytest.mark.parametrize("show_all", [True, False])
def test_every_plan_is_valid_by_the_schema(shop: Plan, everything: Plan, show_all: bool) -> None:
    """Every action, cause and effect that there is."""
    validator = Draft202012Validator(plan_schema())
    for plan in (shop, everything, replace(everything, changes=(), revision=0)):
        assert not list(validator.iter_errors(json.loads(as_json(plan, show_all=show_all))))


def test_the_schema_is_one() -> None:
    """It is valid by its own draft."""
    Draft202012Validator.check_schema(plan_schema())


def test_the_lists_of_words_are_closed() -> None:
    """They are those of the model, and no others."""
    definitions = plan_schema()["$defs"]
    assert definitions["change"]["properties"]["action"]["enum"] == [action.value for action in Action]
    assert definitions["danger"]["properties"]["kind"]["enum"] == [danger.value for danger in Danger]
    assert definitions["field"]["properties"]["causes"]["items"]["enum"] == [cause.value for cause in Cause]
    assert definitions["field"]["properties"]["effect"]["enum"] == [effect.value for effect in Effect]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("extra",), 1),
        (("engine", "extra"), 1),
        (("changes", 2, "extra"), 1),
        (("changes", 2, "fields", 0, "extra"), 1),
        (("summary", "extra"), 1),
        (("changes", 2, "action"), "burn"),
        (("changes", 2, "fields", 0, "causes"), ["weather"]),
        (("changes", 2, "fields", 0, "causes"), []),
        (("changes", 2, "fields", 0, "effect"), "later"),
        (("changes", 2, "fields", 1, "at"), "stack.yaml"),
        (("revision",), -1),
        (("format_version",), 2),
        (("fingerprint",), "md5:1"),
    ],
)
def test_the_schema_refuses_what_is_no_plan(shop: Plan, path: tuple[str | int, ...], value: object) -> None:
    """Unknown keys at every depth, words that are not listed, numbers that cannot be."""
    document: Any = json.loads(as_json(shop))
    *parents, last = path
    place = document
    for key in parents:
        place = place[key]
    place[last] = value
    assert list(Draft202012Validator(plan_schema()).iter_errors(document))


def test_everything_in_the_schema_is_described() -> None:
    """So that an editor explains it."""

    def undescribed(schema: dict[str, Any]) -> list[str]:
        found = [name for name, one in schema.get("properties", {}).items() if "description" not in one]
        return found + [name for one in schema.get("properties", {}).values() for name in undescribed(one)]

    schema = plan_schema()
    assert [name for one in (schema, *schema["$defs"].values()) for name in undescribed(one)] == []
