"""What a snapshot keeps of the engine's answers: nothing that may be secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployer.fields import container, network, volume
from deployer.resources.applied import digest_with
from deployer.snapshot import trimmed
from deployer.snapshot.hiding import HIDDEN, SAME, opener, shown, token

SALT = "salt"
SECRET = "s3cret"

OPEN_ROWS = {
    *("image", "platform", "ports", "expose", "publish_all", "volumes", "tmpfs", "devices", "networks", "mac_address"),
    *("network_mode", "ipc", "pid", "links", "external_links", "volumes_from", "secrets", "configs", "container_name"),
    *("hostname", "domainname", "extra_hosts", "dns", "dns_search", "dns_opt", "restart", "user", "group_add"),
    *("working_dir", "tty", "stdin_open", "init", "stop_signal", "stop_grace_period", "read_only", "privileged"),
    *("cap_add", "cap_drop", "security_opt", "sysctls", "cpus", "cpu_shares", "cpu_period", "cpu_quota"),
    *("cpu_rt_period", "cpu_rt_runtime", "cpu_count", "cpu_percent", "cpuset", "mem_limit", "memswap_limit"),
    *("mem_reservation", "mem_swappiness", "oom_kill_disable", "oom_score_adj", "shm_size", "pids_limit", "ulimits"),
    *("blkio_config", "gpus", "runtime", "isolation", "cgroup", "cgroup_parent", "device_cgroup_rules"),
    *("userns_mode", "uts", "storage_opt", "driver", "ipam", "internal", "attachable", "enable_ipv4", "enable_ipv6"),
}
"""Rows that hold no text of people's own choice, or none in which a secret has a place."""


def test_of_each_row_somebody_has_thought_whether_it_is_hidden() -> None:
    """A new one is in neither list until somebody decides."""
    rows = {row.name for row in (*container.FIELDS, *network.FIELDS, *volume.FIELDS)}
    assert rows == OPEN_ROWS | set(trimmed.HIDDEN_ROWS)
    assert not OPEN_ROWS & set(trimmed.HIDDEN_ROWS)


def inspect(**applied: Any) -> dict[str, Any]:
    """A container with the secret wherever people write what they like."""
    label = json.dumps({"format": 1, "image": "i", "fields": applied})
    return {
        "Id": "1",
        "Name": "/shop-web-1",
        "Image": "sha256:2",
        "Args": [SECRET],
        "Path": SECRET,
        "State": {"Status": "running", "StartedAt": "", "Health": {"Status": "healthy", "Log": [{"Output": SECRET}]}},
        "Config": {
            "Image": "i",
            "Env": [f"PASSWORD={SECRET}", f"MODE={SECRET}", "EMPTY=", "BARE", "TIER=front"],
            "Cmd": ["run", f"--pw={SECRET}"],
            "Entrypoint": [SECRET],
            "Labels": {"mine": SECRET, "com.docker.compose.project": "shop", "io.deployer.applied": label},
            "Healthcheck": {"Test": ["CMD-SHELL", SECRET], "Interval": 1},
            "FromTheFuture": SECRET,
        },
        "HostConfig": {
            "Memory": 5,
            "LogConfig": {"Type": "splunk", "Config": {"splunk-token": SECRET}},
            "Annotations": {"a": SECRET},
            "Mounts": [{"Type": "volume", "Target": "/d", "VolumeOptions": {"Labels": {"l": SECRET}}}],
            "FromTheFuture": {"x": SECRET},
        },
        "NetworkSettings": {"Networks": {"n": {"NetworkID": "3", "DriverOpts": {"o": SECRET}}}},
        "Mounts": [],
    }


APPLIED = {
    "environment": {"MODE": SECRET},
    "labels": {"mine": SECRET},
    "command": ["run", SECRET],
    "healthcheck": {"test": ["CMD", SECRET]},
    "logging": {"driver": "splunk", "options.splunk-token": SECRET},
    "networks": {"n": ["web", ["driver_opts", [["o", SECRET]]]]},
    "mem_limit": 5,
}


def test_of_a_container_nothing_is_kept_that_people_write_as_they_like() -> None:
    """Nor what no plan looks at, nor a key that is not known yet; what makes the plan stays."""
    found = trimmed.container(inspect(**APPLIED), SALT)
    assert SECRET not in json.dumps(found)
    assert found["HostConfig"]["Memory"] == 5
    assert found["Config"]["Env"][2:4] == ["EMPTY=", "BARE"]
    assert found["Config"]["Labels"]["com.docker.compose.project"] == "shop"


def test_what_stands_in_the_stack_file_under_its_own_name_stays_as_it_is() -> None:
    """The same text under another name does not."""
    found = trimmed.container(inspect(), SALT, {("TIER", "front"), ("MODE", "other"), ("X", SECRET)})
    assert found["Config"]["Env"][4] == "TIER=front"
    assert SECRET not in json.dumps(found)


@pytest.mark.parametrize("kept", [trimmed.network, trimmed.volume])
def test_of_a_network_or_volume_options_and_labels_are_hidden(kept: Any) -> None:
    """The password of a share is an option of its volume."""
    thing = {"Id": "1", "Name": "n", "Driver": "local", "Options": {"o": f"password={SECRET}"}, "Labels": {"l": SECRET}}
    assert SECRET not in json.dumps(kept(thing, "shop", SALT))
    ours = {**thing, "Labels": {"l": SECRET, "com.docker.compose.project": "shop"}}
    assert SECRET not in json.dumps(kept(ours, "shop", SALT))


def test_of_an_image_the_program_and_its_variables_are_hidden() -> None:
    config = {"Env": [f"TOKEN={SECRET}"], "Cmd": [SECRET], "Labels": {"l": SECRET}, "OnBuild": [SECRET], "User": "1"}
    found = trimmed.image({"Id": "1", "Config": config, "Author": SECRET, "Comment": SECRET}, SALT)
    assert SECRET not in json.dumps(found)
    assert found["Config"]["User"] == "1"


def test_of_a_record_neither_the_stack_nor_what_was_changed_is_kept() -> None:
    """They are of a time when a secret may have lain open."""
    about = json.dumps({"command": "apply", "change": f"MODE: {SECRET}", "keep": 5, "masked": {"a": SECRET}})
    holder = json.dumps({"host": "h", "boot": "b", "pid_namespace": "", "pid": 1, "started": "", "user": "u"})
    labels = {"io.deployer.desired": SECRET, "io.deployer.about": about, "io.deployer.holder": holder}
    found = trimmed.record({"Name": "shop.deployer.r1", "Labels": labels}, is_dead=False)
    assert SECRET not in json.dumps(found)
    assert json.loads(found["Labels"]["io.deployer.about"]) == {"command": "apply", "keep": 5}


def test_of_another_stacks_container_only_what_may_be_in_the_way_is_kept() -> None:
    labels = {"l": SECRET, "com.docker.compose.project": "blog"}
    mounts = [{"Type": "bind", "Source": f"/home/{SECRET}", "Destination": "/d"}]
    other = {"Id": "1", "Names": ["/b"], "Command": SECRET, "Labels": labels, "Mounts": mounts, "Ports": [{"IP": ""}]}
    found = trimmed.listed(other, "shop", SALT)
    assert SECRET not in json.dumps(found)
    assert (found["Names"], found["Ports"]) == (["/b"], [{"IP": ""}])


def test_a_digest_on_a_label_is_hidden_too_and_says_whether_it_is_of_what_is_there() -> None:
    """The container's own is told from one that somebody has changed by hand since."""
    own, other = (digest_with(SALT, json.dumps(text)) for text in (SECRET, "other"))
    found = trimmed.container(inspect(environment={"MODE": own, "PASSWORD": other}), SALT)
    stored = json.loads(found["Config"]["Labels"]["io.deployer.applied"])["fields"]["environment"]
    assert stored["MODE"] == SAME
    assert stored["PASSWORD"].startswith(f"sha256:{HIDDEN}")
    assert other.removeprefix("sha256:") not in json.dumps(found)


def test_what_a_sensitive_variable_went_into_is_hidden_wherever_it_stands() -> None:
    """The label has a digest of it, in whatever row it is."""
    shown = inspect(hostname=digest_with(SALT, json.dumps(f"host-{SECRET}")))
    shown["Config"]["Hostname"] = f"host-{SECRET}"
    found = trimmed.without(trimmed.container(shown, SALT), trimmed.secrets(shown), SALT)
    assert SECRET not in json.dumps(found)
    assert json.loads(found["Config"]["Labels"]["io.deployer.applied"])["fields"]["hostname"] == SAME


def test_who_knows_a_text_finds_it_by_its_digest() -> None:
    """And the digest of one by its digits; whoever does not sees that it is hidden."""
    digest = digest_with(SALT, "x")
    opened = opener(SALT, [SECRET, digest])
    hidden = f"A={token(SALT, SECRET)}, sha256:{token(SALT, digest.removeprefix('sha256:'))}, {token(SALT, 'new')}"
    assert opened(hidden) == f"A={SECRET}, {digest}, {token(SALT, 'new')}"
    assert shown(token(SALT, "new")) == "(not in the snapshot)"


def test_another_salt_gives_another_digest() -> None:
    assert token("a", SECRET) != token("b", SECRET)
