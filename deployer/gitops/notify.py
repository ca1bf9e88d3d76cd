"""Tells somebody, by a webhook, that a stack's condition is another one."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from deployer.errors import Diagnostic, WrongUsage
from deployer.gitops.log import details_of
from deployer.gitops.status import StackStatus

SLACK = (
    '{"text": {{ (stack ~ ": " ~ condition ~ (" (was " ~ before ~ ")" if before else "")'
    ' ~ (" at " ~ (tag ~ " (" ~ commit[:12] ~ ")" if tag else commit[:12]) if commit else "")'
    ' ~ "\\n" ~ message ~ ("\\n" ~ lines | join("\\n") if lines else "")'
    ' ~ ("\\nwarning: " ~ warnings | join("\\nwarning: ") if warnings else "")) | tojson }}}'
)
"""What Slack takes, and Mattermost, Rocket.Chat and others as well (`text`)."""

_SECONDS = 10.0
_MAY_BE_EMPTY: dict[str, Any] = {"path": "", "commit": "", "tag": "", "lines": [], "warnings": [], "before": ""}
_FULL: dict[str, Any] = {
    **dict.fromkeys((*_MAY_BE_EMPTY, "stack", "condition", "reason", "since", "message"), "x"),
    "lines": ["x"],
    "warnings": ["x"],
}

Notify = Callable[[StackStatus, str], str]
"""Tells of a stack and the condition that it had before. Gives why that did not work, "" where it did."""


@dataclass(frozen=True, slots=True, repr=False)
class Webhook:
    """Where to, which is secret, and what: a jinja2 template whose result is the body, as JSON."""

    url: str
    template: str = SLACK

    def __repr__(self) -> str:
        return "Webhook(not shown)"


def webhook_of(url: str, template: str = SLACK) -> Webhook:
    """Raises WrongUsage for what is no URL, or no template that makes JSON."""
    if urlsplit(url.strip()).scheme not in ("http", "https"):
        raise _wrong("what --notify holds is no URL of http or https", "it holds the URL alone, in one line")
    made = Webhook(url.strip(), template)
    for values in (_FULL, _FULL | _MAY_BE_EMPTY):
        try:
            body = rendered(made, values)
        except Exception as error:
            hint = "see docs/how-to/gitops.md for its variables, and which may be empty"
            raise _wrong(f"the template cannot be filled: {error}", hint) from None
        try:
            json.loads(body)
        except ValueError as error:
            hint = "write values as {{ message | tojson }}"
            raise _wrong(f"the template makes no JSON: {error}", hint) from None
    return made


def notifier(webhook: Webhook) -> Notify:
    def notify(status: StackStatus, before: str) -> str:
        values = {**details_of(status), "stack": status.label, "message": status.message, "before": before}
        try:
            body = rendered(webhook, values).encode()
        except Exception as error:
            return f"the template cannot be filled: {error}"
        headers = {"Content-Type": "application/json", "User-Agent": "deployer"}
        request = urllib.request.Request(webhook.url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS):
                return ""
        except (OSError, ValueError, HTTPException) as error:  # a URLError is an OSError; neither shows the URL
            return str(getattr(error, "reason", "") or error).replace(webhook.url, "***")

    return notify


def rendered(webhook: Webhook, values: dict[str, Any]) -> str:
    """The body that these values make. A template may raise whatever an expression of Python can."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return (
        SandboxedEnvironment(undefined=StrictUndefined, autoescape=False).from_string(webhook.template).render(values)
    )


def _wrong(message: str, hint: str) -> WrongUsage:
    return WrongUsage(Diagnostic("notify", message, hint=hint))
