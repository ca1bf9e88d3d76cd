"""What is kept of what was asked: compared, shown, and never a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.fields.container import BY_NAME, FIELDS
from deployer.resources import applied
from deployer.resources.applied import Secrecy

ROWS = [row for row in FIELDS if row.name != "image"]
UNSET = {row.name: row.unset for row in ROWS}

values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner).map(tuple))


@given(values)
def test_plain_json_comes_back_as_the_same_value(value):
    """A canonical value survives the label."""
    assert applied.canonical(applied.plain(value)) == value


def test_a_row_at_its_default_is_not_written():
    """A new row plans nothing for containers that an older version made."""
    found = applied.decode(applied.encode(ROWS, UNSET), ROWS)
    assert found is not None
    assert found.fields == {}


def test_what_is_asked_is_kept_by_row_and_entry():
    """Keyed rows keep their entries by name, so that a plan can say what each was."""
    asked = {**UNSET, "environment": (("DEBUG", "1"),), "mem_limit": 64}
    found = applied.decode(applied.encode(ROWS, asked, image="busybox"), ROWS)
    assert found == applied.Applied("busybox", {"environment": {"DEBUG": "1"}, "mem_limit": 64})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "hunter2"),
        ("API_TOKEN", "hunter2"),
        ("URL", "postgres://me:hunter2@db/shop"),
        ("ZEBRA", "hunter2"),
    ],
)
def test_a_secret_is_kept_as_a_hash_with_the_stacks_salt(name, value):
    """Neither the value nor a hash that another stack's would equal."""
    asked = {**UNSET, "environment": ((name, value),)}
    one, other = (applied.encode(ROWS, asked, Secrecy(salt, ("ZEBRA",))) for salt in ("a", "b"))
    assert "hunter2" not in one
    assert one != other


def test_an_option_of_logging_is_a_secret_by_its_name():
    """As a variable is; `x-deployer` names it without what a plan puts before it."""
    asked = {**UNSET, "logging": (("driver", "splunk"), ("options.pin", "1234"), ("options.splunk-token", "hunter2"))}
    text = applied.encode(ROWS, asked, Secrecy("salt", ("PIN",)))
    assert "splunk-token" in text
    assert "hunter2" not in text
    assert "1234" not in text


def test_a_name_can_be_taken_off_the_list():
    """`!NAME` in the stack says that it may be shown after all."""
    assert Secrecy(names=()).hides("environment", "API_TOKEN")
    assert not Secrecy(names=("!API_TOKEN",)).hides("environment", "API_TOKEN")


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "{}", '{"format": 2, "fields": {}}', '{"format": 1, "fields": []}', '{"format": 1}']
)
def test_a_label_that_cannot_be_read_is_none_at_all(text):
    """Damaged, or written by a newer version: less can be said, nothing wrong is done."""
    assert applied.decode(text, ROWS) is None


def test_every_row_can_be_stored():
    """Each row's example is plain JSON once it is kept."""
    for row in ROWS:
        assert Secrecy().stored(BY_NAME[row.name], row.unset) is None
