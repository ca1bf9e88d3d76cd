"""Diagnostics as SARIF: what code hosts and editors read."""

from __future__ import annotations

import json
from typing import Any

from deployer.errors import Diagnostic, Place
from deployer.render.sarif import as_sarif

UNKNOWN = Diagnostic(
    "unknown-key", "no key 'imagee'", Place("my stack.yaml", 4, 5, "    imagee: x"), "did you mean 'image'?"
)
UNSET = Diagnostic("unset-variable", "TAG is not set", Place("/etc/stack.yaml", 2, 1))
PLACELESS = Diagnostic("not-ready", "it exited", address="service.web[1]", notes=("boom",))


def run_of(text: str) -> dict[str, Any]:
    return json.loads(text)["runs"][0]


def test_each_code_is_a_rule() -> None:
    """Once, whatever how many diagnostics bear it; each result names its own."""
    run = run_of(as_sarif([UNKNOWN, UNKNOWN], [UNSET]))
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["unknown-key", "unset-variable"]
    assert [(result["ruleId"], result["ruleIndex"], result["level"]) for result in run["results"]] == [
        ("unknown-key", 0, "error"),
        ("unknown-key", 0, "error"),
        ("unset-variable", 1, "warning"),
    ]


def test_a_place_is_a_uri_with_line_and_column() -> None:
    """Relative beneath the current folder, which is how the user is told of it too; else whole."""
    places = [result["locations"][0]["physicalLocation"] for result in run_of(as_sarif([UNKNOWN, UNSET]))["results"]]
    assert places == [
        {"artifactLocation": {"uri": "my%20stack.yaml"}, "region": {"startLine": 4, "startColumn": 5}},
        {"artifactLocation": {"uri": "file:///etc/stack.yaml"}, "region": {"startLine": 2, "startColumn": 1}},
    ]


def test_message_hint_and_notes_are_one_text() -> None:
    """What concerns a resource and no file names the resource."""
    first, second = run_of(as_sarif([UNKNOWN, PLACELESS]))["results"]
    assert first["message"] == {"text": "no key 'imagee'\ndid you mean 'image'?"}
    assert second["message"] == {"text": "it exited\nboom"}
    assert second["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "service.web[1]"}]}]


def test_nothing_wrong_is_a_run_without_results() -> None:
    """So that a code host takes earlier ones for mended."""
    whole = json.loads(as_sarif([]))
    assert whole["version"] == "2.1.0"
    assert whole["runs"][0]["results"] == []
