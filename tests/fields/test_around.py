"""What can be shown of a text of which a part is sensitive: never the part, and nothing that depends on it."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.fields.around import around, gives_away, hidden_in, refilled
from deployer.fields.sensitive import MASK

SECRET = "hunter2"


def shown(template: str, secret: str = SECRET) -> str | None:
    """What is seen of a text in which `*` stands for a secret."""
    value, spans = filled(template, [secret] * template.count("*"))
    found = around(value, spans)
    return found.text if found else None


def filled(template: str, secrets: list[str]) -> tuple[str, tuple[tuple[int, int], ...]]:
    value, spans = "", []
    for index, piece in enumerate(template.split("*")):
        if index:
            spans.append((len(value), len(value) + len(secrets[index - 1])))
            value += secrets[index - 1]
        value += piece
    return value, tuple(spans)


@pytest.mark.parametrize(
    ("template", "seen"),
    [
        ("postgres://u:*@db/x", "postgres://u:(sensitive)@db/x"),
        ("postgres://:*@db/x", "postgres://:(sensitive)@db/x"),
        ("host=db password=* port=1", "host=db password=(sensitive) port=1"),
        ("Bearer *", "Bearer (sensitive)"),
        ("https://api/?token=*&a=b", "https://api/?token=(sensitive)&a=b"),
        ("*:*", "(sensitive):(sensitive)"),
    ],
)
def test_the_text_around_a_secret_is_shown(template: str, seen: str):
    assert shown(template) == seen


@pytest.mark.parametrize(
    ("template", "seen"),
    [
        ("postgres://u:pre-*@db/x", "postgres://u:(sensitive)@db/x"),
        ("postgres://u:*-post@db/x", "postgres://u:(sensitive)@db/x"),
        ("key=abc*def more", "key=(sensitive) more"),
        ("postgres://u:abc:*@db/x", "postgres://(sensitive)@db/x"),
        ("postgres://u:abc/*@db/x", "postgres://(sensitive)@db/x"),
        ("postgres://abc*@db/x", "postgres://(sensitive)@db/x"),
        ("postgres://*@db/x", "postgres://(sensitive)@db/x"),
        ("postgres://u:literal@*/x", "postgres://(sensitive)@(sensitive)/x"),
        ("a://u:literal@h/x b=*", "a://(sensitive)@h/x b=(sensitive)"),
    ],
)
def test_what_may_be_a_part_of_the_secret_is_hidden_with_it(template: str, seen: str):
    """What touches it without a delimiter, and a password that is half in the file."""
    assert shown(template) == seen


@pytest.mark.parametrize("template", ["*", "**", "abc*", "plain", "a * (sensitive)", "a\0 *"])
def test_what_has_nothing_to_show_shows_nothing(template: str):
    assert shown(template) is None


@pytest.mark.parametrize(
    "template",
    ["postgres://u:*@db/hunter2", "pw=hunter2 again=*", "postgres://hunter2:*@db/x", "a=*, my hunter2s"],
)
def test_a_secret_that_stands_in_the_open_as_well_hides_all(template: str):
    """Somebody has pasted it."""
    assert shown(template) is None


def test_of_a_url_that_holds_a_password_its_user_info_is_hidden():
    found = around("postgres://u:hunter2@db/x")
    assert found
    assert (found.text, found.behind) == ("postgres://(sensitive)@db/x", ("u:hunter2",))
    assert around("postgres://u:hunter2@db/hunter2") is None


@pytest.mark.parametrize(
    ("text", "spans", "seen"),
    [
        ("postgres://u:pw@db/x", [(13, 15)], "postgres://u:(sensitive)@db/x"),
        ("postgres://me:pw@db/x", [(11, 13), (14, 16)], "postgres://(sensitive)@db/x"),
        ("postgres://u:pw@db/x", [(11, 15)], "postgres://(sensitive)@db/x"),
        ("postgres://u:pw@db/x", [(0, 20)], "postgres://(sensitive)@db/x"),
        ("postgres://u:pw@db/x", [(16, 18)], "postgres://(sensitive)@db/x"),
    ],
)
def test_another_variable_is_hidden_where_it_is_a_password(text: str, spans: list[tuple[int, int]], seen: str):
    """Whatever it is called; elsewhere it is shown."""
    found = around(text, (), spans)
    assert found
    assert found.text == seen


def test_a_variable_that_is_not_sensitive_is_shown_as_the_user_before_a_password():
    """Though the database is called as the user is."""
    found = around("postgres://shop:pw@db/shop", [(16, 18)], [(11, 15), (22, 26)])
    assert found
    assert (found.text, found.behind) == ("postgres://shop:(sensitive)@db/shop", ("pw",))


def test_a_variable_before_a_password_that_may_hold_more_than_a_user_is_hidden():
    found = around("postgres://me:too:pw@db/x", [(18, 20)], [(11, 17)])
    assert found
    assert found.text == "postgres://(sensitive)@db/x"


PIECE = st.text(alphabet="ab:/@= &?-.", max_size=6)
ALPHABET = string.ascii_uppercase + string.digits + ":/@= -"
HIDDEN = st.text(alphabet=ALPHABET, min_size=1, max_size=8)


@given(st.lists(PIECE, min_size=2, max_size=4), st.data())
def test_nobody_learns_anything_of_a_secret_from_what_is_shown(pieces: list[str], data: st.DataObject):
    """The same text with any other secrets is shown just so, or not at all."""
    template = "*".join(pieces)
    one, other = (data.draw(st.lists(HIDDEN, min_size=len(pieces) - 1, max_size=len(pieces) - 1)) for _ in "ab")
    first, second = (around(*filled(template, each)) for each in (one, other))
    if first and second:
        assert first.text == second.text


@given(HIDDEN, HIDDEN, st.text(alphabet="ab:/@", max_size=6))
def test_whether_another_variable_is_hidden_does_not_depend_on_a_secret(one: str, other: str, open_value: str):
    """A secret may hold what looks like a part of a URL."""
    seen: list[str] = []
    for secret in (one, other):
        value = f"a://{open_value} {secret}b"
        found = around(value, [(5 + len(open_value), len(value) - 1)], [(4, 4 + len(open_value))])
        seen += [found.text] if found else []
    assert len(set(seen)) < 2


@given(st.lists(PIECE, min_size=2, max_size=4), st.data())
def test_no_secret_stands_in_what_is_shown(pieces: list[str], data: st.DataObject):
    """Not one of its characters that the text around it has not: these are lower case, and the secrets are not."""
    secrets = data.draw(st.lists(HIDDEN, min_size=len(pieces) - 1, max_size=len(pieces) - 1))
    found = around(*filled("*".join(pieces), secrets))
    if found:
        open_parts = found.text.split(MASK)
        assert not any(secret in part for secret in secrets for part in open_parts)
        assert not set("".join(open_parts)) & set(string.ascii_uppercase + string.digits)


@given(st.lists(PIECE, min_size=1, max_size=4), st.data())
def test_what_is_hidden_makes_the_value_whole_again(pieces: list[str], data: st.DataObject):
    secrets = data.draw(st.lists(HIDDEN, min_size=len(pieces) - 1, max_size=len(pieces) - 1))
    value, spans = filled("*".join(pieces), secrets)
    found = around(value, spans)
    if found:
        assert refilled(found.text, found.behind) == value
        assert hidden_in(value, found.text) is not None
        assert not gives_away(found.text, found.behind)


def test_a_text_is_refilled_only_with_as_many_parts_as_it_hides():
    assert refilled("a(sensitive)b", ("1",)) == "a1b"
    assert refilled("a(sensitive)b", ()) is None
    assert hidden_in("a1b", "a(sensitive)b") == ("1", "1")
    assert hidden_in("c1b", "a(sensitive)b") is None
    assert hidden_in("aX:Y:Zb", "a(sensitive):(sensitive)b") == ("X:Y", "Z", "X", "Y:Z")
