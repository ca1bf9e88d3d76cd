"""A webhook of a git host: whether it is genuine, and what it says was pushed.

Signatures as documented by GitHub ("Validating webhook deliveries"), Gitea and Forgejo ("Webhooks"), GitLab
("Webhooks", secret token) and Bitbucket ("Manage webhooks"), whose `X-Hub-Signature: sha256=` anybody else can send.
"""

from __future__ import annotations

import hmac
import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qs

LARGEST = 5 * 1024 * 1024
"""Bytes of a body: a push of hundreds of commits has some hundred thousand."""

_SIGNATURES = ("x-hub-signature-256", "x-forgejo-signature", "x-gitea-signature", "x-hub-signature")
_TOKEN = "x-gitlab-token"
_EVENTS = ("x-github-event", "x-forgejo-event", "x-gitea-event", "x-gitlab-event", "x-event-key")
_PUSHES = ("push", "create", "push hook", "tag push hook", "repo:push", "repo:refs_changed")
_REMEMBERED = 1000


def is_genuine(headers: Mapping[str, str], body: bytes, secret: bytes) -> bool:
    """Whether the sender knows the secret. `headers` are by their names in lower case.

    What is compared is so in a time that says nothing of it. Where there are several signatures, each must be right.
    """
    digest = hmac.new(secret, body, "sha256").hexdigest()
    told = [headers[name].strip().removeprefix("sha256=") for name in _SIGNATURES if name in headers]
    right = [hmac.compare_digest(each.lower().encode(), digest.encode()) for each in told]
    if _TOKEN in headers:
        right.append(hmac.compare_digest(headers[_TOKEN].encode(), secret))
    return bool(right) and all(right)


def refs_of(headers: Mapping[str, str], body: bytes) -> tuple[str, ...] | None:
    """What was pushed, such as `refs/heads/main`; nothing where the sender does not say, None where it is no push."""
    event = next((headers[name].lower() for name in _EVENTS if name in headers), "push")
    if event not in _PUSHES:
        return None
    return tuple(_refs(_payload(headers, body)))


def concerns(refs: tuple[str, ...], branch: str, tags: bool) -> bool:
    """Whether something of it may be followed: a branch by its name, "" for the one that HEAD names, or tags."""
    if not refs:
        return True
    if tags:
        return any(ref.startswith("refs/tags/") for ref in refs)
    return any(ref == f"refs/heads/{branch}" if branch else ref.startswith("refs/heads/") for ref in refs)


@dataclass(slots=True)
class Deliveries:
    """The latest, so that one that is sent again by whoever overheard it does nothing."""

    _seen: OrderedDict[bytes, None] = field(default_factory=OrderedDict[bytes, None])

    def is_new(self, body: bytes, secret: bytes) -> bool:
        """By what is signed: a header that names a delivery is not."""
        digest = hmac.new(secret, body, "sha256").digest()
        if digest in self._seen:
            return False
        self._seen[digest] = None
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True


def _payload(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The JSON of a body, bare or in a form; what is none says nothing."""
    try:
        text = body.decode()
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            text = parse_qs(text, max_num_fields=10).get("payload", [text])[0]  # curl calls all that it sends a form
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _refs(payload: Mapping[str, Any]) -> Iterator[str]:
    """`ref`, of a tag that is created without the folder before its name; of Bitbucket, a list of changes."""
    ref = payload.get("ref")
    if isinstance(ref, str) and ref:
        kind = "refs/tags/" if payload.get("ref_type") == "tag" else "refs/heads/"
        yield ref if ref.startswith("refs/") else f"{kind}{ref}"
    pushed: Any = payload.get("push")
    changes: Any = pushed.get("changes") if isinstance(pushed, dict) else payload.get("changes")
    for change in cast("list[Any]", changes) if isinstance(changes, list) else []:
        new: Any = (change.get("new") or change.get("ref")) if isinstance(change, dict) else None
        if isinstance(new, dict):
            name = str(new.get("id") or new.get("name") or "")
            kind = "refs/tags/" if new.get("type") in ("tag", "TAG") else "refs/heads/"
            yield name if name.startswith("refs/") else f"{kind}{name}"
