"""What is told of a container that does not work."""

from __future__ import annotations

from typing import Any, cast

import pytest

from deployer.reconcile.protocol import Reader
from deployer.reconcile.waits import failed


@pytest.mark.parametrize("secret", ["hunter2hunter2", "not-of-its-variables"])
@pytest.mark.parametrize("before", range(480, 500, 6))
def test_the_beginning_of_a_secret_is_not_shown_where_the_output_of_a_check_is_cut(secret: str, before: int) -> None:
    """Its half would be masked by nobody."""
    note = _note(f"{'x' * (before - 1)} {secret} and more {'y' * 100}")
    assert "y" not in note
    assert secret in note or secret[:2] not in note
    assert "hunter2" not in note


def _note(output: str) -> str:
    class Sick:
        def container(self, _: str) -> Any:
            health = {"Log": [{"ExitCode": 1, "Output": output}]}
            return {"State": {"Health": health}, "Config": {"Env": ["DB_PASSWORD=hunter2hunter2"]}}

        def logs(self, _: str, **_more: int) -> list[Any]:
            return []

    (told,) = failed(cast("Reader", Sick()), "web", "c1", "is unhealthy").diagnostics
    return told.notes[0].partition(": ")[2]
