"""Volumes, folders and memory: what each form means, how it is sent, what inspect may show of it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from deployer.fields.field import Context, Value
from deployer.fields.mounts import MOUNTS, less_declared, parts_since, read_mounts, write_mounts

CONTEXT = Context(folder="/srv/shop", service="web", volumes={"data": "shop_data"})
MOUNT_LIST: TypeAdapter[Any] = TypeAdapter(MOUNTS.written)


def canonical(*written: Any) -> Value:
    return MOUNTS.normal(MOUNT_LIST.validate_python(list(written)), CONTEXT)


@pytest.mark.parametrize(
    ("written", "target", "value"),
    [
        ("data:/var/lib/data", "/var/lib/data", ("volume", "shop_data", False, 0, 0)),
        ("data:/var/lib/data:ro", "/var/lib/data", ("volume", "shop_data", True, 0, 0)),
        ("./conf:/etc/app:ro", "/etc/app", ("bind", "/srv/shop/conf", True, 0, 0)),
        ("../other/:/etc/app/", "/etc/app", ("bind", "/srv/other", False, 0, 0)),
        ("/var/run/docker.sock:/sock:rw", "/sock", ("bind", "/var/run/docker.sock", False, 0, 0)),
        ("/data/", "/data", ("volume", "", False, 0, 0)),
        ({"type": "volume", "target": "/data"}, "/data", ("volume", "", False, 0, 0)),
        ("data:/data:nocopy", "/data", ("volume", "shop_data", False, 0, 0, ("nocopy", True))),
        ("./conf:/etc/app:ro,rslave", "/etc/app", ("bind", "/srv/shop/conf", True, 0, 0, ("propagation", "rslave"))),
        ({"type": "tmpfs", "target": "/t"}, "/t", ("tmpfs", "", False, 0, 0)),
        (
            {"type": "tmpfs", "target": "/t", "tmpfs": {"size": "64m", "mode": 0o1777}},
            "/t",
            ("tmpfs", "", False, 64 * 1024**2, 0o1777),
        ),
    ],
)
def test_a_mount_is_its_target_and_what_is_there(written: Any, target: str, value: Value) -> None:
    """Volumes by their name on the engine, folders from the stack file's own."""
    assert canonical(written) == ((target, value),)


NAMED = {"type": "volume", "source": "data", "target": "/data"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("./conf:/etc/app", "/srv/shop/conf:/etc/app"),
        ("./conf:/etc/app", "./a/../conf/:/etc//app/"),
        ("./conf:/etc/app:ro", {"type": "bind", "source": "conf", "target": "/etc/app", "read_only": True}),
        ("data:/data", {"type": "volume", "source": "data", "target": "/data", "volume": {}}),
        ("data:/data:rw", "data:/data"),
        ("data:/data:nocopy", {"type": "volume", "source": "data", "target": "/data", "volume": {"nocopy": True}}),
        ("./conf:/etc/app:rprivate", "./conf:/etc/app"),
        ("/data", {"type": "volume", "target": "/data", "volume": {"nocopy": False}}),
        ("data:/data:ro,Z", {**NAMED, "read_only": True, "bind": {"selinux": "Z"}}),
        ("./conf:/etc/app", {"type": "bind", "source": "conf", "target": "/etc/app", "bind": {"recursive": "enabled"}}),
    ],
)
def test_spelled_otherwise_it_is_the_same(one: Any, other: Any) -> None:
    """Two spellings of one path are one path; whether a folder is made is no part of what is mounted."""
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("data:relative", "bad-volume"),
        ("data:/a:rx", "bad-volume"),
        ({"type": "volume", "target": "/a", "bind": {"selinux": "z"}}, "bad-volume"),
        ({"type": "volume", "source": "data", "target": "/a", "bind": {"propagation": "slave"}}, "bad-volume"),
        (
            {
                "type": "volume",
                "source": "data",
                "target": "/a",
                "bind": {"selinux": "z"},
                "volume": {"subpath": "b"},
            },
            "bad-volume",
        ),
        ({"type": "bind", "source": "/a", "target": "/a", "bind": {"recursive": "writable"}}, "bad-volume"),
        ({"type": "bind", "source": "/a", "target": "/a", "bind": {"recursive": "readonly"}}, "bad-volume"),
        (
            {"type": "bind", "source": "/a", "target": "/a", "bind": {"recursive": "disabled", "selinux": "z"}},
            "bad-volume",
        ),
        (":/a", "bad-volume"),
        ("a:b:c:d", "bad-volume"),
        ("~/conf:/etc/app", "not-supported-yet"),
        ({"type": "bind", "source": "~/conf", "target": "/etc/app"}, "not-supported-yet"),
        ({"type": "bind", "target": "/etc/app"}, "bad-volume"),
        ("./a:/a:nocopy", "bad-volume"),
        ("data:/a:rslave", "bad-volume"),
        ({"type": "tmpfs", "target": "/a", "volume": {"nocopy": True}}, "bad-volume"),
        ({"type": "tmpfs", "source": "data", "target": "/data"}, "bad-volume"),
        (5, "bad-volume"),
    ],
)
def test_what_cannot_be_mounted_is_refused(written: Any, code: str) -> None:
    """What is not supported yet says so; nothing is mounted from somewhere else instead."""
    with pytest.raises(ValidationError) as refused:
        canonical(written)
    assert [error["type"] for error in refused.value.errors()] == [code]


def inspect_of(*written: Any) -> dict[str, Any]:
    body: dict[str, Any] = {}
    write_mounts(body, canonical(*written), MOUNT_LIST.validate_python(list(written)), CONTEXT)
    return body


def test_what_is_sent_is_read_back() -> None:
    """From both places in which it may stand."""
    written = ["data:/data", "./conf:/etc/app:ro", {"type": "bind", "source": "/usr", "target": "/b"}]
    written += [{"type": "tmpfs", "target": "/t", "read_only": True, "tmpfs": {"size": "1m"}}]
    written += ["/own", {"type": "volume", "target": "/empty", "volume": {"nocopy": True}}, "data:/d:ro,nocopy"]
    written += ["./conf:/c:rslave"]
    strict = {"propagation": "shared", "create_host_path": False}
    written += [{"type": "bind", "source": "/usr", "target": "/s", "bind": strict}]
    written += ["data:/z:Z,nocopy", "./conf:/relabelled:ro,z"]
    for mode in ("disabled", "writable", "readonly"):
        written += [{**RECURSIVE, "target": f"/{mode}", "bind": {"recursive": mode}}]
    assert read_mounts(inspect_of(*written), CONTEXT) == canonical(*written)


RECURSIVE = {"type": "bind", "source": "/usr", "target": "/b", "read_only": True}


@pytest.mark.parametrize("made", [True, False])
def test_a_bind_that_says_what_is_below_it_goes_as_a_mount(made: bool) -> None:
    """No bind can say it. Its folder is made by a flag that an engine before API 1.42 does not know."""
    (entry,) = inspect_of({**RECURSIVE, "bind": {"recursive": "disabled", "create_host_path": made}})["HostConfig"][
        "Mounts"
    ]
    assert entry["BindOptions"] == {"NonRecursive": True, **({"CreateMountpoint": True} if made else {})}


def test_what_is_read_only_below_needs_a_newer_engine() -> None:
    modes = ("enabled", "disabled", "writable", "readonly")
    written = MOUNT_LIST.validate_python(
        [{**RECURSIVE, "target": f"/{mode}", "bind": {"recursive": mode}} for mode in modes]
    )
    assert list(parts_since(written)) == [((2, "bind", "recursive"), "1.44"), ((3, "bind", "recursive"), "1.44")]


def test_a_volume_with_a_label_for_selinux_goes_as_a_bind() -> None:
    """No mount can say it."""
    assert inspect_of("data:/data:ro,Z")["HostConfig"] == {"Binds": ["shop_data:/data:ro,Z"]}


def test_a_folder_that_is_to_be_made_goes_as_a_bind() -> None:
    """The engine makes no folder for a mount: it fails at create where that is missing, as `create_host_path: false`
    asks. Unless that is said, the folder is made (Compose Specification, volumes).
    """
    long = {"type": "bind", "source": "./conf", "target": "/etc/app"}
    for made in ("./conf:/etc/app", long, {**long, "bind": {"propagation": "rslave"}}):
        assert "Mounts" not in inspect_of(made)["HostConfig"]
    assert "Binds" not in inspect_of({**long, "bind": {"create_host_path": False}})["HostConfig"]


def test_what_compose_and_the_command_line_write_is_the_same() -> None:
    """`docker run -v data:/data` keeps a volume among the binds, and some versions leave false flags away."""
    inspect = {"HostConfig": {"Binds": ["shop_data:/data", "/srv/shop/conf/:/etc/app:ro,rprivate"]}}
    assert read_mounts(inspect, CONTEXT) == canonical("data:/data", "./conf:/etc/app:ro")
    inspect = {"HostConfig": {"Mounts": [{"Type": "volume", "Source": "shop_data", "Target": "/data"}]}}
    assert read_mounts(inspect, CONTEXT) == canonical("data:/data")


NAMELESS = [
    {"HostConfig": {"Mounts": [{"Type": "volume", "Source": "a1" * 32, "Target": "/data"}]}},
    {"HostConfig": {"Mounts": [{"Type": "volume", "Target": "/data"}]}},
    {"HostConfig": {}, "Config": {"Volumes": {"/data": {}}}},
]


@pytest.mark.parametrize("inspect", NAMELESS)
def test_a_volume_that_the_engine_named_counts_where_it_is_asked_for(inspect: dict[str, Any]) -> None:
    """Else it belongs to the image's VOLUME, or did once, and is carried over."""
    have = read_mounts(inspect, CONTEXT)
    assert have == canonical("/data")
    assert less_declared(have, (), ()) == less_declared(have, canonical("data:/other"), ()) == ()
    assert less_declared(have, canonical("/data"), ()) == less_declared(have, (), canonical("/data")) == have
    named = canonical("data:/data")
    assert less_declared(named, (), ()) == named
