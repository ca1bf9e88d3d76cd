"""What of a plan is to be seen in a minute: more power, new ways in, work that is done again, data left behind."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest

from deployer.plan.model import Action, Danger, Plan
from deployer.render.plan_markdown import as_markdown
from deployer.resources.observed import ObservedContainer, ObservedImage
from deployer.resources.records import Record, Records
from tests.plan.conftest import Make
from tests.plan.fresh import NOTHING, changes_of, plan_of, with_container, with_volumes

SOCKET = "/var/run/docker.sock:/var/run/docker.sock"


def stack(keys: str, more: str = "") -> str:
    return f"services: {{web: {{image: 'web:1', {keys}}}}}\n{more}"


def dangers(plan: Plan, address: str = "service.web[1]") -> dict[Danger, str]:
    return dict(changes_of(plan)[address].dangers)


@pytest.mark.parametrize(
    ("keys", "kind", "told"),
    [
        ("privileged: true", Danger.POWER, "privileged"),
        ("pid: host, network_mode: host", Danger.POWER, "network_mode: host, pid: host"),
        ("cap_add: [SYS_ADMIN, NET_ADMIN]", Danger.POWER, "cap_add: NET_ADMIN SYS_ADMIN"),
        ("security_opt: ['seccomp:unconfined']", Danger.POWER, "security_opt: seccomp=unconfined"),
        ("devices: [/dev/fuse]", Danger.POWER, "devices: /dev/fuse:/dev/fuse:rwm"),
        (f"volumes: ['{SOCKET}']", Danger.HOST_PATH, f"{SOCKET} (root on the host)"),
        (f"volumes: ['{SOCKET}:ro']", Danger.HOST_PATH, f"{SOCKET}:ro (root on the host)"),
        ("volumes: ['/srv/a:/a', '/etc:/x']", Danger.HOST_PATH, "/etc:/x, /srv/a:/a"),
        ("volumes: ['/:/host:ro']", Danger.HOST_PATH, "/:/host:ro (root on the host)"),
        ("volumes: ['./conf:/conf']", Danger.HOST_PATH, None),
        ("ports: ['8080:80', '127.0.0.1:81:81', '[::1]:82:82']", Danger.OPEN_PORT, "8080:80"),
        ("ports: ['192.0.2.1:8080:80', '53']", Danger.OPEN_PORT, "53, 192.0.2.1:8080:80"),
        ("publish_all: true", Danger.OPEN_PORT, "publish_all"),
        ("ports: ['127.0.0.1:80:80']", Danger.OPEN_PORT, None),
    ],
)
def test_a_new_container_that_can_do_more_says_so(keys: str, kind: Danger, told: str | None):
    assert dangers(plan_of(stack(keys))).get(kind) == told


@pytest.mark.parametrize(
    ("keys", "had", "told"),
    [
        ("privileged: true", {"privileged": True}, {}),
        (
            "cap_add: [SYS_ADMIN, NET_ADMIN]",
            {"cap_add": frozenset({"NET_ADMIN"})},
            {Danger.POWER: "cap_add: SYS_ADMIN"},
        ),
        ("volumes: ['/srv/a:/b']", {"volumes": (("/a", ("bind", "/srv/a", False, 0, 0)),)}, {}),
        (
            "volumes: ['/srv/a:/a']",
            {"volumes": (("/a", ("bind", "/srv/a", True, 0, 0)),)},
            {Danger.HOST_PATH: "/srv/a:/a"},
        ),
        ("ports: ['80:81']", {"ports": frozenset({("", "80", 80, "tcp")})}, {}),
        ("ports: ['192.0.2.1:80:80']", {"ports": frozenset({("0.0.0.0", "80", 80, "tcp")})}, {}),
        ("ports: ['[::]:80:80']", {"ports": frozenset({("", "80", 80, "tcp")})}, {}),
        ("ports: ['80:80']", {"ports": frozenset({(each, "80", 80, "tcp") for each in ("0.0.0.0", "::")})}, {}),
        (
            "ports: ['[::]:80:80']",
            {"ports": frozenset({("0.0.0.0", "80", 80, "tcp")})},
            {Danger.OPEN_PORT: "[::]:80:80"},
        ),
        (
            "ports: ['192.0.2.1:80:80']",
            {"ports": frozenset({("::", "80", 80, "tcp")})},
            {Danger.OPEN_PORT: "192.0.2.1:80:80"},
        ),
        ("ports: ['80:80']", {"ports": frozenset({("0.0.0.0", "80", 80, "tcp")})}, {Danger.OPEN_PORT: "80:80"}),
        (
            "ports: ['80:80']",
            {"ports": frozenset({("127.0.0.1", "80", 80, "tcp")})},
            {Danger.OPEN_PORT: "80:80"},
        ),
        ("ports: ['80', '81']", {"ports": frozenset({("", "", 80, "tcp")})}, {Danger.OPEN_PORT: "81"}),
        ("publish_all: true", {"publish_all": True}, {}),
    ],
)
def test_what_the_service_had_before_is_not_told(
    keys: str, had: dict[str, Any], told: dict[Danger, str], container: Make
):
    assert dangers(plan_of(stack(f"{keys}, user: '1000'"), with_container(container(), **had))) == told


def test_one_more_replica_has_nothing_that_the_service_had_not_before(container: Make):
    plan = plan_of(stack("privileged: true, scale: 2"), with_container(container(), privileged=True))
    assert dangers(plan, "service.web[2]") == {}


def on_volume(container: Make, name: str = "shop_old") -> ObservedContainer:
    made = container()
    return replace(made, values={**made.values, "volumes": (("/data", ("volume", name, False, 0, 0)),)})


def test_a_new_volume_in_the_place_of_another_one_leaves_its_data_behind(container: Make):
    """As where its key was changed."""
    there = with_container(on_volume(container), with_volumes("old"))
    plan = plan_of(stack("volumes: ['new:/data']", "volumes: {new: }\n"), there)
    assert dangers(plan) == {Danger.LEFT_BEHIND: "volume.new at /data: data stays in shop_old"}
    nameless = plan_of(stack("volumes: [/data]"), there)
    assert dangers(nameless) == {Danger.LEFT_BEHIND: "a volume without a name at /data: data stays in shop_old"}


def test_a_volume_that_is_there_already_is_not_empty(container: Make):
    there = with_container(on_volume(container), with_volumes("old", "new"))
    assert dangers(plan_of(stack("volumes: ['new:/data']", "volumes: {new: }\n"), there)) == {}


def test_a_volume_without_a_name_goes_over_to_the_new_container(container: Make):
    old = replace(on_volume(container, ""), anonymous={"/data": "4f" * 32})
    assert dangers(plan_of(stack("volumes: [/data], user: '1000'"), with_container(old))) == {}


RENAMED = "services: {files: {image: 'web:1', volumes: ['%s/data']}}\nvolumes: {new: }\n"

KEPT = """
services:
  files: {image: 'web:1', volumes: ['new:/data']}
  %s: {image: 'web:1', volumes: ['old:/data']}
volumes: {new: , old: }
"""


@pytest.mark.parametrize(("mount", "what"), [("new:", "volume.new"), ("", "a volume without a name")])
def test_a_service_renamed_together_with_its_volume_begins_empty(mount: str, what: str, container: Make):
    """The old one goes; its data does not come along, and both the top and the new one's own lines say so."""
    there = with_container(on_volume(container), with_volumes("old"))
    plan = plan_of(RENAMED % mount, there)
    assert dangers(plan, "service.files[1]") == {
        Danger.LEFT_BEHIND: f"{what} at /data: data of service.web stays in shop_old"
    }
    (note,) = changes_of(plan)["service.files[1]"].notes
    assert note == (
        "volume.new" if mount else "volumes./data",
        "begins empty; the data of service.web, which goes, stays in shop_old",
    )


def test_the_nameless_volume_of_a_renamed_service_stays_behind_too(container: Make):
    """But for a container that the engine removes with it."""
    old = replace(on_volume(container, ""), anonymous={"/data": "4f" * 32})
    told = {Danger.LEFT_BEHIND: f"volume.new at /data: data of service.web stays in {'4f' * 32}"}
    assert dangers(plan_of(RENAMED % "new:", with_container(old)), "service.files[1]") == told
    passing = replace(old, raw={**old.raw, "HostConfig": {**old.raw["HostConfig"], "AutoRemove": True}})
    assert dangers(plan_of(RENAMED % "new:", with_container(passing)), "service.files[1]") == {}


def test_what_the_image_declares_begins_empty_too(container: Make):
    """As the data of a database whose file names no volume."""
    text = "services: {files: {image: 'web:1'}}\n"
    there = with_container(replace(on_volume(container, ""), anonymous={"/data": "4f" * 32}))
    image = ObservedImage("sha256:1", (), {"Volumes": {"/data": {}}})
    plan = plan_of(text, replace(there, images={"web:1": image, "sha256:1": image}))
    assert dangers(plan, "service.files[1]") == {
        Danger.LEFT_BEHIND: f"a volume without a name at /data: data of service.web stays in {'4f' * 32}"
    }


def test_the_data_of_what_stays_is_left_by_nobody(container: Make):
    """Another service goes on with the volume; or the old one is not removed; or it had the data elsewhere."""
    there = with_container(on_volume(container), with_volumes("old"))
    assert dangers(plan_of(KEPT % "more", there), "service.files[1]") == {}
    assert dangers(plan_of(KEPT % "web", there), "service.files[1]") == {}
    assert dangers(plan_of((RENAMED % "new:").replace("/data", "/files"), there), "service.files[1]") == {}


MIGRATED = """
services:
  migrate: {image: "web:2"}
  web: {image: "web:1", depends_on: {migrate: {condition: service_completed_successfully}}}
"""


def test_what_runs_once_and_does_so_again_says_so(container: Make):
    """Because it differs, or because what shows that it ran was removed; not the first time."""
    there = with_container(container("migrate", status="exited"))
    assert dangers(plan_of(MIGRATED, there), "service.migrate[1]") == {Danger.RUNS_AGAIN: "image"}
    done = Record(1, result="succeeded", resources=frozenset({"service.migrate[1]"}))
    gone = plan_of(MIGRATED, replace(NOTHING, records=Records((done,), "salt")))
    assert dangers(gone, "service.migrate[1]") == {Danger.RUNS_AGAIN: "removed since"}
    assert dangers(plan_of(MIGRATED), "service.migrate[1]") == {}


def test_each_kind_is_a_line_at_the_top_of_a_review(container: Make):
    """The worst first."""
    there = with_container(on_volume(container), with_volumes("old"))
    keys = f"volumes: ['new:/data', '{SOCKET}'], privileged: true, ports: ['80:80']"
    plan = plan_of(stack(keys, "volumes: {new: }\n"), there)
    assert changes_of(plan)["service.web[1]"].action is Action.REPLACE
    lines = re.findall("<li><b>.*</li>", as_markdown(plan).split("<details")[0])
    told = [html.unescape(re.sub("<[^>]*>", "", line)) for line in lines]
    assert told[:4] == [
        "Begins empty, its data stays behind: service.web[1] volume.new at /data: data stays in shop_old",
        "New power over the host: service.web[1] privileged",
        f"New mounts of the host: service.web[1] {SOCKET} (root on the host)",
        "Newly open to the outside: service.web[1] 80:80",
    ]
