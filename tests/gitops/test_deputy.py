"""What stands in for an agent that would be stopped by what it does."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.gitops.deputy import LABEL, VARIABLE, body_of, is_over
from deployer.gitops.rules import Condition, Reason
from deployer.gitops.status import StackStatus
from deployer.plan.model import Action, Call, Change, Plan, Step
from deployer.resources.wire import EngineInfo

COMMAND = ["/usr/bin/python", "-m", "deployer", "sync", "--once"]


def own(mode: str = "gitops_default", **host: Any) -> dict[str, Any]:
    return {
        "Id": "c" * 64,
        "Image": "sha256:1",
        "Name": "/gitops-agent-1.next",
        "Config": {
            "User": "10001:10001",
            "Env": ["A=b"],
            "Hostname": "agent",
            "Labels": {"com.docker.compose.project": "gitops"},
        },
        "HostConfig": {"NetworkMode": mode, "PortBindings": {"8080/tcp": [{"HostPort": "8080"}]}, **host},
        "NetworkSettings": {"Networks": {mode: {}}},
    }


def test_a_deputy_has_the_rights_of_its_agent_and_no_more():
    rights = {"CapDrop": ["ALL"], "GroupAdd": ["998"], "ReadonlyRootfs": True, "SecurityOpt": ["no-new-privileges"]}
    body = body_of(own(**rights), ["gitops_default"], COMMAND)
    assert rights.items() <= body["HostConfig"].items()
    assert (body["Image"], body["User"], body["Entrypoint"]) == ("sha256:1", "10001:10001", COMMAND)
    assert body["HostConfig"]["VolumesFrom"] == ["c" * 64]
    assert body["Env"] == ["A=b", f"{VARIABLE}=1"]


def test_it_is_in_no_stack_and_has_no_port():
    """Its name is that of the agent, who is called otherwise while it comes into service."""
    body = body_of(own(), ["gitops_default"], COMMAND)
    assert body["Labels"] == {LABEL: "gitops-agent-1"}
    assert "PortBindings" not in body["HostConfig"]


def test_it_is_started_again_where_it_crashes_and_not_for_ever():
    policy = body_of(own(), [], COMMAND)["HostConfig"]["RestartPolicy"]
    assert policy["Name"] == "on-failure"
    assert policy["MaximumRetryCount"] > 0


@pytest.mark.parametrize(("staying", "mode"), [(["gitops_default"], "gitops_default"), (["b"], "b"), ([], "default")])
def test_it_is_in_no_network_that_is_made_anew(staying: list[str], mode: str):
    assert body_of(own(), staying, COMMAND)["HostConfig"]["NetworkMode"] == mode


def test_in_the_network_of_another_container_it_stays():
    within = own("container:" + "d" * 64)
    within["NetworkSettings"] = {"Networks": {}}
    body = body_of(within, [], COMMAND)
    assert body["HostConfig"]["NetworkMode"] == "container:" + "d" * 64
    assert body["Hostname"] == ""


@pytest.mark.parametrize("call", [Call.STOP, Call.RESTART, Call.PAUSE, Call.REMOVE])
def test_a_plan_ends_what_it_stops(call: Call):
    plan = plan_with(Step(call, "c" * 64, name="gitops-agent-1"))
    assert plan.ends("c" * 64)
    assert not plan.ends("d" * 64)


@pytest.mark.parametrize("call", [Call.UPDATE, Call.CONNECT])
def test_what_goes_on_meanwhile_is_not_ended(call: Call):
    assert not plan_with(Step(call, "c" * 64)).ends("c" * 64)


@pytest.mark.parametrize(
    ("signal", "ends"), [("SIGKILL", True), ("SIGTERM", True), ("SIGSTOP", True), ("SIGHUP", False)]
)
def test_what_is_sent_a_signal_is_ended_by_those_that_end(signal: str, ends: bool):
    assert plan_with(Step(Call.KILL, "c" * 64, signal)).ends("c" * 64) is ends


def plan_with(step: Step) -> Plan:
    change = Change("service.agent[1]", Action.REPLACE, "", steps=(step,))
    return Plan("gitops", "", EngineInfo("", "", ""), 1, (change,), (), (), "")


@pytest.mark.parametrize(
    ("reason", "over"),
    [
        (Reason.IN_STEP, True),
        (Reason.COMMIT_FAILED, True),
        (Reason.INTERRUPTED, False),
        (Reason.UNREACHABLE, False),
        (Reason.BUSY, False),
    ],
)
def test_a_deputy_is_done_unless_what_kept_it_passes(reason: Reason, over: bool):
    status = StackStatus("agent/stack.yaml", "gitops", Condition.DEGRADED, reason, "", 0.0, "")
    assert is_over([status]) is over
