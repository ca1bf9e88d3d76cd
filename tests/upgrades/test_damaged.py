"""What deployer kept on the engine, edited by hand, cut off or of nobody's making: unknown, said so, never a crash."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deployer.fields.container import FIELDS
from deployer.fields.copies import decode_copies
from deployer.plan.model import Cause, Plan
from deployer.render.plan_json import as_json
from deployer.render.plan_text import as_text
from deployer.resources import applied, identity, standing
from deployer.resources.inspected import container_of
from deployer.resources.listed import volume_of
from deployer.resources.record_labels import records_of
from tests.upgrades.kept import STACK, kept, relabel

APPLIED = identity.APPLIED
DAMAGE = ("", "{", "null", "[]", '"text"', "[" * 100_000, '{"a":' * 2000, "x" * 1_000_000, "9" * 5000, "-1", "²", "\0")
LABELS = (
    APPLIED,
    identity.NUMBER,
    identity.CONFIG_HASH,
    identity.DEPENDS_ON,
    identity.REVISION,
    identity.REPLACES,
    identity.PREDECESSOR,
    identity.ANONYMOUS,
    "io.deployer.secrets",
    "io.deployer.configs",
)
KEEPS = ("io.deployer.secrets", "io.deployer.configs")
"""The labels that alone tell what is in a container: without them it is made anew, or is not known to be the same."""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
row_names = st.sampled_from([row.name for row in FIELDS])


def shown(plan: Plan) -> str:
    """The plan in each of its forms."""
    return as_text(plan, verbose=True, show_all=True) + as_json(plan, show_all=True)


@pytest.mark.parametrize("label", LABELS)
def test_a_damaged_label_of_a_container_is_unknown(label: str):
    """Whatever stands there, the plan is made; but for what only a label tells, it is empty."""
    found = kept("contents")
    for text in DAMAGE:
        relabel(found.container("copied"), label, text)

        plan = found.plan

        assert shown(plan)
        assert plan.is_empty or label in KEEPS


@pytest.mark.parametrize("label", [APPLIED, identity.NUMBER, identity.PREDECESSOR, identity.ANONYMOUS, *KEEPS])
def test_a_damaged_label_is_named_with_its_container(label: str):
    """A person learns which label it is, and on what."""
    found = kept("contents")
    relabel(found.container("copied"), label, "{")

    (warning,) = [each for each in found.plan.warnings if each.code == "label-damaged"]

    assert "upgrades-copied-1" in warning.message
    assert label in warning.message


def test_a_label_that_was_edited_by_hand_is_known_by_its_hash():
    """It is JSON of the right form, and still not what deployer wrote: its causes would be wrong."""
    found = kept("contents")
    labels = found.container("web")["Config"]["Labels"]
    labels[APPLIED] = labels[APPLIED].replace("production", "edited")
    found.text = found.text.replace("MODE: production", "MODE: test")

    plan = found.plan

    assert [warning.code for warning in plan.warnings] == ["label-damaged"]
    assert [(each.field, each.causes) for each in plan.changes[0].fields] == [("environment.MODE", (Cause.UNKNOWN,))]


def test_a_damaged_number_is_taken_from_the_containers_name():
    """So it is not renamed for a label."""
    found = kept("contents")
    relabel(found.container("web"), identity.NUMBER, "one")

    assert "service.web[1]" in found.plan.unchanged


@pytest.mark.parametrize("section", ["networks", "volumes"])
def test_a_damaged_label_of_a_network_or_volume_is_unknown(section: str):
    """It is said, and nothing is done for it."""
    found = kept("contents")
    names = {"upgrades_front", "upgrades_data"}
    (thing,) = [each for each in found.state[section] if each["Name"] in names]
    for text in DAMAGE:
        thing["Labels"][APPLIED] = text

        plan = found.plan

        assert plan.is_empty
        assert [(each.code, thing["Name"] in each.message) for each in plan.warnings] == [("label-damaged", True)]


@pytest.mark.parametrize("label", ["record", "stack", "nonce", "holder", "expires", "updates", "resources", "result"])
def test_a_damaged_record_is_unknown(label: str):
    """Of the newest revision, begun and ended: the plan is made, and has nothing to do."""
    for name in ("r2", "r2.done"):
        found = kept("hidden")
        for text in DAMAGE:
            found.record(name)["Labels"][f"io.deployer.{label}"] = text

            plan = found.plan

            assert shown(plan)
            assert plan.is_empty


def test_a_damaged_record_is_named_and_leaves_causes_unknown():
    """What was changed in place since stood there alone: a difference is neither called an edit nor drift."""
    found = kept("contents")
    found.record("r2.done")["Labels"]["io.deployer.updates"] = '{"id":{"mem_limit":{"not":"a size"}}}'
    found.text = found.text.replace("mem_limit: 48M", "mem_limit: 64M")

    plan = found.plan

    (warning,) = plan.warnings
    assert (warning.code, "upgrades.deployer.r2.done" in warning.message) == ("record-damaged", True)
    assert [(each.field, each.causes) for each in plan.changes[0].fields] == [("mem_limit", (Cause.UNKNOWN,))]


@pytest.mark.parametrize("number", ["1", "2"])
def test_two_containers_of_one_number_are_no_crash(number: str):
    """Somebody made a second one with the labels of the first."""
    found = kept("contents")
    copy = json.loads(json.dumps(found.container("web")))
    copy |= {"Id": "f" * 64, "Name": "/somebody-1"}
    copy["Config"]["Labels"][identity.NUMBER] = number
    found.state["containers"].append(copy)

    assert shown(found.plan)
    assert not found.plan.is_empty


@given(st.text() | json_values.map(json.dumps))
def test_no_text_breaks_a_decoder(text: str):
    """Each gives what it could read, or None."""
    for decoded in (applied.decode(text, FIELDS), standing.decode(text), decode_copies(text)):
        assert decoded is None or decoded == decoded


@given(st.dictionaries(row_names, json_values, max_size=4))
@example({"ipc": True})
@example({"stop_grace_period": [None]})  # a billion times a list is no duration, and fills the memory
@settings(deadline=None, max_examples=30)
def test_what_a_label_claims_of_rows_is_sound_or_unknown(fields: dict[str, Any]):
    """Values of another form than their rows': the hash is right, so only the rows can tell."""
    found = kept("hidden")
    for service in ("web", "mounts"):
        relabel(found.container(service), APPLIED, json.dumps({"format": 1, "image": "busybox", "fields": fields}))
    found.text = found.text.replace("MODE: production", "MODE: test")

    assert shown(found.plan)


@given(st.dictionaries(st.sampled_from(["holder", "expires", "updates", "resources", "result", "nonce"]), st.text()))
def test_no_label_breaks_the_records(labels: dict[str, str]):
    """Found by name, so the number counts whatever they say."""
    named = {f"io.deployer.{name}": text for name, text in labels.items()}
    volumes = [{"Name": f"{STACK}.deployer.r7{end}", "Labels": named} for end in ("", ".done")]

    assert records_of(volumes, STACK).revision == 7


@given(st.dictionaries(st.sampled_from(["holder", "updates", "resources"]), json_values.map(json.dumps)))
def test_no_json_breaks_the_records(labels: dict[str, str]):
    """JSON of another form is damage, too."""
    named = {f"io.deployer.{name}": text for name, text in labels.items()}

    assert records_of([{"Name": f"{STACK}.deployer.r7", "Labels": named}], STACK).revision == 7


def test_labels_that_are_null_are_none():
    """As the engine shows those of a volume that was made by hand."""
    found = kept("contents")
    inspect = found.container("web")
    inspect["Config"]["Labels"] = None

    assert container_of(inspect, found.desired.context).applied is None
    assert volume_of({"Name": "x", "Driver": "local", "Options": None, "Labels": None}, STACK).applied is None
