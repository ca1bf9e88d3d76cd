"""The container that stands in for the agent's own, on a real engine."""

from __future__ import annotations

import pytest

from deployer.engine.client import DockerEngine
from deployer.errors import DeployerError
from deployer.gitops import deputy
from deployer.plan.model import Plan
from deployer.reconcile import holder
from deployer.resources.wire import EngineInfo

pytestmark = pytest.mark.engine

PLAN = Plan("gitops", "", EngineInfo("", "", ""), 1, (), (), (), "")


def test_of_a_deputy_that_cannot_be_started_nothing_stays(
    engine: DockerEngine, busybox: str, name: str, monkeypatch: pytest.MonkeyPatch
):
    """As this one, whose image has no Python."""
    own = engine.create_container(name, {"Image": busybox, "Cmd": ["true"]})
    monkeypatch.setattr(holder, "_own_id", lambda: own)
    with pytest.raises(DeployerError, match="no program"):
        deputy.begin(engine, PLAN)
    assert engine.container(f"{name}-deputy") is None
