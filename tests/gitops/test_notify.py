"""Who is told of a new condition, and how."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import Diagnostic, Place, WrongUsage
from deployer.gitops.log import details_of
from deployer.gitops.notify import SLACK, Webhook, notifier, rendered, webhook_of
from deployer.gitops.rules import Condition, Reason
from deployer.gitops.status import StackStatus
from tests.gitops.listener import listener
from tests.render.conftest import plan_of

SECRET = "t0ken"


def status(message: str = "as the branch says", stack: str = "shop") -> StackStatus:
    return StackStatus("stack.yaml", stack, Condition.READY, Reason.IN_STEP, message, 0.0, "c" * 40)


@pytest.fixture
def hook() -> Iterator[tuple[str, list[Any]]]:
    with listener() as (url, bodies):
        yield f"{url}/{SECRET}", bodies


def test_slack_gets_a_text(hook: tuple[str, list[Any]]):
    url, bodies = hook
    assert notifier(webhook_of(f"{url}\n"))(status(), "Degraded") == ""
    assert bodies == [{"text": "shop: Ready (was Degraded) at cccccccccccc\nas the branch says"}]


def test_of_a_stack_that_is_at_no_commit_none_is_said(hook: tuple[str, list[Any]]):
    url, bodies = hook
    notifier(webhook_of(url))(replace(status(), commit=""), "")
    assert bodies == [{"text": "shop: Ready\nas the branch says"}]


def test_a_commit_is_told_with_its_tag(hook: tuple[str, list[Any]]):
    url, bodies = hook
    notifier(webhook_of(url))(replace(status(), tag="v1.12.0"), "")
    assert bodies == [{"text": "shop: Ready at v1.12.0 (cccccccccccc)\nas the branch says"}]


def test_with_the_last_lines_of_what_failed(hook: tuple[str, list[Any]]):
    url, bodies = hook
    notifier(webhook_of(url))(replace(status(), lines=("last log lines:", "  boom")), "")
    assert bodies[0]["text"].endswith("\nas the branch says\nlast log lines:\n  boom")


def test_with_the_warnings_of_the_last_plan(hook: tuple[str, list[Any]]):
    url, bodies = hook
    warnings = (Diagnostic("a", "A is not set", Place("stack.yaml", 7, 3)), Diagnostic("b", "B is not set"))
    notifier(webhook_of(url))(replace(status(), plan=replace(plan_of(), warnings=warnings)), "")
    assert bodies[0]["text"].endswith(
        "\nas the branch says\nwarning: stack.yaml:7:3: A is not set\nwarning: B is not set"
    )


def test_a_template_says_what_is_sent(hook: tuple[str, list[Any]]):
    url, bodies = hook
    template = '{"level": {{ condition | tojson }}, "at": {{ path | tojson }}, "why": {{ reason | tojson }}}'
    notifier(webhook_of(url, template))(status(), "")
    assert bodies == [{"level": "Ready", "at": "stack.yaml", "why": "InStep"}]


@given(st.text())
def test_no_message_breaks_out_of_the_json(message: str):
    values = {**details_of(status()), "message": message, "before": ""}
    assert json.loads(rendered(Webhook("http://x", SLACK), values))["text"].endswith(message)


@pytest.mark.parametrize("template", ["{{ message }}", "{{ nonsense }}", "{% if %}", "{{ ''.__class__.__mro__ }}"])
def test_a_template_that_makes_no_json_is_refused_at_once(template: str):
    with pytest.raises(WrongUsage, match="template"):
        webhook_of("https://example.org/x", template)


FIRST_LINE = '{"text": {{ lines[0] | tojson }}}'


def test_a_template_that_fails_where_there_is_nothing_to_fill_in_is_refused_at_once():
    with pytest.raises(WrongUsage, match="the template cannot be filled"):
        webhook_of("https://example.org/x", FIRST_LINE)
    webhook_of("https://example.org/x", FIRST_LINE.replace("lines[0]", "lines | first | default"))


def test_one_that_fails_later_is_told_as_one_by_which_nobody_could_be_notified(hook: tuple[str, list[Any]]):
    url, bodies = hook
    notify = notifier(Webhook(url, FIRST_LINE))
    assert "the template cannot be filled" in notify(status(), "")
    assert notify(replace(status(), lines=("boom",)), "") == ""
    assert bodies == [{"text": "boom"}]


def test_what_is_no_url_is_refused_and_not_shown():
    with pytest.raises(WrongUsage) as raised:
        webhook_of(f"file:///{SECRET}")
    assert SECRET not in str(raised.value)


def test_who_cannot_be_reached_is_said_without_the_url(hook: tuple[str, list[Any]]):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/{SECRET}", f"{hook[0]}/broken"):
        why = notifier(webhook_of(url))(status(), "")
        assert why
        assert SECRET not in why
