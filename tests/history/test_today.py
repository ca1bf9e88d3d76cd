"""What is sensitive is in no revision: it comes from the stack file of today, or is missing."""

from __future__ import annotations

import pytest

from deployer.errors import InvalidStack
from deployer.fields.sensitive import MASK, mask_user_info
from deployer.history.today import filled, refuse_missing, told

Tree = dict[str, object]


def web(**environment: str | None) -> Tree:
    return {"services": {"web": {"environment": environment}}}


def fill(then: Tree, bare: Tree, today: Tree | None = None):
    """`bare` is today's; masked as `today`, or all of it."""
    return filled(then, today or then, bare)


def test_a_masked_value_is_todays():
    found = fill(web(A="1", DB_PASSWORD=MASK), web(A="2", DB_PASSWORD="hush"))
    assert found.tree == web(A="1", DB_PASSWORD="hush")
    assert (found.taken, found.missing) == ([("services", "web", "environment", "DB_PASSWORD")], [])


def test_of_a_url_only_the_user_info_is_todays():
    """Its host is that of the revision."""
    then, bare = web(URL=f"http://{MASK}@old/x"), web(URL="http://u:p@new/y")
    found = filled(then, web(URL=mask_user_info("http://u:p@new/y")), bare)
    assert found.tree == web(URL="http://u:p@old/x")


@pytest.mark.parametrize("bare", [web(), {"services": {}}, {}, web(URL="http://new/y")])
def test_what_todays_file_does_not_say_is_missing(bare: Tree):
    found = filled(web(URL=f"http://{MASK}@old/x"), bare, bare)
    assert found.missing == [("services", "web", "environment", "URL")]
    with pytest.raises(InvalidStack, match=r"services\.web\.environment\.URL"):
        refuse_missing(found.missing, 5)


def test_an_item_of_a_list_is_found_by_its_name_wherever_it_stands():
    """And is named by it, as the places of a stack are."""
    then = {"hosts": ["a=1", f"b={MASK}"]}
    found = filled(then, {"hosts": [f"b={MASK}", "c=3"]}, {"hosts": ["b=2", "c=3"]})
    assert found.tree == {"hosts": ["a=1", "b=2"]}
    assert found.taken == [("hosts", "b")]


def test_each_of_several_items_that_look_the_same_is_its_own_today():
    """Users of one host, whose names and passwords alone differ."""
    then, bare = {"command": [f"http://{MASK}@h"] * 2}, {"command": ["http://a:1@h", "http://b:2@h"]}
    assert filled(then, then, bare).tree == bare


def test_a_whole_row_that_was_hidden_is_todays():
    assert fill({"command": MASK}, {"command": ["sh", "-c", "hush"]}).tree == {"command": ["sh", "-c", "hush"]}


def test_what_differs_is_told_first_and_apart_from_what_is_the_same():
    """Of what no digest tells, as of the files of secrets, only that it is today's."""
    found = fill(
        web(URL=f"http://{MASK}@old/x", A_KEY=MASK, B_KEY=MASK), web(URL="http://u:p@old/x", A_KEY="a", B_KEY="b")
    )
    found.tree["secrets"] = {"key": {"file": "x"}}
    url, one, other = (f"services.web.environment.{name}" for name in ("URL", "A_KEY", "B_KEY"))

    differs = "differs from revision 5 in what no revision keeps; it is as the stack file says it today"
    messages = [each.message for each in told(found, {url, one, other}, [one, url], 5)]

    assert messages == [
        f"{one} {differs}",
        f"the user info in {url} {differs}",
        "no revision keeps what is sensitive: revision 5 is applied with today's secrets.key; "
        f"the same today as in revision 5: {other}",
    ]


def test_of_a_revision_without_digests_it_is_told_that_values_are_todays():
    """An earlier deployer has written it."""
    found = fill(web(A_KEY=MASK, URL=f"http://{MASK}@a"), web(A_KEY="a", URL="http://u@a"))
    (warning,) = told(found, (), (), 5)
    assert "today's services.web.environment.A_KEY, the user info in services.web.environment.URL" in warning.message


def test_an_item_of_a_list_is_told_as_the_list():
    """Which has one digest."""
    found = fill({"command": ["curl", f"http://{MASK}@a"]}, {"command": ["curl", "http://u@a"]})
    (warning,) = told(found, {"command"}, ["command"], 5)
    assert warning.message.startswith("the user info in command differs from revision 5")


def test_a_config_that_is_not_kept_is_told_as_todays():
    """One that is kept is not."""
    found = fill({"configs": {"a": {"file": "x"}, "b": {"content": "open"}}}, {})
    (warning,) = told(found, (), (), 5)
    assert warning.message.endswith("today's configs.a")


def test_where_nothing_is_taken_nothing_is_told():
    assert list(told(fill(web(A="1"), web(A="2")), (), (), 5)) == []
