"""What a way back does not bring back is known, by its place, whatever the file says today."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deployer.fields.sensitive import MASK
from deployer.project import Project
from deployer.render.config import whole_tree
from deployer.resources.records import Record
from deployer.resources.revisions import About
from deployer.rollback import Back, Kept, gone_back
from deployer.stack.model import Stack
from tests.stack.several import stack_of

SALT = "grain"
URL = "services.web.environment.URL"


def stack(url: str, **variables: str) -> Stack:
    text = f"services: {{web: {{image: a, environment: {{URL: '{url}', A: '1'}}}}}}"
    return stack_of({"stack.yaml": text}, variables=variables)


def project(stack: Stack) -> Project:
    found = Project(stack, Path(stack.folder, "stack.yaml"))
    found.commit = "", False
    return found


def back(then: Project, today: Stack) -> Back:
    about = About(folder=then.stack.folder, masked=then.masked(SALT))
    return gone_back(project(today), Kept(Record(5, salt=SALT, about=about), whole_tree(then.stack)))


@pytest.mark.parametrize("variable", ["DB_PASSWORD", "PW"])
def test_where_all_is_as_it_was_nothing_differs(variable: str) -> None:
    said = stack(f"http://u:${{{variable}}}@one", **{variable: "hush"})
    found = back(project(said), said)
    assert (found.changed, found.project.commit) == ((), ("", False))


def test_a_text_with_a_sensitive_variable_is_todays_as_a_whole_and_told_where_it_is_another() -> None:
    then, today = (stack(f"http://u:${{DB_PASSWORD}}@{host}", DB_PASSWORD="hush") for host in ("one", "two"))
    found = back(project(then), today)
    assert found.changed == (URL,)
    assert found.warnings[0].message.startswith(f"{URL} differs from revision 5")


def test_what_is_not_as_it_was_is_not_what_the_commit_says() -> None:
    """So the revision's commit is dirty."""
    then, today = (stack("${DB_PASSWORD}", DB_PASSWORD=password) for password in ("one", "two"))
    assert back(project(then), today).project.commit == ("", True)


def test_of_a_url_the_host_comes_back() -> None:
    """Which is no value of today's, so that nothing is told of it."""
    then, today = (stack(f"http://u:${{PW}}@{host}/", PW="hush") for host in ("one", "two"))
    found = back(project(then), today)
    assert found.project.stack.services["web"].environment == {"URL": "http://u:hush@one/", "A": "1"}
    assert found.changed == ()
    assert found.warnings[0].message.endswith(f"the same today as in revision 5: the user info in {URL}")


def test_a_way_back_can_be_gone_back_to_itself() -> None:
    """Its record hides no more than that of the revision did."""
    one, two, three = (stack(f"http://u:${{PW}}@{host}/", PW="hush") for host in ("one", "two", "three"))
    first = back(project(one), two).project
    assert whole_tree(first.stack) == whole_tree(one)
    assert first.masked(SALT) == project(one).masked(SALT)
    again = back(first, three)
    assert again.project.stack.services["web"].environment["URL"] == "http://u:hush@one/"


def test_a_record_that_hides_a_whole_url_is_known_to_differ() -> None:
    """As an earlier deployer has written it for a rollback."""
    one, three = (stack(f"http://u:${{PW}}@{host}/", PW="hush") for host in ("one", "three"))
    whole = replace(one, tainted=frozenset({("services", "web", "environment", "URL")}))
    assert back(project(whole), three).changed == (URL,)


def test_a_url_in_json_comes_back() -> None:
    """Whatever stands around it, its mask is known as one."""
    said = stack('{"hosts": ["http://u:p@one"]}')
    found = back(project(said), said)
    assert found.project.stack.services["web"].environment["URL"] == '{"hosts": ["http://u:p@one"]}'
    assert found.changed == ()


def of_service(name: str, path: str, sensitive: str = "[]", **variables: str) -> Stack:
    service = f"{name}: {{image: a, environment: {{DB_TOKEN_FILE: '{path}'}}}}"
    text = f"x-deployer: {{sensitive: {sensitive}}}\nservices:\n  {service}\n"
    return stack_of({"stack.yaml": text}, variables=variables)


def kept(stack: Stack) -> str:
    """As the record of the stack has it."""
    (service,) = whole_tree(stack)["services"].values()
    return service["environment"]["DB_TOKEN_FILE"]


FILE = "/run/secrets/token"


def test_the_path_of_a_secrets_file_comes_back_though_its_service_was_renamed() -> None:
    """It is no secret, so the revision keeps it."""
    then = of_service("db", FILE)
    found = back(project(then), of_service("store", "/run/secrets/other"))
    assert found.project.stack.services["db"].environment == {"DB_TOKEN_FILE": FILE}
    assert (found.changed, project(then).masked(SALT)) == ((), {})


@pytest.mark.parametrize(
    "stack",
    [
        of_service("db", "hush"),
        of_service("db", "${PIN_TOKEN}", PIN_TOKEN=FILE),
        of_service("db", FILE, "[DB_TOKEN_FILE]"),
        of_service("db", FILE, "[db_token_file]"),
    ],
)
def test_no_revision_keeps_what_may_be_a_secret_in_its_place(stack: Stack) -> None:
    assert kept(stack) == MASK


def test_the_path_of_a_secrets_file_that_a_record_masks_is_todays_and_stays_masked() -> None:
    """As an earlier deployer has written it: its digest tells whether it is as it was, also after the way back."""
    said = of_service("db", FILE)
    earlier = replace(said, tainted=frozenset({("services", "db", "environment", "DB_TOKEN_FILE")}))
    assert kept(earlier) == MASK
    found = back(project(earlier), said)
    assert found.project.stack.services["db"].environment == {"DB_TOKEN_FILE": FILE}
    assert (found.changed, kept(found.project.stack)) == ((), MASK)
    assert back(project(earlier), of_service("db", "/run/secrets/other")).changed


def test_what_was_hidden_under_a_sensitive_name_that_hides_nothing_there_stays_hidden() -> None:
    """A label is none of the things that are masked by their names."""
    text = {"stack.yaml": "services: {web: {image: a, labels: {api.token: '${API_TOKEN}'}}}"}
    said = stack_of(text, variables={"API_TOKEN": "hush"})
    found = back(project(said), said).project.stack
    assert found.services["web"].labels == {"api.token": "hush"}
    assert whole_tree(found) == whole_tree(said)
