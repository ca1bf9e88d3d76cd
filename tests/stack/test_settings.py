"""`--set path=value`: the last word, over all files."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.errors import InvalidStack, WrongUsage
from deployer.stack.model import Stack
from deployer.stack.service import said
from tests.stack.several import stack_of

SHOP = """\
services:
  web:
    image: web
    command: [a, b]
    environment: [DEBUG=0, LEVEL=info]
    depends_on: [db]
    build: ./web
  db: {image: db}
"""


def with_set(*settings: str) -> Stack:
    return stack_of({"stack.yaml": SHOP}, settings=settings)


def refused(*settings: str) -> list[tuple[str, str]]:
    with pytest.raises(InvalidStack) as caught:
        with_set(*settings)
    return [(each.code, str(each.place)) for each in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("setting", "key", "value"),
    [
        ("services.web.image=other:1", "image", "other:1"),
        ("services.web.environment.DEBUG=1", "environment", {"DEBUG": "1", "LEVEL": "info"}),
        ("services.web.environment.NEW=a=b", "environment", {"DEBUG": "0", "LEVEL": "info", "NEW": "a=b"}),
        ("services.web.environment={A: 1}", "environment", {"A": "1"}),
        (r"services.web.labels.traefik\.enable=true", "labels", {"traefik.enable": "true"}),
        ("services.web.command[1]=c", "command", ("a", "c")),
        ("services.web.command.1=c", "command", ("a", "c")),
        ("services.web.command[2]=c", "command", ("a", "b", "c")),
        ("services.web.command=!reset null", "command", None),
        ("services.web.read_only=true", "read_only", True),
        ("services.web.environment.PRICE=$5", "environment", {"DEBUG": "0", "LEVEL": "info", "PRICE": "$5"}),
    ],
)
def test_a_value_is_put_at_its_path(setting: str, key: str, value: Any) -> None:
    """It is YAML, and stands in the place of what the files say; variables are the shell's business."""
    assert said(with_set(setting).services["web"], key) == value


def test_what_stands_beside_it_stays() -> None:
    """Short forms are made long where something is put into them."""
    stack = with_set("services.web.build.target=dev", "services.web.depends_on.db.condition=service_healthy")
    assert (stack.builds["web"].context, stack.builds["web"].target) == ("./web", "dev")
    assert stack.services["web"].depends_on["db"].condition == "service_healthy"


def test_the_later_of_two_settings_stands() -> None:
    """In the order of the command line."""
    assert said(with_set("services.web.image=a", "services.web.image=b").services["web"], "image") == "b"


def test_its_place_is_the_command_line() -> None:
    """Without a line, and without the value."""
    stack = with_set("services.web.environment.DEBUG=1")
    assert str(stack.place("services", "web", "environment", "DEBUG")) == "--set services.web.environment.DEBUG"
    assert (
        stack.place("services", "web", "environment", "DEBUG").line_reference == "--set services.web.environment.DEBUG"
    )
    assert str(stack.place("services", "web", "environment", "LEVEL")) == "stack.yaml:5:28"


def test_a_mistake_in_a_setting_is_told_there() -> None:
    """Like any other mistake."""
    assert refused("services.web.scale=many", "services.web.imge=x") == [
        ("unknown-key", "--set services.web.imge"),
        ("bad-number", "--set services.web.scale"),
    ]


@pytest.mark.parametrize(
    "setting",
    [
        "services.wbe.image=x",
        "services.web.image.name=x",
        "services.web.command.first=x",
        "services.web.command[7]=x",
        "services.web.environment[0]=x",
        "services.web.environment.PASSWORD={hunter2",
    ],
)
def test_what_cannot_be_set_is_refused(setting: str) -> None:
    """A misspelt service is no new one, a text has nothing in it, a list is counted; and no value is shown."""
    with pytest.raises(InvalidStack) as caught:
        with_set(setting)
    (found,) = caught.value.diagnostics
    assert (found.code, found.place and found.place.file) == ("bad-setting", f"--set {setting.partition('=')[0]}")
    assert "hunter2" not in f"{found.message} {found.hint}"


@pytest.mark.parametrize("setting", ["services.web.image", "=x", "services..web=x", "services.web.=x"])
def test_what_is_no_setting_is_wrong_usage(setting: str) -> None:
    """Exit 64: the command line is wrong, not the stack."""
    with pytest.raises(WrongUsage):
        with_set(setting)
