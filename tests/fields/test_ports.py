"""Published ports: every short form, what it means, how it is sent and read back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from deployer.fields.field import Context, Value
from deployer.fields.ports import PORTS, read_ports, write_ports

PORT_LIST: TypeAdapter[Any] = TypeAdapter(PORTS.written)


def canonical(*written: Any) -> Value:
    return PORTS.normal(PORT_LIST.validate_python(list(written)), Context())


@pytest.mark.parametrize(
    ("written", "bindings"),
    [
        ("8080:80", {("", "8080", 80, "tcp")}),
        (80, {("", "", 80, "tcp")}),
        ("80", {("", "", 80, "tcp")}),
        ("53:53/udp", {("", "53", 53, "udp")}),
        ("53:53/UDP", {("", "53", 53, "udp")}),
        ("127.0.0.1:8080:80", {("127.0.0.1", "8080", 80, "tcp")}),
        ("127.0.0.1::9000", {("127.0.0.1", "", 9000, "tcp")}),
        ("[::1]:80:80", {("::1", "80", 80, "tcp")}),
        ("[::0001]::80", {("::1", "", 80, "tcp")}),
        ("3000-3001:4000-4001/udp", {("", "3000", 4000, "udp"), ("", "3001", 4001, "udp")}),
        ("3000-3001", {("", "", 3000, "tcp"), ("", "", 3001, "tcp")}),
        ("8000-8010:80", {("", "8000-8010", 80, "tcp")}),
        ("0:80", {("", "", 80, "tcp")}),
    ],
)
def test_a_short_form_is_a_set_of_bindings(written: Any, bindings: set[Any]) -> None:
    """Host address, host port, container port, protocol: a range is each of its ports, or one of them."""
    assert canonical(written) == frozenset(bindings)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("8080:80", {"target": 80, "published": 8080}),
        ("8080:80", {"target": "80", "published": "8080", "mode": "host", "name": "web", "app_protocol": "http"}),
        ("127.0.0.1::53/udp", {"target": 53, "host_ip": "127.0.0.1", "protocol": "udp"}),
        ("8000-8001:80-81", {"target": "80-81", "published": "8000-8001"}),
    ],
)
def test_the_long_form_is_the_same(short: str, long: dict[str, Any]) -> None:
    """What is only for people is no difference."""
    assert canonical(short) == canonical(long)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "web",
        "80:web",
        "70000:80",
        "0-5:1-6",
        "80/ftp",
        "300.0.0.1:80:80",
        "1:2:3:4",
        "::1:80:80",
        "8010-8000:80",
        "8000-8002:80-81",
        {"target": "80-81", "published": "8000-8002"},
        {"published": 80},
        True,
        None,
    ],
)
def test_what_is_no_port_is_refused(written: Any) -> None:
    """Each with its own reason, none of them from the engine."""
    with pytest.raises(ValidationError):
        canonical(written)


def port_range(ends: tuple[int, int]) -> str:
    first, last = sorted(ends)
    return str(first) if first == last else f"{first}-{last}"


hosts = st.sampled_from(["", "127.0.0.1", "0.0.0.0", "::1", "::"])
numbers = st.integers(1, 65535)
published = st.just("") | st.tuples(numbers, numbers).map(port_range)
bindings = st.frozensets(
    st.tuples(hosts, published, numbers, st.sampled_from(["tcp", "udp", "sctp"])), min_size=1, max_size=4
)


@given(bindings)
def test_ports_that_are_shown_are_read_back(value: Value) -> None:
    """As a user would write them, each in quotes."""
    shown = [entry.strip('"') for entry in PORTS.show(value).split(", ")]
    assert canonical(*shown) == value


@given(bindings)
def test_ports_that_are_sent_are_read_back(value: Value) -> None:
    """What was asked for, from the same places."""
    body: dict[str, Any] = {}
    write_ports(body, value, None, Context())
    inspect = {"HostConfig": body["HostConfig"], "Config": {"ExposedPorts": body["ExposedPorts"]}}
    assert read_ports(inspect, Context()) == value


def test_a_binding_of_a_port_that_is_not_exposed_is_none() -> None:
    """Inspect shows it, and the engine never publishes it."""
    inspect = {"HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}}, "Config": {}}
    assert read_ports(inspect, Context()) == frozenset()
    inspect["Config"] = {"ExposedPorts": {"80/tcp": {}}}
    assert read_ports(inspect, Context()) == {("", "8080", 80, "tcp")}


def test_a_range_that_is_given_one_by_one_is_the_same() -> None:
    """And in any order."""
    assert canonical("3000-3002:4000-4002") == canonical("3002:4002", "3000:4000", "3001:4001")
