"""What a snapshot tells of a registry that could not be asked when it was taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deployer.reconcile.observe import trouble_in
from deployer.reconcile.protocol import EngineRefused
from deployer.snapshot.reader import SnapshotReader
from tests.snapshot.test_form import SNAPSHOT


def trouble(registries: dict[str, Any]) -> str:
    reader = SnapshotReader(replace(SNAPSHOT, registries=registries), "s.json", lambda _: [], "/srv/shop")
    with pytest.raises(EngineRefused) as caught:
        reader.registry_digest("a:1")
    return trouble_in(caught.value)


def test_why_it_could_not_be_asked_is_kept():
    assert trouble({"digests": {}, "insecure": {}, "unasked": {"a:1": "connection refused"}}) == "connection refused"


def test_an_earlier_deployer_kept_nothing_of_it():
    assert trouble({"digests": {}, "insecure": {}}) == "it was not asked when s.json was taken"
