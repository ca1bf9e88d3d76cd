"""The engine's configuration: mistakes at their line and column, and what the engine has not read yet."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployer.doctor.daemon_json import daemon_json
from deployer.doctor.finding import Finding, Status
from deployer.doctor.systemd import systemd_unit


def found(text: str, info: dict[str, Any] | None = None) -> list[Finding]:
    return list(daemon_json(text, "daemon.json", info))


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('{\n  "debug": true,\n}\n', (3, 1), "behind the last entry"),
        ("{\n  “debug”: true\n}", (2, 3), "curly quote"),
        ('{\n  "debug": true\n  "icc": true\n}', (3, 3), "a comma may be missing"),
        ("{'debug': true}", (1, 2), "in place of '"),
        ('{\n  # why\n  "debug": true}', (2, 3), "no comments"),
        ('{\n  "debug": tru', (2, 12), "mend it there"),
        ("[]", (1, 1), "begin it with {"),
    ],
)
def test_what_is_no_json_is_a_problem_at_its_place(text: str, place: tuple[int, int], words: str) -> None:
    """dockerd does not start with it."""
    (problem,) = found(text)
    assert problem.place
    assert (problem.status, problem.place.line, problem.place.column) == ("problem", *place)
    assert words in problem.hint


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('{"registry-mirror": []}', (1, 2), "did you mean 'registry-mirrors'?"),
        ('{\n "log-opts": {"debug": "x"},\n "debug": "yes"\n}', (3, 2), "true or false"),
        ('{"mtu": "1500"}', (1, 2), "a number"),
        ('{"mtu": true}', (1, 2), "a number"),
        ('{"insecure-registries": "10.0.0.5:5000"}', (1, 2), "a list"),
        ('{"log-opts": {"max-file": 3}}', (1, 2), '"max-file": "3"'),
        ('{"registry-mirrors": ["mirror.local:5000"]}', (1, 2), "https://HOST"),
        ('{"registry-mirrors": ["https://mirror.local/v2/"]}', (1, 2), "https://HOST"),
        ('{"registry-mirrors": ["https://[mirror.local"]}', (1, 2), "https://HOST"),
    ],
)
def test_what_dockerd_does_not_start_with_is_a_problem(text: str, place: tuple[int, int], words: str) -> None:
    """A key that it does not know, a value of another kind; at the key, and not at one of that name in another."""
    (problem,) = found(text)
    assert problem.place
    assert (problem.status, problem.place.line, problem.place.column) == ("problem", *place)
    assert words in problem.hint


def test_an_insecure_registry_is_no_url() -> None:
    """dockerd takes the scheme off, and says so in its log."""
    (warning,) = found('{"insecure-registries": ["http://10.0.0.5:5000"]}')
    assert (warning.status, "HOST[:PORT]" in warning.hint) == ("warning", True)


FILE = {
    "registry-mirrors": ["https://mirror.local"],
    "insecure-registries": ["10.0.0.5:5000", "10.1.0.0/16"],
    "live-restore": True,
}
INFO = {
    "LiveRestoreEnabled": True,
    "RegistryConfig": {
        "Mirrors": ["https://mirror.local/"],
        "InsecureRegistryCIDRs": ["10.1.0.0/16", "127.0.0.0/8"],
        "IndexConfigs": {"10.0.0.5:5000": {"Secure": False}, "docker.io": {"Secure": True}},
    },
}


def test_what_is_right_is_told_in_a_line() -> None:
    (right,) = found(json.dumps(FILE), INFO)
    assert right.status is Status.OK
    assert right.detail.split("; ") == [
        "daemon.json: registry-mirrors https://mirror.local",
        "insecure-registries 10.0.0.5:5000, 10.1.0.0/16",
        "live-restore",
    ]


def test_what_the_engine_has_not_read_yet_is_a_warning() -> None:
    """It was changed since: a reload is enough, which takes no container down."""
    warnings = found(json.dumps(FILE), {"LiveRestoreEnabled": False, "RegistryConfig": {}})
    assert [(each.status, each.detail) for each in warnings] == [
        ("warning", "the engine does not have registry-mirrors https://mirror.local yet"),
        ("warning", "the engine does not have insecure-registries 10.0.0.5:5000, 10.1.0.0/16 yet"),
        ("warning", "the engine does not have live-restore true yet"),
    ]
    assert all("no restart is needed" in each.hint for each in warnings)


@pytest.mark.parametrize("text", ["", "{}", "\n"])
def test_an_empty_file_is_fine(text: str) -> None:
    """dockerd takes it for an empty object."""
    assert [each.status for each in found(text)] == [Status.OK]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("EnvironmentFile=/etc/docker/daemon.json", 17),
        ("  EnvironmentFile = -/etc/docker/daemon.json", 22),
    ],
)
def test_a_unit_that_reads_json_as_variables_is_a_problem(line: str, column: int) -> None:
    """As tutorials have it."""
    (problem,) = systemd_unit(f"[Service]\n{line}\nExecStart=/usr/bin/dockerd\n", "docker.service")
    assert problem.place
    assert (problem.status, problem.place.line, problem.place.column) == ("problem", 2, column)


@pytest.mark.parametrize(
    "line", ["EnvironmentFile=-/etc/default/docker", "#EnvironmentFile=/etc/docker/daemon.json", "Environment=A=a.json"]
)
def test_a_unit_that_reads_variables_is_fine(line: str) -> None:
    assert list(systemd_unit(f"[Service]\n{line}\n", "docker.service")) == []
