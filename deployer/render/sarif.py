"""Diagnostics as SARIF 2.1.0, which code hosts and editors show at their lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from deployer import __version__
from deployer.errors import Diagnostic, Place

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"

Json = dict[str, Any]


def as_sarif(errors: Sequence[Diagnostic], warnings: Sequence[Diagnostic] = ()) -> str:
    """One run with a result for each diagnostic; the codes are the rules. Files are relative to the current folder."""
    rules = sorted({diagnostic.code for diagnostic in (*errors, *warnings)})
    found = [
        *(_result(each, "error", rules) for each in errors),
        *(_result(each, "warning", rules) for each in warnings),
    ]
    driver = {"name": "deployer", "version": __version__, "rules": [{"id": code} for code in rules]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": found}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(diagnostic: Diagnostic, level: str, rules: Sequence[str]) -> Json:
    option = diagnostic.place.file if diagnostic.place and not diagnostic.place.line else ""
    name = diagnostic.address or option
    text = "\n".join(filter(None, (diagnostic.message, diagnostic.hint, *diagnostic.notes)))
    location: Json = {
        **(_physical(diagnostic.place) if diagnostic.place and diagnostic.place.line else {}),
        **({"logicalLocations": [{"fullyQualifiedName": name}]} if name else {}),
    }
    return {
        "ruleId": diagnostic.code,
        "ruleIndex": rules.index(diagnostic.code),
        "level": level,
        "message": {"text": text},
        "locations": [location] if location else [],
    }


def _physical(place: Place) -> Json:
    """A file beneath the current folder by its relative path, any other one by its URI."""
    uri = quote(place.file, errors="surrogatepass")
    region = {"startLine": place.line, "startColumn": place.column}
    artifact = {"uri": f"file://{uri}" if uri.startswith("/") else uri}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}
