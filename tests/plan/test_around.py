"""What a plan shows of a value of which a part is sensitive: the rest of it, and which of both has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.plan.model import FieldChange, Plan
from deployer.render.graph import Graph
from deployer.render.plan_html import as_html
from deployer.render.plan_json import as_json
from deployer.render.plan_markdown import as_markdown
from deployer.render.plan_text import as_text
from deployer.resources.applied import AROUND, Secrecy, decode, encode
from deployer.resources.body import CONTAINER_ROWS
from deployer.resources.from_stack import desired
from deployer.resources.observed import Observed, ObservedContainer
from tests.plan.conftest import Make
from tests.plan.fresh import changes_of, plan_of, with_container
from tests.stack.several import stack_of

Applied = Callable[..., Observed]


def saying(value: str) -> str:
    """A stack file in which a variable has a value."""
    return f"services: {{db: {{image: 'db:1', environment: {{URL: {json.dumps(value)}}}}}}}\n"


@pytest.fixture
def applied(container: Make) -> Applied:
    """An engine on which that stack file was applied; with `seen` somebody has changed the value since."""

    def make(value: str, *, seen: str | None = None, forgets: bool = False, **variables: str) -> Observed:
        made = container("db", 1)
        return with_container(as_applied(made, value, seen, forgets, variables))

    return make


def as_applied(
    made: ObservedContainer, value: str, seen: str | None, forgets: bool, variables: dict[str, str]
) -> ObservedContainer:
    stack = stack_of({"stack.yaml": saying(value)}, name="shop", variables=variables)
    service = desired(stack, "", {}).services["db"]
    around = {} if forgets else service.around
    label = encode(
        CONTAINER_ROWS, service.asked, Secrecy("salt", service.sensitive, service.hidden), "db:1", {}, around
    )
    have = service.asked["environment"] if seen is None else (("URL", seen),)
    values = {**made.values, **service.asked, "environment": have}
    return replace(made, applied=decode(label, CONTAINER_ROWS), values=MappingProxyType(values))


def field_of(plan: Plan) -> FieldChange:
    (field,) = [each for each in changes_of(plan)["service.db[1]"].fields if each.field == "environment.URL"]
    return field


def line_of(plan: Plan) -> str:
    (found,) = [" ".join(line.split()) for line in as_text(plan).splitlines() if "environment.URL" in line]
    return found.removeprefix("environment.URL ")


NOW = "postgres://u:${DB_PASSWORD}@db/x"
SEEN = '"postgres://u:(sensitive)@db/x"'


def test_an_edit_of_the_open_part_is_seen(applied: Applied):
    there = applied(NOW, DB_PASSWORD="hunter2")
    plan = plan_of(saying("postgres://v:${DB_PASSWORD}@db/x"), there, DB_PASSWORD="hunter2")
    after = '"postgres://v:(sensitive)@db/x"'
    assert line_of(plan) == f"{SEEN} -> {after} stack.yaml:1; only the text around it changed"


def test_of_an_edit_of_the_open_part_only_an_open_variable_can_be_the_cause(applied: Applied):
    """A secret that is the same is none."""
    text = "postgres://u:${DB_PASSWORD}@db/${NAME}"
    plan = plan_of(saying(text), applied(text, DB_PASSWORD="hunter2", NAME="x"), DB_PASSWORD="hunter2", NAME="y")
    assert line_of(plan).endswith(" stack.yaml:1 with $NAME of the shell; only the text around it changed")


def test_the_password_of_a_url_is_a_secret_whatever_its_variable_is_called(applied: Applied):
    there = applied("postgres://u:${X}@db/x", X="hunter2")
    plan = plan_of(saying("postgres://v:${X}@db/x"), there, X="hunter2")
    assert line_of(plan).startswith(f'{SEEN} -> "postgres://v:(sensitive)@db/x" ')


def test_of_a_secret_that_changed_it_is_said_that_it_is_that(applied: Applied):
    """Its old value is not known to anybody any more, and not shown."""
    plan = plan_of(saying(NOW), applied(NOW, DB_PASSWORD="hunter2"), DB_PASSWORD="other")
    assert line_of(plan) == f"{SEEN} -> {SEEN} stack.yaml:1 with $DB_PASSWORD of the shell; (sensitive) changed"


def test_that_both_changed_is_said_too(applied: Applied):
    plan = plan_of(saying("postgres://v:${DB_PASSWORD}@db/x"), applied(NOW, DB_PASSWORD="hunter2"), DB_PASSWORD="other")
    assert line_of(plan).endswith("; (sensitive) changed, too")


def test_where_nothing_tells_what_was_hidden_only_the_new_side_is_shown(applied: Applied):
    """What an earlier deployer made; the secret of today may stand in a longer one of then."""
    there = applied(NOW, DB_PASSWORD="hunter2", forgets=True)
    plan = plan_of(saying("postgres://v:${DB_PASSWORD}@db/x"), there, DB_PASSWORD="hunter")
    assert line_of(plan).startswith('(sensitive) -> "postgres://v:(sensitive)@db/x" stack.yaml:1')
    assert field_of(plan).note == ""


def test_what_somebody_changed_by_hand_is_not_shown(applied: Applied):
    """It is not what was applied: a part of it may be a secret of theirs."""
    there = applied(NOW, DB_PASSWORD="hunter2", seen="postgres://u:hunter2@db/theirs")
    plan = plan_of(saying(NOW), there, DB_PASSWORD="hunter2")
    assert line_of(plan).startswith(f"(sensitive) -> {SEEN} drift")
    assert "theirs" not in as_text(plan)


def test_a_secret_that_is_pasted_into_the_open_is_shown_on_neither_side(applied: Applied):
    """Yesterday's in today's text, and today's in yesterday's."""
    plan = plan_of(
        saying("postgres://u:${DB_PASSWORD}@db/hunter2"), applied(NOW, DB_PASSWORD="hunter2"), DB_PASSWORD="other"
    )
    assert line_of(plan).startswith(f"{SEEN} -> (sensitive) ")
    plan = plan_of(
        saying(NOW), applied("postgres://u:${DB_PASSWORD}@db/hunter2", DB_PASSWORD="other"), DB_PASSWORD="hunter2"
    )
    assert line_of(plan).startswith(f"(sensitive) -> {SEEN} ")


def test_what_bears_a_sensitive_name_is_hidden_whole():
    text = saying("a:${DB_PASSWORD}:b").replace("URL", "API_KEY")
    (field,) = [
        each for each in changes_of(plan_of(text, DB_PASSWORD="x1"))["service.db[1]"].asks if "API_KEY" in each.field
    ]
    assert field.around == (None, None)
    own = text.replace("API_KEY", "URL") + "x-deployer: {sensitive: [URL]}\n"
    (field,) = [
        each for each in changes_of(plan_of(own, DB_PASSWORD="x1"))["service.db[1]"].asks if "URL" in each.field
    ]
    assert field.around == (None, None)


def test_a_url_with_a_password_in_the_file_shows_where_it_leads(applied: Applied):
    plan = plan_of(saying("postgres://u:pw1234@db/y"), applied("postgres://u:pw1234@db/x"))
    assert line_of(plan) == (
        '"postgres://(sensitive)@db/x" -> "postgres://(sensitive)@db/y" stack.yaml:1; only the text around it changed'
    )


def test_a_new_container_shows_it_as_well():
    text = saying(NOW)
    assert '"postgres://u:(sensitive)@db/x"' in as_text(plan_of(text, DB_PASSWORD="hunter2"), verbose=True)


def test_for_programs_the_values_are_null_and_the_texts_beside_them(applied: Applied):
    plan = plan_of(
        saying("postgres://v:${DB_PASSWORD}@db/x"), applied(NOW, DB_PASSWORD="hunter2"), DB_PASSWORD="hunter2"
    )
    changes = json.loads(as_json(plan))["changes"]
    (field,) = next(each["fields"][1:] for each in changes if each["address"] == "service.db[1]")
    assert (field["before"], field["after"], field["applied"], field["sensitive"]) == (None, None, None, True)
    assert field["around"] == {
        "before": "postgres://u:(sensitive)@db/x",
        "after": "postgres://v:(sensitive)@db/x",
    }


def test_a_label_that_somebody_wrote_by_hand_says_nothing(container: Make):
    """What it says is around a secret has to be that of the value which is there."""
    made = as_applied(container("db", 1), NOW, None, False, {"DB_PASSWORD": "hunter2"})
    assert made.applied
    fields = {**made.applied.fields, AROUND: {"environment": {"URL": "mysql://(sensitive)"}}}
    there = with_container(replace(made, applied=replace(made.applied, fields=fields)))
    assert field_of(plan_of(saying("a:${DB_PASSWORD}:b"), there, DB_PASSWORD="hunter2")).around == (
        None,
        "a:(sensitive):b",
    )


OPEN = st.text(alphabet="ab:/@=&. ", max_size=5)
SECRETS = st.text(alphabet="XYZ019:/@=", min_size=1, max_size=6)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=st.tuples(OPEN, OPEN), new=st.tuples(OPEN, OPEN), one=SECRETS, other=SECRETS, forgets=st.booleans())
def test_neither_an_old_nor_a_new_secret_is_ever_printed(
    container: Make, old: tuple[str, str], new: tuple[str, str], one: str, other: str, forgets: bool
):
    """Not a character of one, in any form: the letters and digits of secrets are nowhere else."""
    then, now = ("${DB_PASSWORD}".join(each) for each in (old, new))
    there = with_container(as_applied(container("db", 1), then, None, forgets, {"DB_PASSWORD": one}))
    plan = plan_of(saying(now), there, DB_PASSWORD=other)
    changes = changes_of(plan).get("service.db[1]")
    for field in changes.fields if changes else ():
        if field.field == "environment.URL":
            assert not set("XYZ019") & set("".join(filter(None, field.around)) + field.note)
            assert (field.before, field.after, field.applied) == (None, None, None)
    for each in {one, other}:
        if len(set(each) & set("XYZ019")) > 2:
            for form in (as_text(plan), as_json(plan), as_markdown(plan), as_html(plan, Graph("shop", (), ()))):
                assert each not in form


def test_a_digest_that_is_no_secret_is_shown(applied: Applied):
    """Though it looks like what is kept of a secret."""
    plan = plan_of(saying(f"sha256:{'b' * 64}"), applied(f"sha256:{'a' * 64}"))
    assert line_of(plan).startswith(f'"sha256:{"a" * 64}" -> "sha256:{"b" * 64}" stack.yaml:1')
