"""Secrets and configs of a service: what is written, what is sent, and what an inspect tells of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from deployer.fields.container import BY_NAME
from deployer.fields.copies import COPIES
from deployer.fields.field import Context, Field, KnownContent, Value
from deployer.fields.mounts import read_mounts

CONTEXT = Context(
    stack="shop", contents={"secrets.pw": KnownContent("sha256:1"), "configs.site": KnownContent("sha256:2")}
)
SECRETS, CONFIGS = BY_NAME["secrets"], BY_NAME["configs"]


def canonical(row: Field, *written: Any) -> Value:
    return row.kind.normal(TypeAdapter(row.kind.written).validate_python(list(written)), CONTEXT)


def body_of(row: Field, *written: Any) -> dict[str, Any]:
    body: dict[str, Any] = {}
    row.into(body, canonical(row, *written), None, CONTEXT)
    return body


def inspect_of(body: dict[str, Any]) -> dict[str, Any]:
    return {"Config": {"Labels": body.get("Labels", {})}, "HostConfig": body.get("HostConfig", {})}


@pytest.mark.parametrize(
    ("written", "entry"),
    [
        ("pw", "pw"),
        ({"source": "pw", "target": "other"}, "other"),
        ({"source": "pw", "target": "a/../b//c"}, "b/c"),
        ({"source": "pw", "target": "/run/secrets/pw"}, "pw"),
        ({"source": "pw", "target": "/etc/pw"}, "/etc/pw"),
        ({"source": "pw", "target": "../pw"}, "/run/pw"),
    ],
)
def test_a_secret_is_beneath_run_secrets_unless_its_target_is_absolute(written: Any, entry: str):
    """And is called so in plans and labels."""
    assert canonical(SECRETS, written) == ((entry, ("sha256:1", 0, 0, 0o444)),)


@pytest.mark.parametrize(
    ("written", "entry"),
    [("site", "/site"), ({"source": "site", "target": "etc/x"}, "/etc/x"), ({"source": "site", "target": "/a"}, "/a")],
)
def test_a_config_is_beneath_the_root(written: Any, entry: str):
    assert canonical(CONFIGS, written) == ((entry, ("sha256:2", 0, 0, 0o444)),)


@pytest.mark.parametrize(("written", "mode"), [(0o440, 0o440), ("0440", 0o440), ("440", 0o440), ("0o400", 0o400)])
def test_permissions_are_octal(written: Any, mode: int):
    """A number is one already: YAML reads `0440` so; text is read as Compose reads it."""
    assert canonical(SECRETS, {"source": "pw", "mode": written})[0][1][3] == mode


@pytest.mark.parametrize(
    "more",
    [
        {"mode": "9"},
        {"mode": "rw"},
        {"mode": 0o10000},
        {"mode": -1},
        {"mode": True},
        {"uid": "root"},
        {"uid": -1},
        {"gid": 2**32},
        {"target": "/"},
        {"target": "/etc/"},
        {"target": "."},
        {"target": "/run/secrets"},
        {"target": ""},
        {"target": "a\0b"},
        {"trget": "a"},
    ],
)
def test_what_is_no_file_owner_or_mode_is_refused(more: dict[str, Any]):
    with pytest.raises(ValidationError):
        canonical(SECRETS, {"source": "pw", **more})


def test_two_spellings_of_a_copy_are_one_value():
    """Short or long, in any order, with the defaults said or not."""
    long = {"source": "pw", "target": "/run/secrets/pw", "uid": "0", "gid": 0, "mode": "0444"}
    other = {"source": "pw", "target": "z"}
    assert canonical(SECRETS, other, "pw") == canonical(SECRETS, long, other)


def test_what_is_beneath_run_secrets_gets_one_volume_of_the_containers_own():
    """Named by the engine, labelled as the stack's copy, and never filled from the image."""
    body = body_of(SECRETS, "pw", {"source": "pw", "target": "b"})
    CONFIGS.into(body, canonical(CONFIGS, {"source": "site", "target": "/run/secrets/c"}), None, CONTEXT)
    assert body["HostConfig"]["Mounts"] == [
        {
            "Type": "volume",
            "Target": "/run/secrets",
            "VolumeOptions": {"NoCopy": True, "Labels": {COPIES: "shop"}},
        }
    ]
    assert "HostConfig" not in body_of(SECRETS, {"source": "pw", "target": "/etc/pw"})


def test_the_volume_of_secrets_is_no_mount_that_a_stack_asks_for():
    """The row of volumes does not see it."""
    inspect = inspect_of(body_of(SECRETS, "pw"))
    assert read_mounts(inspect, CONTEXT) == ()


@pytest.mark.parametrize("row", [SECRETS, CONFIGS], ids=lambda row: row.name)
def test_what_is_sent_is_read_back(row: Field):
    """From the label, whatever order its JSON has."""
    source = row.name.removesuffix("s").replace("secret", "pw").replace("config", "site")
    copies = (source, {"source": source, "target": "/etc/x", "mode": 0o400, "uid": 5})
    assert row.out_of(inspect_of(body_of(row, *copies)), CONTEXT) == canonical(row, *copies)


def test_without_its_volume_nothing_is_beneath_run_secrets():
    """A container that a person made again without it: that is seen; what lies elsewhere is not."""
    inspect = inspect_of(body_of(SECRETS, "pw", {"source": "pw", "target": "/etc/pw"}))
    inspect["HostConfig"] = {}
    assert [entry for entry, _ in SECRETS.out_of(inspect, CONTEXT)] == ["/etc/pw"]


@pytest.mark.parametrize("damaged", ["", "{", "[]", "1", '{"a": 1}', '{"a": [1]}', '{"a": ["x", "y", 0, 0]}', "null"])
def test_a_damaged_label_tells_nothing(damaged: str):
    """Then the container is made anew, which is never wrong."""
    inspect = inspect_of(body_of(SECRETS, "pw"))
    inspect["Config"]["Labels"] = {"io.deployer.secrets": damaged}
    assert SECRETS.out_of(inspect, CONTEXT) == ()


def test_no_value_of_a_copy_shows_its_content():
    """Only owner and mode."""
    ((entry, value),) = canonical(SECRETS, "pw")
    assert SECRETS.shown(entry, value) == "mode 0444, owner 0:0"
    assert json.dumps(value) != SECRETS.shown(entry, value)
