"""What a plan says of a new container: what a reviewer has to know before it is made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployer.plan.brief import brief, mounts
from deployer.plan.planner import make_plan
from deployer.render.plan_json import as_json
from deployer.render.plan_markdown import as_markdown
from deployer.render.plan_text import as_text
from deployer.resources.desired import Desired
from deployer.resources.from_stack import desired
from deployer.resources.observed import Observed
from deployer.resources.records import Records
from deployer.resources.wire import EngineInfo
from tests.stack.several import stack_of

MANY = [f"./folder-{number}/with-a-long-name:/srv/{number}" for number in range(5)]


def wanted(service: dict[str, Any], **variables: str) -> Desired:
    """A stack with one service, beside the volume `data`."""
    said = {"name": "shop", "services": {"web": {"image": "web:1", **service}}, "volumes": {"data": {}}}
    return desired(stack_of({"stack.yaml": json.dumps(said)}, variables=variables), "", {})


def said(**service: Any) -> str:
    """What stands behind the image."""
    return brief(wanted(service).services["web"]).removeprefix("web:1, ")


@pytest.mark.parametrize(
    ("service", "shown"),
    [
        ({"ports": ["127.0.0.1:8080:80"]}, "port 127.0.0.1:8080:80"),
        ({"container_name": "front"}, "container_name: front"),
        ({"volumes": ["./conf:/etc/web:ro", "data:/data"]}, "data:/data, ./conf:/etc/web:ro"),
        ({"volumes": ["/srv/other:/a", "/anonymous"]}, "/srv/other:/a, (volume):/anonymous"),
        ({"tmpfs": ["/scratch:size=1m"]}, "tmpfs:/scratch"),
        ({"privileged": True}, "privileged"),
        ({"network_mode": "host", "pid": "host", "ipc": "host"}, "network_mode: host, ipc: host, pid: host"),
        ({"uts": "host", "userns_mode": "host", "cgroup": "host"}, "uts: host, userns_mode: host, cgroup: host"),
        ({"cap_add": ["NET_ADMIN", "CAP_SYS_ADMIN"]}, "cap_add: NET_ADMIN SYS_ADMIN"),
        ({"devices": ["/dev/sda:/dev/xvda:r"]}, "devices: /dev/sda:/dev/xvda:r"),
        ({"security_opt": ["seccomp=unconfined", "no-new-privileges:true"]}, "security_opt: seccomp=unconfined"),
    ],
)
def test_a_new_container_says_what_it_is_given(service: dict[str, Any], shown: str):
    """In the words of the stack file."""
    assert said(**service) == shown


def test_what_others_wait_for_until_it_has_ended_runs_once():
    waiting = {"image": "app:1", "depends_on": {"web": {"condition": "service_completed_successfully"}}}
    said = {"name": "shop", "services": {"web": {"image": "web:1", "restart": "no"}, "app": waiting}}
    services = desired(stack_of({"stack.yaml": json.dumps(said)}), "", {}).services
    assert [brief(services[name]) for name in ("web", "app")] == ["web:1, runs once", "app:1"]


@pytest.mark.parametrize("great", ["/:/host:ro", "/var/run/docker.sock:/var/run/docker.sock", "/etc:/host-etc"])
def test_what_is_the_hosts_own_is_named_however_many_mounts_there_are(great: str):
    """It comes first; the others are counted where they are many."""
    assert said(volumes=[*MANY, great]) == f"{great}, 5 more mounts"
    assert said(volumes=MANY) == "5 mounts"


def test_what_is_most_dangerous_comes_before_the_ports():
    assert said(privileged=True, ports=["80:80"], volumes=["data:/d"]) == "privileged, port 80:80, data:/d"


def test_a_sensitive_variable_in_a_mount_is_not_shown():
    """Neither on the line nor in the list."""
    services = wanted({"volumes": ["./of-${API_TOKEN}:/a", "data:/b"]}, API_TOKEN="hunter2").services
    assert brief(services["web"]) == "web:1, 2 mounts"
    assert set(mounts(services["web"])) == {"(sensitive)"}


def plan_of(**service: Any) -> Any:
    engine = EngineInfo("unix:///run/docker.sock", "28", "1.51")
    seen = Observed(engine, [], {}, {}, {}, {}, {}, Records(salt="salt"))
    return make_plan(wanted(service), seen, lambda *_: None)


def test_mounts_that_are_only_counted_are_listed_where_there_is_room():
    """Beneath the line with --verbose, in the folded block of a review, and for programs."""
    plan = plan_of(volumes=MANY)
    (change,) = [each for each in json.loads(as_json(plan))["changes"] if each["address"] == "service.web[1]"]
    assert change["mounts"] == MANY
    for each in MANY:
        assert each not in as_text(plan)
        assert each in as_text(plan, verbose=True)
        assert f": {each}\n" in as_markdown(plan)


def test_mounts_that_are_on_the_line_are_not_listed_again():
    """Unless all that the container asks for is listed."""
    plan = plan_of(volumes=["data:/data"])
    assert as_text(plan).count("data:/data") == 1
    assert as_text(plan, verbose=True).count("data:/data") == 2
