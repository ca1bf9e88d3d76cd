"""What is said of a container that is there."""

from __future__ import annotations

from dataclasses import replace

from deployer.resources.observed import ObservedContainer
from tests.upgrades.kept import kept


def some() -> ObservedContainer:
    return kept("contents").observed.containers[0]


def test_a_replica_is_called_by_its_service_and_number() -> None:
    assert replace(some(), service="web", number=2).address == "service.web[2]"


def test_a_container_that_is_of_no_service_is_called_by_its_name() -> None:
    """Somebody gave it the stack's label alone: only its name tells which one it is."""
    assert replace(some(), service="", number=0, name="stray").address == "container.stray"
