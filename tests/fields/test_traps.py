"""How an engine or another client writes the same: what an inspect shows, and what it is as a value.

docs/explanation/traps.md says of each which engine does it, and why it matters.
"""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from deployer.fields import container
from deployer.fields.field import Context, Value

CONTEXT = Context(stack="shop", folder="/srv/shop", service="web", networks={"default": "shop_default"})
ID = "0123456789ab" + "0" * 52


def of(name: str, written: Any) -> Value:
    """The value of what a user writes."""
    row = container.BY_NAME[name]
    return row.kind.normal(TypeAdapter(row.kind.written).validate_python(written), CONTEXT)


def shown(name: str, config: dict[str, Any] | None = None, host: dict[str, Any] | None = None, **rest: Any) -> Value:
    """The value of what an inspect shows."""
    inspect = {"Id": ID, "Name": "/shop-web-1", "Config": config or {}, "HostConfig": host or {}, **rest}
    return container.BY_NAME[name].out_of(inspect, CONTEXT)


def endpoint(**settings: Any) -> dict[str, Any]:
    return {"NetworkSettings": {"Networks": {"shop_default": {"NetworkID": "n", "Aliases": ["web"], **settings}}}}


CONFIG: list[tuple[str, dict[str, Any], Any]] = [
    ("environment", {"Env": ["A=1", "B=2", "A=3"]}, {"A": "3", "B": "2"}),
    ("environment", {"Env": ["A=", "B"]}, {"A": "", "B": None}),
    ("stop_signal", {"StopSignal": "15"}, "SIGTERM"),
    ("stop_signal", {"StopSignal": "sigint"}, "INT"),
    ("working_dir", {"WorkingDir": "/srv/a/../b/"}, "/srv/b"),
    ("expose", {"ExposedPorts": {"53": {}}}, ["53/tcp"]),
    ("healthcheck", {"Healthcheck": {"Test": ["CMD", "x"], "Interval": 0, "Retries": 0}}, {"test": ["CMD", "x"]}),
    ("healthcheck", {"Healthcheck": {"Test": ["NONE"]}}, {"disable": True}),
]

HOST: list[tuple[str, dict[str, Any], Any]] = [
    ("restart", {"RestartPolicy": {"Name": "", "MaximumRetryCount": 0}}, "no"),
    ("restart", {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}}, "no"),
    ("pids_limit", {"PidsLimit": 0}, -1),
    ("pids_limit", {"PidsLimit": -1}, 0),
    ("cap_add", {"CapAdd": ["cap_net_admin", "SYS_TIME"]}, ["CAP_SYS_TIME", "NET_ADMIN"]),
    ("security_opt", {"SecurityOpt": ["no-new-privileges"]}, ["no-new-privileges:true"]),
    ("security_opt", {"SecurityOpt": ["label:user:me"]}, ["label=user:me"]),
    ("extra_hosts", {"ExtraHosts": ["b:::1", "a:10.0.0.1"]}, ["a=10.0.0.1", "b=[0::1]"]),
    ("extra_hosts", {"ExtraHosts": ["b:[::1]"]}, ["b=::1"]),
    ("tmpfs", {"Tmpfs": {"/run/": "size=1024k,mode=01777"}}, ["/run:size=1m,mode=1777"]),
    (
        "devices",
        {"Devices": [{"PathOnHost": "/dev/a", "PathInContainer": "/dev/a", "CgroupPermissions": ""}]},
        ["/dev/a"],
    ),
    ("volumes", {"Binds": ["/srv/shop/a/../b/:/etc//b/:rw"]}, ["./b:/etc/b"]),
    ("network_mode", {"NetworkMode": "default"}, "bridge"),
    ("network_mode", {"NetworkMode": "bridge"}, "bridge"),
]


@pytest.mark.parametrize(("name", "config", "written"), CONFIG)
def test_what_the_engine_keeps_as_it_was_sent_is_what_it_means(name: str, config: dict[str, Any], written: Any) -> None:
    """Other clients send it in their own spelling, and a container of theirs may be taken over."""
    assert shown(name, config) == of(name, written)


@pytest.mark.parametrize(("name", "host", "written"), HOST)
def test_what_other_clients_and_versions_send_is_what_it_means(name: str, host: dict[str, Any], written: Any) -> None:
    """The same of the part that says how it runs."""
    assert shown(name, {"ExposedPorts": {"80/tcp": {}}}, host) == of(name, written)


@pytest.mark.parametrize(
    ("bindings", "written"),
    [
        ([{"HostIp": "::", "HostPort": "80"}], "[::]:80:80"),
        ([{"HostIp": "0::1", "HostPort": "80"}], "[::1]:80:80"),
        ([{"HostIp": "", "HostPort": "0"}], "80"),
        ([{"HostIp": "", "HostPort": ""}], "80"),
        ([{"HostPort": "8000-8010"}], "8000-8010:80"),
    ],
)
def test_a_binding_is_what_was_asked_and_not_what_was_given(bindings: list[dict[str, str]], written: str) -> None:
    """What is published is listed elsewhere, in both families, in any order, and not at all of one that is stopped."""
    given = {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "49153"}, {"HostIp": "::", "HostPort": "49153"}]}}
    host = {"PortBindings": {"80/tcp": bindings}}
    for settings in (given, {"Ports": {}}):
        assert shown("ports", {"ExposedPorts": {"80/tcp": {}}}, host, NetworkSettings=settings) == of(
            "ports", [written]
        )


@pytest.mark.parametrize("address", ["fd00::7", "fd00:0:0::0007", "FD00::7"])
def test_an_address_is_the_one_that_was_asked_for(address: str) -> None:
    """However it is spelled; one that the engine gave is none."""
    asked = endpoint(IPAMConfig={"IPv6Address": address}, GlobalIPv6Address="fd00::7", IPAddress="172.18.0.2")
    assert shown("networks", **asked) == of("networks", {"default": {"ipv6_address": "fd00::7"}})
    given = endpoint(IPAMConfig=None, GlobalIPv6Address="fd00::7", IPAddress="172.18.0.2")
    assert shown("networks", **given) == of("networks", ["default"])


def test_a_mac_address_that_nobody_asked_for_is_none() -> None:
    """Engine 20.10 shows another one after each start, and none of a container that is stopped."""
    for shown_address in ("", "02:42:ac:12:00:02"):
        want = of("networks", ["default"])
        have = shown("networks", **endpoint(MacAddress=shown_address))
        assert container.BY_NAME["networks"].less_filled(have, want, want) == want
        assert container.BY_NAME["mac_address"].less_filled(shown_address, "", "") == ""


FILLED: dict[str, Any] = {
    "ShmSize": 64 << 20,
    "IpcMode": "private",
    "CgroupnsMode": "private",
    "Runtime": "runc",
    "OomKillDisable": False,
    "MemorySwappiness": None,
    "MaskedPaths": ["/proc/asound", "/proc/acpi"],
    "ReadonlyPaths": ["/proc/bus"],
    "ConsoleSize": [0, 0],
    "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
    "PidsLimit": None,
    "NetworkMode": "shop_default",
}
"""What Engine 20.10 or 28 shows of a container that was asked for nothing."""


def test_what_the_daemon_fills_in_is_nothing() -> None:
    """No row takes it for something that was asked."""
    for row in container.FIELDS:
        if row.name not in ("image", "networks"):
            want = row.on_image({}, {})
            have = shown(row.name, {"Image": "x"}, FILLED, **endpoint())
            assert row.less_filled(have, want, want) == want, row.name
