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


def test_a_whole_row_that_was_hidden_is_todays():
    assert fill({"command": MASK}, {"command": ["sh", "-c", "hush"]}).tree == {"command": ["sh", "-c", "hush"]}


def test_what_is_taken_is_told_by_name():
    """Secrets always are: what they hold is never a revision's."""
    (warning,) = told([("services", "web", "environment", "URL")], {"secrets": {"key": {"file": "x"}}}, 5)
    assert "secrets.key, services.web.environment.URL" in warning.message
    assert told([], {}, 5) == []
