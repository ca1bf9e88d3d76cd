"""Where the variables in a value are set: a change of it is found there, not at the line that names them."""

from __future__ import annotations

from deployer.errors import Place
from deployer.interpolation import FromFile
from tests.stack.several import stack_of

VARIABLES = {"TAG": FromFile("2", Place(".env", 3)), "NAME": FromFile("web", Place(".env", 1)), "SHELL": "sh"}


def behind(text: str, *path: str | int, **files: str) -> list[str]:
    """What is behind a value of the service `web`."""
    stack = stack_of({"stack.yaml": f"services: {{web: {text}}}", **files}, variables=VARIABLES)
    return [each.line_reference for each in stack.place("services", "web", *path).behind]


def test_a_variable_from_an_env_file_has_its_line_behind_it():
    assert behind("{image: 'a:${TAG}'}", "image") == [".env:3"]


def test_all_variables_of_a_value_have_theirs_each_once():
    """In the order of the files and their lines."""
    assert behind("{image: '${NAME}:${TAG}-${TAG}'}", "image") == [".env:1", ".env:3"]


def test_of_a_list_all_its_texts_count():
    """It is one field."""
    assert behind("{image: a, command: [echo, '${TAG}']}", "command") == [".env:3"]


def test_a_variable_that_is_named_alone_has_its_line_too():
    """It is passed on from there."""
    assert behind("{image: a, environment: [TAG]}", "environment", "TAG") == [".env:3"]


def test_what_the_shell_sets_is_called_by_its_name():
    """A variable that was not asked for is not named, and lines come before what has none."""
    assert behind("{image: '${SHELL}:${SHELL:-${TAG}}'}", "image") == ["$SHELL of the shell"]
    assert behind("{image: '${SHELL}:${TAG}'}", "image") == [".env:3", "$SHELL of the shell"]


def test_one_of_the_shell_that_is_passed_on_is_named_too():
    assert behind("{image: a, environment: [SHELL]}", "environment", "SHELL") == ["$SHELL of the shell"]


def test_an_argument_of_a_build_that_is_passed_on_has_what_sets_it_behind_it():
    """At the top of the file, and in a service."""
    of_a_service = "{build: {context: ., args: [TAG, SHELL, NONE]}}"
    assert behind(of_a_service, "build", "args", "TAG") == [".env:3"]
    assert behind(of_a_service, "build", "args", "SHELL") == ["$SHELL of the shell"]
    text = "{services: {}, builds: {a: {context: ., args: [TAG]}}}"
    stack = stack_of({"stack.yaml": text}, variables=VARIABLES)
    assert [each.line_reference for each in stack.place("builds", "a", "args", "TAG").behind] == [".env:3"]


def test_a_variable_that_nobody_sets_and_a_value_of_its_own_have_nothing_behind_them():
    assert behind("{image: 'a:${NONE:-1}', environment: {SHELL: zsh, NONE: }}", "image") == []
    assert behind("{image: a, environment: {SHELL: zsh, NONE: }}", "environment", "SHELL") == []
    assert behind("{image: a, environment: {SHELL: zsh, NONE: }}", "environment", "NONE") == []


def test_the_name_of_the_stack_is_not_set_by_the_shell():
    assert behind("{image: '${COMPOSE_PROJECT_NAME}'}", "image") == []


def test_an_included_file_has_the_lines_of_its_own_env_file():
    """Below the variables of the whole stack."""
    files = {
        "stack.yaml": "include: [part/stack.yaml]\nservices: {}",
        "part/stack.yaml": "services: {web: {image: '${OWN}:${TAG}'}}",
        "part/.env": "# of this part\nOWN=b\nTAG=7\n",
    }
    stack = stack_of(files, variables=VARIABLES)
    place = stack.place("services", "web", "image")
    assert [each.line_reference for each in place.behind] == [".env:3", "part/.env:2"]
