"""How a registry is, by what it answered and what the engine thinks of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deployer.doctor.registries import RegistryFacts, mirror, registry
from deployer.errors import Diagnostic

NOW = datetime(2026, 11, 24, tzinfo=UTC)
GONE = Diagnostic("registry-unreachable", "nothing listens at r:5000", hint="start it")
REFUSED = Diagnostic("registry-login", "r:5000 refuses the login of peng", hint="log in")


def judged(**facts: Any) -> list[tuple[str, str]]:
    return [(each.status.value, each.detail) for each in registry(RegistryFacts("r:5000", **facts), NOW)]


def test_one_that_lets_us_in_is_fine() -> None:
    assert judged(user="peng", asks="basic") == [("ok", "r:5000 answers over TLS; the login of peng is accepted")]
    assert judged() == [("ok", "r:5000 answers over TLS; no login is needed")]


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"needed": True}, "problem"),
        ({"needed": False}, "warning"),
        ({"needed": None}, "warning"),
        ({"needed": False, "own_service": "hub"}, "ok"),
    ],
)
def test_one_out_of_reach_is_a_problem_where_images_of_it_are_missing(facts: dict[str, Any], status: str) -> None:
    """What is on the engine already runs without it; what the stack itself runs comes with the apply."""
    assert [each for each, _ in judged(failure=GONE, **facts)] == [status]


def test_a_login_that_is_refused_is_a_problem() -> None:
    """Somebody logged in, and it does not hold any more."""
    assert [each for each, _ in judged(failure=REFUSED, user="peng", needed=False)] == ["problem"]
    assert [each for each, _ in judged(failure=REFUSED, needed=False)] == ["warning"]


def test_plain_http_must_be_allowed_by_the_engine() -> None:
    """Else the engine refuses what answers here; the mend has the lines of daemon.json."""
    (_, told) = registry(RegistryFacts("r:5000", True, speaks_tls=False, is_insecure_to_engine=False), NOW)
    assert (told.status, '{"insecure-registries": ["r:5000"]}' in told.hint) == ("problem", True)
    assert [each for each, _ in judged(speaks_tls=False, is_insecure_to_engine=True)] == ["ok"]


def test_a_certificate_that_ends_soon_is_a_warning() -> None:
    assert judged(certificate_ends=NOW + timedelta(days=9))[1] == (
        "warning",
        "the certificate of r:5000 ends on 2026-12-03",
    )
    assert len(judged(certificate_ends=NOW + timedelta(days=90))) == 1


def test_a_silent_mirror_is_a_warning() -> None:
    """Pulls go on without it, late."""
    assert mirror("http://m:5000/", GONE).status == "warning"
    assert mirror("http://m:5000/", None).status == "ok"
