"""What holds of every row of the field table, because it is one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML

from deployer.fields import container, network, volume
from deployer.fields.field import Context, Effect, Field, Value, put
from deployer.fields.kinds import LABELS, OPTIONS
from deployer.resources.applied import canonical as unplain
from deployer.resources.applied import plain

CONTEXT = Context(
    folder="/srv/shop", service="web", networks={"default": "shop_default"}, volumes={"data": "shop_data"}
)
TABLES = {"container": container.FIELDS, "network": network.FIELDS, "volume": volume.FIELDS}
ROWS = [pytest.param(row, id=f"{table}.{row.name}") for table, rows in TABLES.items() for row in rows]
PLAIN_ROWS = [param for param in ROWS if not param.values[0].read and param.values[0] is not container.IMAGE]


def canonical(row: Field, written: Any) -> Value:
    return row.kind.normal(TypeAdapter(row.kind.written).validate_python(written), CONTEXT)


def of(name: str) -> Field:
    return container.BY_NAME[name]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_documented_and_says_where_it_lies(row: Field) -> None:
    """One sentence at least, and a place in the Engine API."""
    assert row.doc.endswith(".")
    assert row.engine or row is container.IMAGE
    assert row.write is None or row.read or row.inspect, "what is written by a function is read by one, or from inspect"


@pytest.mark.parametrize("row", ROWS)
def test_the_two_examples_of_a_row_differ(row: Field) -> None:
    """Else the law would prove nothing."""
    first, second = (canonical(row, written) for written in row.example)
    assert first != second


@pytest.mark.parametrize("row", ROWS)
def test_canonical_values_are_hashable_and_equal_when_made_again(row: Field) -> None:
    """They are compared, and kept in sets."""
    for written in row.example:
        assert hash(canonical(row, written)) == hash(canonical(row, written))
        assert canonical(row, written) == canonical(row, written)
    hash(row.unset)


@pytest.mark.parametrize("row", PLAIN_ROWS)
def test_what_a_row_sends_is_what_it_reads(row: Field) -> None:
    """decode(encode(v)) == v, through the JSON of the wire, for both examples and with nothing said."""
    for value in [*(canonical(row, written) for written in row.example), row.unset]:
        inspect: dict[str, Any] = {}
        if value != row.unset:
            wire = json.loads(json.dumps(row.kind.encode(value)))
            assert row.kind.decode(wire) == value
            put(inspect, row.inspect or row.engine, wire)
        assert row.out_of(inspect, CONTEXT) == value


@pytest.mark.parametrize("row", PLAIN_ROWS)
@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_what_is_empty_in_an_inspect_is_unset(row: Field, empty: Any) -> None:
    """The engine answers with null, "", [] and {} alike."""
    inspect: dict[str, Any] = {}
    put(inspect, row.inspect or row.engine, empty)
    assert row.out_of(inspect, CONTEXT) == row.unset


@pytest.mark.parametrize("row", [param for param in ROWS if param.values[0] is not container.IMAGE])
def test_a_row_that_is_not_said_is_not_sent(row: Field) -> None:
    """A new row at its default is no difference in a create body."""
    body: dict[str, Any] = {}
    row.into(body, row.unset, None, CONTEXT)
    assert body == {}


@pytest.mark.parametrize("row", ROWS)
def test_a_canonical_value_survives_its_record(row: Field) -> None:
    """A label holds it as JSON: what is read from there is the same as what is made now."""
    for written in row.example:
        value = canonical(row, written)
        assert plain(unplain(json.loads(json.dumps(plain(value))))) == plain(value)


@pytest.mark.parametrize("row", [param for param in ROWS if not param.values[0].kind.keyed])
def test_a_value_is_shown_as_a_user_would_write_it(row: Field) -> None:
    """What the plan shows can be put into the file."""
    yaml = YAML(typ="safe", pure=True)
    for written in row.example:
        value = canonical(row, written)
        shown = row.shown("", value)
        again = yaml.load(f"[{shown}]") if isinstance(value, frozenset) else yaml.load(shown)
        assert canonical(row, again) == value


@pytest.mark.parametrize("row", [param for param in ROWS if param.values[0].kind.keyed])
def test_every_entry_of_a_mapping_is_shown(row: Field) -> None:
    """Each is a field of its own in a plan."""
    for written in row.example:
        entries = [row.shown(entry, value) for entry, value in canonical(row, written)]
        assert entries
        assert all(entries)


@pytest.mark.parametrize("row", [param for param in ROWS if isinstance(param.values[0].needs, Mapping)])
def test_what_a_row_needs_are_rows(row: Field) -> None:
    """And none of its own names."""
    assert not set(row.needs) & set(row.names)
    table = next(rows for rows in TABLES.values() if row in rows)
    for name, written in row.needs.items():
        canonical(next(other for other in table if other.name == name), written)


SAME: list[tuple[str, Any, Any]] = [
    ("mem_limit", "1g", "1024m"),
    ("mem_limit", "1g", 1024**3),
    ("mem_limit", "64M", "64mb"),
    ("cpus", 0.5, "0.5"),
    ("cpus", "0.50", ".5"),
    ("cpus", 2, "2.0"),
    ("stop_signal", "INT", "SIGINT"),
    ("stop_signal", "sigint", 2),
    ("stop_grace_period", "90s", "1m30s"),
    ("stop_grace_period", "1500ms", "1s"),
    ("environment", {"A": 1, "B": "x"}, ["B=x", "A=1"]),
    ("environment", {"A": True}, ["A=false", "A=true"]),
    ("labels", {"a": 1, "b": ""}, ["b=", "a=1"]),
    ("labels", {"a": None}, ["a"]),
    ("command", "sleep 10", ["sleep", 10]),
    ("entrypoint", "sh -c 'exec sleep 1'", ["sh", "-c", "exec sleep 1"]),
    ("ports", ["8080:80"], [{"target": 80, "published": "8080"}]),
    ("ports", ["80", "81"], [81, {"target": 80, "protocol": "tcp"}]),
    ("volumes", ["./x:/x"], ["/srv/shop/x:/x/"]),
    ("volumes", ["data:/d", "./x:/x"], ["./x:/x:rw", {"type": "volume", "source": "data", "target": "/d"}]),
    ("networks", ["a", "b"], {"b": None, "a": {}}),
    ("networks", {"a": {"aliases": ["y", "x"]}}, {"a": {"aliases": ["x", "web", "y"]}}),
    ("healthcheck", {"test": "true"}, {"test": ["CMD-SHELL", "true"]}),
    ("healthcheck", {"test": ["NONE"]}, {"disable": True}),
    ("healthcheck", {"test": "true", "interval": "60s"}, {"interval": "1m", "test": "true", "retries": 0}),
    ("restart", "on-failure", "on-failure:0"),
    ("init", True, "true"),
    ("working_dir", "/srv//a/../b/", "/srv/b"),
    ("cap_add", ["NET_ADMIN", "SYS_TIME"], ["cap_sys_time", "CAP_NET_ADMIN", "NET_ADMIN"]),
    ("cap_drop", ["all"], ["ALL"]),
    ("extra_hosts", ["a=1.2.3.4", "b=::1"], {"b": "[0::1]", "a": "1.2.3.4"}),
    ("extra_hosts", ["a:1.2.3.4", "b:::1", "a=1.1.1.1"], ["b=[::1]", "a=1.2.3.4,1.1.1.1"]),
    ("dns", "9.9.9.9", ["9.9.9.9", "9.9.9.9"]),
    ("dns_search", "a.example", ["a.example"]),
    ("dns_opt", ["use-vc", "ndots:2"], ["ndots:2", "use-vc"]),
    ("tmpfs", "/run/:size=64m,mode=1777", ["/run:mode=01777,size=65536K"]),
    ("tmpfs", "/run", ["/run:noexec,nosuid,nodev,rw"]),
    ("tmpfs", "/run:exec", ["/run:noexec,exec"]),
    ("ulimits", {"nofile": 5}, {"nofile": {"soft": "5", "hard": 5}}),
    ("pids_limit", -1, 0),
    ("pids_limit", "10", 10),
    ("logging", {"driver": "local", "options": {"max-file": 3}}, {"options": {"max-file": "3"}, "driver": "local"}),
    ("logging", {}, {"driver": "", "options": None}),
    ("expose", [3000, "3001/tcp"], ["3000-3001"]),
    ("sysctls", {"net.core.somaxconn": 5}, ["net.core.somaxconn=5"]),
    ("group_add", ["mail", 1000], ["1000", "mail"]),
    ("security_opt", ["no-new-privileges", "label:user:me"], ["label=user:me", "no-new-privileges:true"]),
    ("devices", ["/dev/null"], [{"source": "/dev/null"}]),
    ("devices", ["/dev/a:/dev/b:mr"], [{"source": "/dev//a", "target": "/dev/b", "permissions": "rm"}]),
    ("devices", ["vendor.com/class=name"], [{"source": "vendor.com/class=name", "permissions": "rwm"}]),
    ("read_only", "true", True),
    ("cpu_period", 50000, "50ms"),
    ("cpu_quota", -1, 0),
    ("cpu_rt_runtime", "95000", "95ms"),
    ("cpuset", "0,1,2,5", "5,0-2"),
    ("cpuset", 1, "1-1"),
    ("memswap_limit", "1g", "1024m"),
    ("memswap_limit", -1, "-1"),
    ("mem_reservation", "1g", "1024m"),
    ("blkio_config", {"weight": 0}, {}),
    (
        "blkio_config",
        {"device_read_bps": [{"path": "/dev/a", "rate": "1m"}]},
        {"weight": None, "device_read_bps": [{"path": "/dev/a", "rate": "1024k"}]},
    ),
    ("device_cgroup_rules", ["c 1:3 mr", "b 7:* rwm"], ["b 7:* mwr", "c 1:3 rm"]),
    ("isolation", "default", "default"),
    ("gpus", "all", [{"count": "all"}]),
    ("gpus", "all", [{"capabilities": ["gpu"]}]),
    ("gpus", [{"count": 1}, {"device_ids": ["b", "a"]}], [{"device_ids": ["a", "b"]}, {"count": "1"}]),
]


@pytest.mark.parametrize(("name", "one", "other"), SAME)
def test_spelled_otherwise_it_is_the_same_value(name: str, one: Any, other: Any) -> None:
    """Two spellings that the engine would treat alike are equal."""
    assert canonical(of(name), one) == canonical(of(name), other)


DIFFERENT: list[tuple[str, Any, Any]] = [
    ("command", ["sleep 10"], ["sleep", "10"]),
    ("environment", {"A": ""}, {"A": None}),
    ("ports", ["80:80"], ["0.0.0.0:80:80"]),
    ("ports", ["53:53"], ["53:53/udp"]),
    ("healthcheck", {"test": ["CMD", "true"]}, {"test": "true"}),
    ("user", "0", "root"),
    ("volumes", ["data:/d"], ["./data:/d"]),
    ("cap_add", ["ALL"], ["NET_ADMIN"]),
    ("dns", ["9.9.9.9", "1.1.1.1"], ["1.1.1.1", "9.9.9.9"]),
    ("dns_search", ["a", "b"], ["b", "a"]),
    ("extra_hosts", {"a": ["1.1.1.1", "1.1.1.2"]}, {"a": ["1.1.1.2", "1.1.1.1"]}),
    ("tmpfs", "/run", "/run:exec"),
    ("tmpfs", "/run:size=50%", "/run:size=50"),
    ("ulimits", {"nofile": 5}, {"nofile": {"soft": 4, "hard": 5}}),
    ("expose", [53], ["53/udp"]),
    ("security_opt", ["no-new-privileges:true"], ["no-new-privileges:false"]),
    ("devices", ["/dev/null"], ["/dev/null:/dev/null:r"]),
    ("group_add", ["0"], ["root"]),
    ("mem_swappiness", 0, -1),
    ("devices", ["vendor.com/class=a"], ["vendor.com/class=b"]),
    ("gpus", [{"count": 1}], [{"count": 2}]),
    ("gpus", "all", [{"driver": "nvidia"}]),
    (
        "blkio_config",
        {"device_read_bps": [{"path": "/dev/a", "rate": 5}]},
        {"device_read_iops": [{"path": "/dev/a", "rate": 5}]},
    ),
]


@pytest.mark.parametrize(("name", "one", "other"), DIFFERENT)
def test_what_the_engine_tells_apart_differs(name: str, one: Any, other: Any) -> None:
    """Nothing is taken for the same that is not."""
    assert canonical(of(name), one) != canonical(of(name), other)


@pytest.mark.parametrize("label", ["com.docker.compose.project", "io.deployer.applied"])
@pytest.mark.parametrize("row", [row for rows in TABLES.values() for row in rows if row.name == "labels"])
def test_labels_that_say_whose_it_is_are_refused(row: Field, label: str) -> None:
    """They never are a difference, so asking for one would be a plan that never ends."""
    with pytest.raises(ValidationError) as refused:
        canonical(row, {label: "x"})
    assert [error["type"] for error in refused.value.errors()] == ["reserved-label"]


@pytest.mark.parametrize("kind", [LABELS, OPTIONS])
def test_nothing_as_a_label_or_an_option_is_the_empty_text(kind: Any) -> None:
    """The engine reads null as it."""
    value = kind.normal(TypeAdapter(kind.written).validate_python({"a": None}), CONTEXT)
    assert value == (("a", ""),)


names = st.text("ABC_", min_size=1, max_size=4)


@given(st.dictionaries(names, st.one_of(st.none(), st.text("ab=\n ", max_size=5)), min_size=1))
def test_an_environment_that_is_sent_is_read_back(environment: dict[str, str | None]) -> None:
    """Whatever the values hold; `NAME` alone takes the image's away."""
    row = of("environment")
    value = canonical(row, environment)
    assert row.kind.decode(row.kind.encode(value)) == value


@given(st.lists(st.text(max_size=5), min_size=1, max_size=4))
def test_a_command_that_is_shown_is_read_back(words: list[str]) -> None:
    """Quotes, backslashes, line ends and all."""
    row = of("command")
    shown = row.shown("", canonical(row, words))
    assert canonical(row, YAML(typ="safe", pure=True).load(shown)) == tuple(words)


# What the image supplies

IMAGE = {
    "Env": ["PATH=/bin", "MODE=image"],
    "Cmd": ["serve"],
    "Entrypoint": ["/init"],
    "Labels": {"maker": "us", "io.deployer.build": "x"},
    "User": "app",
    "StopSignal": "SIGQUIT",
    "WorkingDir": "/app/",
    "ExposedPorts": {"80/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "check"], "Interval": 5_000_000_000},
}


@pytest.mark.parametrize(
    ("name", "asked", "has"),
    [
        ("environment", {}, (("MODE", "image"), ("PATH", "/bin"))),
        ("environment", {"MODE": "mine", "PATH": None}, (("MODE", "mine"), ("PATH", None))),
        ("labels", {"tier": "a"}, (("maker", "us"), ("tier", "a"))),
        ("command", None, ("serve",)),
        ("command", ["other"], ("other",)),
        ("entrypoint", None, ("/init",)),
        ("user", None, "app"),
        ("user", "0", "0"),
        ("stop_signal", None, "SIGQUIT"),
        ("working_dir", None, "/app"),
        ("working_dir", "/other", "/other"),
        ("expose", None, frozenset({"80/tcp"})),
        ("expose", [81], frozenset({"80/tcp", "81/tcp"})),
        ("stop_signal", "INT", "SIGINT"),
        ("healthcheck", {"interval": "9s"}, (("interval", 9_000_000_000), ("test", ("CMD", "check")))),
        ("healthcheck", {"disable": True}, (("test", ("NONE",)),)),
    ],
)
def test_what_is_not_asked_comes_from_the_image(name: str, asked: Any, has: Value) -> None:
    """And is then no difference."""
    row = of(name)
    assert row.on_image({name: row.unset if asked is None else canonical(row, asked)}, IMAGE) == has


def test_an_entrypoint_drops_the_images_command() -> None:
    """As the engine does."""
    asked = {"entrypoint": ("/mine",), "command": ()}
    assert of("command").on_image(asked, IMAGE) == ()
    assert of("command").on_image({**asked, "command": ("go",)}, IMAGE) == ("go",)


def test_where_neither_says_it_is_stopped_by_sigterm() -> None:
    """So asking for SIGTERM there is no difference."""
    row = of("stop_signal")
    assert row.on_image({}, {}) == row.on_image({"stop_signal": "SIGTERM"}, {}) == "SIGTERM"
    assert row.out_of({"Config": {"StopSignal": ""}}, CONTEXT) == "SIGTERM"
    assert row.out_of({"Config": {"StopSignal": "15"}}, CONTEXT) == "SIGTERM"


def test_ten_seconds_is_how_long_a_stop_may_take_unless_said() -> None:
    """So asking for them is no difference."""
    row = of("stop_grace_period")
    assert row.out_of({"Config": {}}, CONTEXT) == canonical(row, "10s")
    assert row.out_of({"Config": {"StopTimeout": 0}}, CONTEXT) == canonical(row, "0s") == 0


def test_an_image_that_turns_its_check_off_has_none() -> None:
    """A part of a check alone does not bring it back."""
    row = of("healthcheck")
    image = {"Healthcheck": {"Test": ["NONE"]}}
    assert row.on_image({"healthcheck": canonical(row, {"interval": "9s"})}, image) == (("test", ("NONE",)),)


# How the engine shows it

RESTARTS = [
    (None, "no"),
    ({"Name": "", "MaximumRetryCount": 0}, "no"),
    ({"Name": "no"}, "no"),
    ({"Name": "on-failure", "MaximumRetryCount": 3}, "on-failure:3"),
]


@pytest.mark.parametrize(("wire", "value"), RESTARTS)
def test_no_restart_policy_has_two_names(wire: Any, value: str) -> None:
    """Engine 20.10 shows an empty one, 28 shows no."""
    assert of("restart").out_of({"HostConfig": {"RestartPolicy": wire}}, CONTEXT) == value


def test_names_that_the_engine_gives_in_a_network_are_no_difference() -> None:
    """The short id (20.10), the hostname; the container's name only where Compose made it."""
    settings = {"Aliases": ["web", "a", "0123456789ab", "host", "shop-web-1"], "NetworkID": "n"}
    inspect = {
        "Id": "0123456789ab" + "0" * 52,
        "Name": "/shop-web-1",
        "Config": {"Hostname": "host", "Labels": {"com.docker.compose.project": "shop"}},
        "NetworkSettings": {"Networks": {"shop_default": settings}},
    }
    assert of("networks").out_of(inspect, CONTEXT) == (("default", ("a", "web")),)
    inspect["Config"] = {"Hostname": "host", "Labels": {"io.deployer.applied": "{}"}}
    assert of("networks").out_of(inspect, CONTEXT) == (("default", ("a", "shop-web-1", "web")),)


def test_a_hostname_is_a_name_in_its_networks_by_itself() -> None:
    """The engine adds it to the aliases, or not, by its version: asked for as an alias too, it is no difference."""
    row = of("networks")
    written = TypeAdapter(row.kind.written).validate_python({"default": {"aliases": ["db", "web", "cache"]}})
    settings = {"Aliases": ["web", "cache", "0123456789ab", "db"], "NetworkID": "n"}
    inspect = {
        "Id": "0123456789ab" + "0" * 52,
        "Name": "/shop-web-1",
        "Config": {"Labels": {"com.docker.compose.service": "web", "io.deployer.applied": "{}"}},
        "NetworkSettings": {"Networks": {"shop_default": settings}},
    }
    for hostname, names in (("db", ("cache", "web")), ("web", ("cache", "db", "web"))):
        inspect["Config"]["Hostname"] = hostname
        assert row.out_of(inspect, CONTEXT) == row.kind.normal(written, replace(CONTEXT, hostname=hostname))
        assert row.out_of(inspect, CONTEXT) == (("default", names),)


@pytest.mark.parametrize(
    ("hostname", "mode", "value"),
    [
        ("web", "shop_default", "web"),
        ("0123456789ab", "shop_default", ""),
        ("elsewhere", "container:fedcba", ""),
        ("machine", "host", "machine"),  # what was applied tells whether it was asked for
    ],
)
def test_a_hostname_that_nobody_asked_for_is_no_difference(hostname: str, mode: str, value: str) -> None:
    """It is the short id, or of whom the network is."""
    inspect = {"Id": "0123456789ab" + "0" * 52, "Config": {"Hostname": hostname}, "HostConfig": {"NetworkMode": mode}}
    assert of("hostname").out_of(inspect, CONTEXT) == value


def test_what_privileged_brings_with_it_is_no_difference() -> None:
    """The engine adds label=disable, and masks no path; so asking for those is none either."""
    row = of("security_opt")
    asked = canonical(row, ["label:disable", "systempaths=unconfined", "no-new-privileges"])
    host = {"Privileged": True, "SecurityOpt": ["label=disable", "no-new-privileges:true"], "MaskedPaths": None}
    everything = {"security_opt": asked, "privileged": True}
    assert row.out_of({"HostConfig": host}, CONTEXT) == row.on_image(everything, {})
    assert row.on_image({**everything, "privileged": False}, {}) == asked
    bare = {"HostConfig": {"Privileged": True, "SecurityOpt": ["label=disable"]}}
    assert row.out_of(bare, CONTEXT) == row.unset


def test_open_system_paths_are_sent_as_two_fields() -> None:
    """The engine knows no such option: it is the client that takes the masks away."""
    row = of("security_opt")
    body: dict[str, Any] = {}
    value = canonical(row, ["systempaths=unconfined"])
    row.into(body, value, None, CONTEXT)
    assert body == {"HostConfig": {"MaskedPaths": [], "ReadonlyPaths": []}}
    assert row.out_of(body, CONTEXT) == value


def test_what_is_published_is_exposed_by_that() -> None:
    """Neither side counts it, whether or not it is asked for."""
    row = of("expose")
    asked = {"expose": canonical(row, [80, 81]), "ports": canonical(of("ports"), ["8080:80"])}
    body: dict[str, Any] = {}
    for name, value in asked.items():
        of(name).into(body, value, None, CONTEXT)
    assert body["ExposedPorts"].keys() == {"80/tcp", "81/tcp"}
    inspect = {"Config": body, "HostConfig": body["HostConfig"]}
    assert row.out_of(inspect, CONTEXT) == row.on_image(asked, {}) == frozenset({"81/tcp"})


def test_a_range_that_compose_has_sent_is_its_ports() -> None:
    """The engines up to 28 keep it as it was sent, and without a protocol."""
    inspect = {"Config": {"ExposedPorts": {"90-91": {}, "53/udp": {}}}}
    assert of("expose").out_of(inspect, CONTEXT) == canonical(of("expose"), ["90-91", "53/udp"])


DEFAULT_LOGGING = {"Type": "json-file", "Config": {"max-size": "9m"}}


@pytest.mark.parametrize(
    ("wanted", "applied", "seen"),
    [
        ({}, {}, ()),
        ({"driver": "json-file"}, {}, (("driver", "json-file"),)),
        ({"driver": "local"}, {}, ()),
        ({}, {"driver": "json-file"}, (("driver", "json-file"),)),
        ({"options": {"max-size": "1m"}}, {"options": {"max-size": "1m"}}, (("options.max-size", "9m"),)),
    ],
)
def test_what_the_engine_fills_in_is_no_difference(wanted: Any, applied: Any, seen: Value) -> None:
    """The daemon's driver and its options count only where they were asked for, or are what is wanted."""
    row = of("logging")
    have = row.out_of({"HostConfig": {"LogConfig": DEFAULT_LOGGING}}, CONTEXT)
    assert row.less_filled(have, canonical(row, wanted), canonical(row, applied)) == seen


@pytest.mark.parametrize(
    ("wanted", "applied", "seen"),
    [
        ({}, {}, ()),
        ({"core": 0}, {"core": 0}, (("core", (0, 0)),)),
        ({"nofile": 9}, {"nofile": 9}, (("nofile", (5, 7)),)),
        ({}, {"nofile": 9}, (("nofile", (5, 7)),)),
    ],
)
def test_the_daemons_own_limits_of_processes_are_no_difference(wanted: Any, applied: Any, seen: Value) -> None:
    """It adds its `default-ulimits` to those of every container; what was asked for by name counts."""
    row = of("ulimits")
    shown = [{"Name": name, "Soft": soft, "Hard": hard} for name, soft, hard in (("core", 0, 0), ("nofile", 5, 7))]
    have = row.out_of({"HostConfig": {"Ulimits": shown}}, CONTEXT)
    found = row.less_filled(have, canonical(row, wanted), canonical(row, applied))
    assert tuple(each for each in found if each[0] in {**wanted, **applied}) == found == seen


# What a change takes


@pytest.mark.parametrize("name", ["cpus", "mem_limit"])
def test_a_limit_changes_in_place_and_is_lifted_by_a_new_container(name: str) -> None:
    """The engine answers 200 to lifting it, and changes nothing."""
    assert of(name).effect_of(1, 2) is of(name).effect_of(2, 1) is of(name).effect_of(0, 1) is Effect.IN_PLACE
    assert of(name).effect_of(1, 0) is Effect.REPLACE


def test_a_limit_of_processes_is_lifted_in_place() -> None:
    """The engine takes it at once."""
    row = of("pids_limit")
    assert row.effect_of(10, 0) is row.effect_of(0, 10) is Effect.IN_PLACE
    assert row.update_body({"pids_limit": 10}) == {"PidsLimit": 10}
    assert row.update_body({"pids_limit": row.unset}) == {"PidsLimit": -1}


def test_memory_is_updated_with_its_swap() -> None:
    """Alone, the engine refuses to raise it past the swap, and keeps the swap when it is lowered."""
    values = {"mem_limit": 64, "memswap_limit": 0, "cpus": 5}
    assert of("mem_limit").update_body(values) == {"Memory": 64, "MemorySwap": 128}
    both = {**values, "memswap_limit": 80}
    assert of("mem_limit").update_body(both) == of("memswap_limit").update_body(both)
    assert of("mem_limit").update_body(both) == {"Memory": 64, "MemorySwap": 80}
    assert of("cpus").update_body(values) == {"NanoCpus": 5}


@pytest.mark.parametrize("there", [["A=1"], ["A=1", "GONE"]])
def test_a_variable_that_should_not_be_there_and_is_not_is_no_difference(there: list[str]) -> None:
    """Whether its bare name was sent or not: earlier versions did not."""
    row = of("environment")
    want = canonical(row, {"A": "1", "GONE": None})
    have = row.out_of({"Config": {"Env": there}}, Context())
    assert row.less_filled(have, want, want) == want
    left = row.out_of({"Config": {"Env": ["A=1", "GONE=image"]}}, Context())
    assert row.less_filled(left, want, want) != want
