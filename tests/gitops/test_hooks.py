"""Webhooks as the hosts of git send them: who is believed, and what is taken for a push of what is followed."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.gitops.serve.hooks import Deliveries, concerns, is_genuine, refs_of

SECRET = b"correct horse battery staple"
BODY = b'{"ref": "refs/heads/main"}'
DIGEST = hmac.new(SECRET, BODY, "sha256").hexdigest()
SIGNED = {
    "github": {"x-hub-signature-256": f"sha256={DIGEST}"},
    "gitea": {"x-gitea-signature": DIGEST},
    "forgejo": {"x-forgejo-signature": DIGEST, "x-gitea-signature": DIGEST, "x-hub-signature-256": f"sha256={DIGEST}"},
    "gitlab": {"x-gitlab-token": SECRET.decode()},
    "bitbucket": {"x-hub-signature": f"sha256={DIGEST}"},
}


@pytest.mark.parametrize("host", SIGNED)
def test_who_knows_the_secret_is_believed(host: str) -> None:
    assert is_genuine(SIGNED[host], BODY, SECRET)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature-256": f"sha256={DIGEST[:-1]}"},
        {"x-gitea-signature": "0" * 64},
        {"x-gitlab-token": ""},
        {"x-gitlab-token": DIGEST},
        {"x-gitlab-token": "corréct horse"},
        {"x-gitea-signature": DIGEST, "x-forgejo-signature": "0" * 64},
        {"x-gitlab-token": SECRET.decode(), "x-hub-signature-256": "sha256=0"},
        {"authorization": SECRET.decode()},
    ],
)
def test_who_does_not_is_not(headers: Mapping[str, str]) -> None:
    assert not is_genuine(headers, BODY, SECRET)


@given(st.binary(), st.binary())
def test_a_signature_is_of_one_body_alone(one: bytes, other: bytes) -> None:
    signature = {"x-gitea-signature": hmac.new(SECRET, one, "sha256").hexdigest()}
    assert is_genuine(signature, other, SECRET) == (one == other)


@pytest.mark.parametrize(
    ("headers", "payload", "expected"),
    [
        ({"x-github-event": "push"}, {"ref": "refs/heads/main"}, ("refs/heads/main",)),
        ({"x-github-event": "create"}, {"ref": "v1.2", "ref_type": "tag"}, ("refs/tags/v1.2",)),
        ({"x-gitea-event": "push"}, {"ref": "refs/tags/v1"}, ("refs/tags/v1",)),
        ({"x-gitlab-event": "Push Hook"}, {"ref": "refs/heads/main"}, ("refs/heads/main",)),
        ({"x-gitlab-event": "Tag Push Hook"}, {"ref": "refs/tags/v1"}, ("refs/tags/v1",)),
        (
            {"x-event-key": "repo:push"},
            {"push": {"changes": [{"new": {"type": "branch", "name": "main"}}, {"new": None}]}},
            ("refs/heads/main",),
        ),
        ({"x-event-key": "repo:refs_changed"}, {"changes": [{"ref": {"id": "refs/heads/main"}}]}, ("refs/heads/main",)),
        ({}, {"ref": "main"}, ("refs/heads/main",)),
        ({}, {}, ()),
        ({"x-github-event": "ping"}, {"zen": "x"}, None),
        ({"x-gitlab-event": "Note Hook"}, {"ref": "refs/heads/main"}, None),
    ],
)
def test_what_was_pushed_is_known(headers: dict[str, str], payload: object, expected: object) -> None:
    assert refs_of(headers, json.dumps(payload).encode()) == expected


def test_json_that_is_called_a_form_is_read_as_well() -> None:
    """As curl calls whatever it sends."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert refs_of(headers, b'{"ref": "refs/heads/other", "a": "b=c&d"}') == ("refs/heads/other",)


def test_a_form_is_read_as_well() -> None:
    """As GitHub sends it where the content type was not set to JSON."""
    headers = {"x-github-event": "push", "content-type": "application/x-www-form-urlencoded"}
    assert refs_of(headers, urlencode({"payload": BODY.decode()}).encode()) == ("refs/heads/main",)


@given(
    st.binary()
    | st.recursive(
        st.none() | st.text() | st.integers(),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["ref", "push", "changes", "new", "ref_type"]), x),
    ).map(lambda each: json.dumps(each).encode())
)
def test_no_body_is_too_strange(body: bytes) -> None:
    refs = refs_of({}, body)
    assert refs is not None
    assert all(ref.startswith("refs/") for ref in refs)


@pytest.mark.parametrize(
    ("refs", "branch", "tags", "expected"),
    [
        (("refs/heads/main",), "main", False, True),
        (("refs/heads/other",), "main", False, False),
        (("refs/heads/other", "refs/heads/main"), "main", False, True),
        (("refs/tags/main",), "main", False, False),
        (("refs/heads/any",), "", False, True),
        (("refs/tags/v1",), "", False, False),
        (("refs/tags/v1",), "", True, True),
        (("refs/heads/main",), "", True, False),
        ((), "main", False, True),
    ],
)
def test_only_what_is_followed_concerns_us(refs: tuple[str, ...], branch: str, tags: bool, expected: bool) -> None:
    assert concerns(refs, branch, tags) is expected


def test_what_was_delivered_before_is_known_again() -> None:
    deliveries = Deliveries()
    assert deliveries.is_new(BODY, SECRET)
    assert deliveries.is_new(b"another", SECRET)
    assert not deliveries.is_new(BODY, SECRET)


def test_of_deliveries_the_latest_thousand_are_kept() -> None:
    deliveries = Deliveries()
    for number in range(1001):
        assert deliveries.is_new(str(number).encode(), SECRET)
    assert not deliveries.is_new(b"1000", SECRET)
    assert deliveries.is_new(b"0", SECRET)
