"""What docs/compared.md says of Compose and of deployer is what both do."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from docker import APIClient

from tests.e2e.comparison import PAGE, compared, in_page, tables, without_ids
from tests.e2e.test_compose import compose_binary

pytestmark = pytest.mark.engine


def test_the_tables_of_the_page_are_what_both_do(
    engine: APIClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Word by word, but for the ids, of which there is one where the container is the same, and two where not."""
    compose = compose_binary()
    if not compose:
        pytest.skip("there is no docker compose here; DEPLOYER_COMPOSE names one")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    page = in_page(PAGE.read_text())
    found = tables(compared(engine, compose, tmp_path, f"compared-{uuid4().hex[:8]}"))
    assert {name: without_ids(lines) for name, lines in found.items()} == {
        name: without_ids(lines) for name, lines in page.items()
    }
