"""The notations of the plain rows: whatever is written is read as one value, and what is read can be written again."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from deployer.fields import container
from deployer.fields.capabilities import CAPABILITIES
from deployer.fields.field import Context, Value
from deployer.fields.ulimits import NAMES

CONTEXT = Context(folder="/srv/shop", service="web")


def canonical(name: str, written: Any) -> Value:
    row = container.BY_NAME[name]
    return row.kind.normal(TypeAdapter(row.kind.written).validate_python(written), CONTEXT)


def sent_and_read(name: str, value: Value) -> Value:
    row = container.BY_NAME[name]
    body: dict[str, Any] = {"HostConfig": {}}
    row.into(body, value, None, CONTEXT)
    return row.out_of({"Id": "0" * 64, "Config": body, "HostConfig": body["HostConfig"]}, CONTEXT)


hosts = st.from_regex(r"[a-z]{1,5}(\.[a-z]{1,3})?", fullmatch=True)
addresses = st.ip_addresses().map(str)
spelled = st.ip_addresses().flatmap(lambda ip: st.sampled_from([str(ip), ip.exploded, f"[{ip}]"]))
capabilities = st.sampled_from(sorted(CAPABILITIES | {"ALL"}))
paths = st.from_regex(r"(/[a-z]{1,4}){1,3}", fullmatch=True)


@given(st.lists(capabilities, min_size=1), st.randoms(use_true_random=False))
def test_capabilities_are_a_set_however_they_are_spelled(names: list[str], chance: Any) -> None:
    """With and without the prefix, in any case and order."""
    spelling = [chance.choice([name, f"CAP_{name}", name.lower(), f"cap_{name.lower()}"]) for name in names]
    chance.shuffle(spelling)
    value = canonical("cap_add", spelling)
    assert value == canonical("cap_add", names) == frozenset(names)
    assert sent_and_read("cap_add", value) == value


@given(st.dictionaries(hosts, st.lists(spelled, min_size=1, max_size=3), min_size=1))
def test_hosts_as_a_mapping_and_as_a_list_are_one(written: dict[str, list[str]]) -> None:
    """With = and with : between, IPv6 in brackets or without."""
    value = canonical("extra_hosts", written)
    for divider in "=:":
        listed = [f"{name}{divider}{address}" for name, found in written.items() for address in found]
        assert canonical("extra_hosts", listed) == value
    assert sent_and_read("extra_hosts", value) == value
    assert all(ipaddress.ip_address(address) for _, found in value for address in found)


@given(st.lists(addresses, min_size=1, unique=True))
def test_dns_servers_keep_their_order(written: list[str]) -> None:
    """The first one is asked first."""
    value = canonical("dns", written)
    assert value == tuple(written)
    assert sent_and_read("dns", value) == value


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "size": st.sampled_from(["64m", "1g", "4096", "50%"]),
        "mode": st.sampled_from(["1777", "0700", "755"]),
        "uid": st.integers(0, 2000).map(str),
        "gid": st.integers(0, 2000).map(str),
        "exec": st.just(""),
        "ro": st.just(""),
        "noatime": st.just(""),
    },
)


@given(st.dictionaries(paths, OPTIONS, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_options_of_a_tmpfs_have_no_order(written: dict[str, dict[str, str]], chance: Any) -> None:
    """Nor does the engine's default change anything; what is shown can be written again."""

    def text(path: str, options: dict[str, str]) -> str:
        parts = [f"{name}={value}" if value else name for name, value in options.items()]
        chance.shuffle(parts)
        return ":".join(part for part in (path, ",".join(["nosuid", *parts, "nodev"])) if part)

    value = canonical("tmpfs", [text(path, options) for path, options in written.items()])
    assert value == canonical("tmpfs", [text(path, options) for path, options in written.items()])
    assert sent_and_read("tmpfs", value) == value
    row = container.BY_NAME["tmpfs"]
    assert canonical("tmpfs", [row.shown(path, options) for path, options in value]) == value


@given(
    st.dictionaries(st.sampled_from(NAMES), st.tuples(st.integers(0, 99), st.integers(0, 99)).map(sorted), min_size=1)
)
def test_limits_of_processes_are_sent_and_read(written: dict[str, list[int]]) -> None:
    """One number is both limits."""
    value = canonical("ulimits", {name: {"soft": soft, "hard": hard} for name, (soft, hard) in written.items()})
    assert sent_and_read("ulimits", value) == value
    single = canonical("ulimits", {name: hard for name, (_, hard) in written.items()})
    assert single == tuple((name, (hard, hard)) for name, (_, hard) in value)


@given(
    st.lists(st.tuples(paths, paths, st.sets(st.sampled_from("rwm"), min_size=1)), min_size=1, unique_by=lambda d: d[1])
)
def test_a_device_in_short_is_the_same_in_long(written: list[tuple[str, str, set[str]]]) -> None:
    """And the order of its permissions says nothing."""
    short = [f"{source}:{target}:{''.join(sorted(letters))}" for source, target, letters in written]
    long = [
        {"source": source, "target": target, "permissions": "".join(sorted(letters, reverse=True))}
        for source, target, letters in written
    ]
    value = canonical("devices", short)
    assert value == canonical("devices", long)
    assert sent_and_read("devices", value) == value
    row = container.BY_NAME["devices"]
    assert canonical("devices", [row.shown(target, rest) for target, rest in value]) == value


@given(
    st.lists(st.tuples(st.integers(1, 65000), st.integers(0, 5), st.sampled_from(["tcp", "udp", "sctp"])), min_size=1)
)
def test_a_range_of_exposed_ports_is_each_of_them(written: list[tuple[int, int, str]]) -> None:
    """As many as it has, each with its protocol."""
    value = canonical("expose", [f"{first}-{first + more}/{protocol}" for first, more, protocol in written])
    assert value == {f"{first + n}/{protocol}" for first, more, protocol in written for n in range(more + 1)}
    assert sent_and_read("expose", value) == value


@given(st.dictionaries(st.from_regex(r"net\.[a-z]{1,5}", fullmatch=True), st.integers(0, 9), min_size=1))
def test_kernel_parameters_are_text(written: dict[str, int]) -> None:
    """As a mapping and as a list."""
    value = canonical("sysctls", written)
    assert value == canonical("sysctls", [f"{name}={number}" for name, number in written.items()])
    assert sent_and_read("sysctls", value) == value == tuple(sorted((name, str(n)) for name, n in written.items()))


@given(st.text(max_size=8), st.dictionaries(st.text("abc-.", min_size=1, max_size=5), st.text(max_size=4)))
def test_logging_is_sent_and_read(driver: str, options: dict[str, str]) -> None:
    """Options that hold dots and dashes, too."""
    value = canonical("logging", {"driver": driver, "options": options})
    assert sent_and_read("logging", value) == value


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=4,
)
ROWS = [
    "working_dir", "hostname", "tty", "stdin_open", "read_only", "privileged", "cap_add", "cap_drop", "extra_hosts",
    "dns", "dns_search", "dns_opt", "tmpfs", "ulimits", "pids_limit", "logging", "expose", "sysctls", "group_add",
    "security_opt", "devices",
]  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
@given(written=ANYTHING)
def test_whatever_is_written_is_a_value_or_a_mistake(name: str, written: Any) -> None:
    """Nothing else is raised, and each mistake has a message for people."""
    try:
        value = canonical(name, written)
    except ValidationError as error:
        for detail in error.errors():
            assert detail["type"] not in ("value_error", "assertion_error"), detail
    else:
        assert hash(value) == hash(canonical(name, written))
