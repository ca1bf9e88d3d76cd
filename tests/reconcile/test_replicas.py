"""What fails with several replicas is told of each."""

from __future__ import annotations

import pytest

from deployer.errors import Diagnostic
from deployer.plan.model import Action, Change, Plan
from deployer.reconcile.replicas import of_replica
from deployer.resources.wire import EngineInfo

EXITED = Diagnostic("not-ready", "web exited with code 3", address="service.web")


def plan(*addresses: str, unchanged: tuple[str, ...] = ()) -> Plan:
    changes = tuple(Change(address, Action.REPLACE, "a test") for address in addresses)
    return Plan("shop", "here", EngineInfo("", "", ""), 0, changes, (), unchanged, "")


@pytest.mark.parametrize(
    "there", [plan("service.web[1]", "service.web[2]"), plan("service.web[2]", unchanged=("service.web[1]",))]
)
def test_of_a_service_with_several_the_one_is_named(there: Plan):
    told = of_replica(EXITED, "service.web[2]", there)
    assert (told.message, told.address) == ("web[2] exited with code 3", "service.web[2]")


@pytest.mark.parametrize(
    ("told", "address"),
    [
        (EXITED, "service.web[1]"),
        (Diagnostic("not-ready", "web exited with code 3"), "service.web[1]"),
        (EXITED, "network.front"),
    ],
    ids=["the only one", "told of nothing", "another resource"],
)
def test_else_it_is_told_as_it_is(told: Diagnostic, address: str):
    """A service whose name begins with that of the other is none of its replicas."""
    assert of_replica(told, address, plan("service.web[1]", "service.web-2[1]", "service.web-2[2]")) == told
