"""The file of a saved plan: what it holds, and what is wrong with one that is none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deployer.errors import InvalidStack
from deployer.fields.field import Effect
from deployer.plan.model import Action, Cause, Change, FieldChange, Plan
from deployer.plan.planner import Options
from deployer.render.plan_schema import plan_schema
from deployer.resources.wire import EngineInfo
from deployer.saved.form import Saved, as_json, is_saved_plan, left_out, read, saved_of
from deployer.sources.noted import UNSET, Seen

SECRET = FieldChange("environment.PW", "never", "seen", (Cause.EDIT,), Effect.REPLACE, "at all", True, sensitive=True)
PLAN = Plan(
    "shop",
    "there",
    EngineInfo("unix:///run/d.sock", "28.5.2", "1.51"),
    7,
    (Change("service.web[1]", Action.REPLACE, "environment.PW", (SECRET,)),),
    (),
    (),
    f"sha256:{'0' * 64}",
    rests_on={"service.web[1]": "sha256:1"},
    states={"service.web[1]": "running"},
)
SEEN = Seen(
    {"/co/stack.yaml": "aa", "/etc/pw": "bb"}, {"TAG": "cc", "HOME": "dd", "X": UNSET}, {"build.a: target": "e"}
)
OPTIONS = Options(only=frozenset({"web", "db"}), replace=frozenset({"web"}), keep_builds=5, take_over=True)


@pytest.fixture
def saved() -> Saved:
    choices = {"files": ["stack.yaml"], "project_name": None, "env_files": []}
    return saved_of(PLAN, OPTIONS, choices, SEEN, folder="/co", engine_id="ID", destroy=False)


def test_what_was_saved_is_read_again(saved: Saved) -> None:
    """The plan, what was said, what it rests on; but not whose turn it is."""
    again = read(as_json(saved), "plan.json")
    assert again == saved
    assert again.planned_with(take_over=False) == Options(
        only=frozenset({"web", "db"}), replace=frozenset({"web"}), keep_builds=5
    )


def test_it_is_a_plan_as_the_schema_has_it(saved: Saved) -> None:
    """Whoever reads plans reads saved ones too."""
    validator = Draft202012Validator(plan_schema())
    assert not list(validator.iter_errors(json.loads(as_json(saved))))


def test_no_value_and_no_digest_of_one_without_salt_is_in_it(saved: Saved) -> None:
    """Names of files and variables, and what a salt has made of their content."""
    text = as_json(saved)
    for value in ("never", "seen", "at all", '"aa"', '"bb"', '"cc"'):
        assert value not in text
    assert saved.sources.keys() == {"stack.yaml", "/etc/pw", "$TAG", "$X", "build.a: target"}


def test_two_plans_have_salts_of_their_own(saved: Saved) -> None:
    """Equal secrets of two stacks cannot be told to be equal."""
    other = saved_of(PLAN, OPTIONS, saved.choices, SEEN, folder="/co", engine_id="ID", destroy=False)
    assert set(other.sources.values()) & set(saved.sources.values()) == {UNSET}


@pytest.mark.parametrize("length", [40, 200, 1000])
def test_one_that_was_cut_off_is_damaged(saved: Saved, length: int) -> None:
    """It is taken for what it was meant to be as soon as its beginning says so."""
    text = as_json(saved)[:length]
    if is_saved_plan(text):
        with pytest.raises(InvalidStack, match=r"p\.json is damaged: it ends too early, or is no JSON"):
            read(text, "p.json")


def test_one_that_is_nested_without_end_is_damaged() -> None:
    with pytest.raises(InvalidStack, match="is damaged"):
        read('{"format_version": 1, "fingerprint": ' + "[" * 100_000, "p.json")


@pytest.mark.parametrize(
    "path", [("revision",), ("changes", 0, "action"), ("saved", "origin"), ("saved", "options", "adopt")]
)
def test_one_that_was_edited_is_damaged(saved: Saved, path: tuple[Any, ...]) -> None:
    """What is carried out is what was reviewed."""
    document = place = json.loads(as_json(saved))
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = "other"
    with pytest.raises(InvalidStack, match="what it holds is not what was saved"):
        read(json.dumps(document), "p.json")


def test_how_it_is_laid_out_is_no_damage(saved: Saved) -> None:
    """Such as by `jq -S`."""
    assert read(json.dumps(json.loads(as_json(saved)), sort_keys=True), "p.json").sources == saved.sources


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_one_of_another_format_says_so(saved: Saved, version: object) -> None:
    document = {**json.loads(as_json(saved)), "format_version": version}
    with pytest.raises(InvalidStack, match="this deployer reads 1") as raised:
        read(json.dumps(document), "p.json")
    assert raised.value.diagnostics[0].code == "plan-file-version"


def test_one_to_look_at_cannot_be_carried_out(saved: Saved) -> None:
    """`--format json` does not say what a plan was made from."""
    with pytest.raises(InvalidStack, match="a plan to look at"):
        read(json.dumps(saved.plan), "p.json")


@pytest.mark.parametrize("text", ["", "services: {}", '{"services": {}}', "[1]", '"format_version" "fingerprint"'])
def test_a_stack_file_is_none(text: str) -> None:
    assert not is_saved_plan(text)


@dataclass(frozen=True)
class Choices:
    files: tuple[str, ...] = ()
    engine: str | None = None
    sets: tuple[str, ...] = ()


def test_what_nobody_decided_on_is_not_kept_in_silence() -> None:
    """An option that comes later may hold a secret."""
    assert left_out(Choices(files=("a",), engine="x"), ("files",), ("engine",)) == []
    assert left_out(Choices(sets=("PASSWORD=1",)), ("files",), ("engine",)) == ["sets"]
