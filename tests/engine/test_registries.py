"""Who is insecure, how long a registry wants to be left alone, and which login and mend go with a name."""

from __future__ import annotations

import base64
import json
import time
from email.utils import formatdate
from typing import Any

import pytest

from deployer.engine.credentials import registry_login
from deployer.engine.registries import _seconds, is_insecure, mended
from deployer.errors import Diagnostic, Unreachable
from deployer.resources.login import Login
from deployer.resources.registries import Registry
from deployer.resources.wire import EngineRefused

CONFIG: dict[str, Any] = {
    "InsecureRegistryCIDRs": ["127.0.0.0/8", "::1/128"],
    "IndexConfigs": {"docker.io": {"Secure": True}, "shop.local:5000": {"Secure": False}},
}


@pytest.mark.parametrize(
    ("host", "here", "insecure"),
    [
        ("127.0.0.1:5000", False, True),
        ("[::1]:5000", False, True),
        ("localhost:5000", False, True),
        ("10.0.0.5:5000", True, False),
        ("shop.local:5000", False, True),
        ("docker.io", True, False),
        ("other.local:5000", False, None),
        ("name.invalid:5000", True, False),
    ],
)
def test_a_registry_is_insecure_as_the_engine_has_it(host: str, here: bool, insecure: bool | None):
    """By name, or by its address; a name that only the engine's host can look up is not judged."""
    assert is_insecure(CONFIG, host, here=here) is insecure


@pytest.mark.parametrize(
    ("address", "insecure"),
    [
        ("127.0.0.1:5000", True),
        ("localhost:5000", True),
        ("10.1.2.3", True),
        ("10.2.0.1", False),
        ("named:5000", True),
        ("named", False),
        ("[::1]:5000", False),
        ("docker.io", False),
    ],
)
def test_the_engine_s_settings_say_who_is_insecure(address: str, insecure: bool) -> None:
    """By name, or by the network of its address."""
    info = {
        "RegistryConfig": {
            "InsecureRegistryCIDRs": ["127.0.0.0/8", "10.1.0.0/16"],
            "IndexConfigs": {"named:5000": {"Secure": False}, "docker.io": {"Secure": True}},
        }
    }
    assert bool(is_insecure(info["RegistryConfig"], address, here=False)) == insecure


def test_a_registry_says_in_three_ways_how_long_it_waits():
    """Seconds, a date, or the second at which it is over, as Docker Hub has it."""
    assert _seconds("30") == 30
    assert 55 < (_seconds(formatdate(time.time() + 60, usegmt=True)) or 0) <= 60
    assert 55 < (_seconds(str(int(time.time()) + 60)) or 0) <= 60
    assert _seconds("soon") is None


PRIVATE = Registry("private", "r:5000", ca="./ca.pem", login=Login("me", "hunter2"))


def header(reference: str, *registries: Registry) -> dict[str, Any]:
    said = registry_login(None, reference, registries)  # type: ignore[arg-type]  # the docker client is not asked
    return json.loads(base64.urlsafe_b64decode(said["X-Registry-Auth"]))


def test_the_stacks_own_login_goes_with_what_lies_at_its_address():
    """Of two that fit, the one that says more of the name; a login is in no repr."""
    team = Registry("team", "r:5000/team", login=Login("team", "other"))
    assert header("r:5000/shop:1", PRIVATE, team)["username"] == "me"
    assert header("r:5000/team/shop:1", PRIVATE, team) == {
        "username": "team",
        "password": "other",
        "serveraddress": "r:5000",
    }
    assert "hunter2" not in repr(PRIVATE) + repr(PRIVATE.login)


@pytest.mark.parametrize(
    ("code", "registries", "hint"),
    [
        ("registry-login", (PRIVATE,), "check username and password of registries.private"),
        ("registry-login", (Registry("private", "r:5000"),), "or say username and password in registries.private"),
        (
            "registry-certificate",
            (PRIVATE,),
            "copy ./ca.pem (registries.private.ca) to /etc/docker/certs.d/r:5000/ca.crt",
        ),
        ("registry-insecure", (), "`insecure: true` for r:5000 in `registries`"),
        ("registry-insecure", (PRIVATE,), "`insecure: true` in registries.private"),
        ("registry-denied", (), "the account at r:5000"),
    ],
)
def test_a_refusal_says_what_to_do_in_the_stack(code: str, registries: tuple[Registry, ...], hint: str):
    with pytest.raises(Unreachable) as caught, mended("r:5000/shop:1", registries):
        raise Unreachable(Diagnostic(code, "no", hint="the account at REGISTRY"))
    assert hint in caught.value.diagnostics[0].hint


def test_a_registry_that_breaks_off_is_unreachable():
    """Half-way through a layer, the engine names no URL."""
    with pytest.raises(Unreachable) as caught, mended("r:5000/shop:1", ()):
        raise EngineRefused(Diagnostic("engine-refused", "could not push: dial tcp 10.0.0.1:5000: connection refused"))
    assert caught.value.diagnostics[0].code == "registry-unreachable"


def test_the_engines_no_keeps_its_status():
    with pytest.raises(EngineRefused) as caught, mended("r:5000/shop:1", ()):
        raise EngineRefused(Diagnostic("image-not-found", "no"), 404)
    assert caught.value.status == 404
