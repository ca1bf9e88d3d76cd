"""How mistakes look to the person who made them."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.conftest import Cli

MISTAKES = {
    "misspelt key": """\
services:
  web:
    image: busybox:1.37
    healthcheck:
      test: ["CMD", "true"]
      intervall: 2s
""",
    "circle": """\
services:
  web: {image: busybox, depends_on: [api]}
  api: {image: busybox, depends_on: {db: {condition: service_started}}}
  db: {image: busybox, depends_on: [web]}
""",
    "indentation": """\
services:
  web:
    image: busybox:1.37
   ports: ["8080:80"]
""",
    "variable": """\
services:
  web:
    image: busybox:${TAG:?say which version, such as 1.37}
""",
    "several": """\
services:
  web:
    image: busybox:1.37
    ports: ["8080:80", "8080:http"]
    credential_spec: {file: a}
    volumes: ["dta:/data"]
  api:
    image: busybox:1.37
    ports: ["127.0.0.1:8080:80"]
    environment: {DB_PASSWORD: [hunter2]}
volumes:
  data:
""",
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_shown_where_it_is(cli: Cli, snapshot: SnapshotAssertion, kind: str):
    """File, line and column, the line with a caret, what was expected; no colours where there is no terminal."""
    result = cli("validate", stack=MISTAKES[kind])

    assert (result.code, result.out) == (65, "")
    assert result.err == snapshot
