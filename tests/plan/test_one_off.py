"""What a one-off has of its service, and what not."""

from __future__ import annotations

from typing import Any

from deployer.plan.one_off import OneOff, adapted
from deployer.resources.desired import DesiredService
from deployer.resources.from_stack import desired
from deployer.stack.load import load

STACK = """\
name: shop
services:
  web:
    image: busybox
    command: [serve]
    hostname: shop
    restart: always
    ports: ["8080:80"]
    publish_all: true
    environment: {A: "1", B: "2"}
    volumes: ["data:/data"]
    networks: {front: {aliases: [www], ipv4_address: 10.5.0.9}, back: {}}
networks: {front: {ipam: {config: [{subnet: 10.5.0.0/24}]}}, back: {}}
volumes: {data: {}}
"""


def web() -> DesiredService:
    stack = load(STACK, file="stack.yaml", folder="/shop", environment={}, read_env_file=lambda *_: {}, name=None)
    return desired(stack, "here", {}).services["web"]


def asked(row: str, said: dict[str, Any] | None = None, **more: Any) -> Any:
    return adapted(web(), OneOff(said or {}, more.pop("environment", {}), **more)).asked[row]


def test_nobody_who_asks_for_the_service_reaches_it():
    """It is in the networks, without the names and addresses that the service has there, and publishes nothing."""
    assert asked("networks") == (("back", ()), ("front", ()))
    assert (asked("hostname"), asked("ports"), asked("publish_all")) == ("", frozenset(), False)
    assert asked("restart") == asked("restart", {"command": ["x"]}) != web().asked["restart"]


def test_ports_are_published_where_they_are_asked_for():
    assert asked("ports", service_ports=True) == web().asked["ports"]
    assert asked("ports", ports=("9090:90",)) == frozenset({("", "9090", 90, "tcp")})


def test_what_is_said_goes_before_what_the_service_says():
    """Variables and volumes are added; another entrypoint takes the command along."""
    assert asked("command", {"command": ["sh", "-c", "x"]}) == ("sh", "-c", "x")
    assert asked("command", {"entrypoint": "cat -n"}) == ()
    assert asked("entrypoint", {"entrypoint": "cat -n"}) == ("cat", "-n")
    assert dict(asked("environment", environment={"B": "3", "C": "4"})) == {"A": "1", "B": "3", "C": "4"}
    assert [target for target, _ in asked("volumes", volumes=("/tmp:/more",))] == ["/data", "/more"]
    assert (asked("command"), asked("user", {"user": "7"})) == (("serve",), "7")
