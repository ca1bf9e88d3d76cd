"""A plan against a snapshot is the plan of the engine that it was taken of, and no engine is asked for it."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.project import BASE, Project, sleeper
from tests.e2e.proxy import Proxy

pytestmark = pytest.mark.engine

SECRETS = ("old-in-a-file", "new-in-a-file", "old-in-a-variable", "new-in-a-variable", "forgotten-value", "10.99.98.97")
KEY = {"key": {"file": "key.txt"}}


def snapshot(project: Project) -> Path:
    result = project.run("snapshot", "--out", "s.json")
    assert result.code == 0, result.err
    return project.folder / "s.json"


def told(plan: dict[str, Any]) -> Any:
    """What both plans must say alike: addresses, actions, steps, fields, causes and lines."""
    return (
        plan["summary"],
        [
            (
                each["address"],
                each["action"],
                each["steps"],
                [
                    (field["field"], field["causes"], field["at"], field["effect"], field["note"])
                    for field in each["fields"]
                ],
            )
            for each in plan["changes"]
        ],
    )


def must_agree(project: Project, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The plan against the snapshot, made where there is no engine."""
    live = project.plan_json()
    with monkeypatch.context() as without:
        without.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
        kept = project.plan_json("--against", "s.json")
    assert told(kept) == told(live)
    return kept


def rich(**web: Any) -> dict[str, Any]:
    """Services with what a container can have that deployer reads back."""
    return {
        "web": sleeper(
            **{
                "environment": {"MODE": "a", "PASSWORD": "${PW}", "OLD": "${OLD:-}"},
                "labels": {"tier": "front"},
                "extra_hosts": ["db.example=${HOST_TOKEN}"],
                "secrets": ["key"],
                "healthcheck": {"test": ["CMD", "true"], "interval": "200ms"},
                "networks": {"front": {"aliases": ["shown"]}, "back": {}},
                "volumes": ["data:/data", "./conf:/conf:ro", "/anonymous"],
                "logging": {"driver": "json-file", "options": {"max-size": "1m"}},
                "depends_on": ["db"],
                **web,
            }
        ),
        "db": sleeper(scale=2, networks=["back"], mem_limit="32m"),
    }


def write(project: Project, services: dict[str, Any] | None = None) -> None:
    (project.folder / "conf").mkdir(exist_ok=True)
    project.write(services or rich(), networks={"front": {}, "back": {}}, volumes={"data": {}}, secrets=KEY)


@pytest.fixture
def applied(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("PW", SECRETS[2])
    monkeypatch.setenv("OLD", SECRETS[4])
    monkeypatch.setenv("HOST_TOKEN", SECRETS[5])
    (project.folder / "key.txt").write_text(SECRETS[0])
    write(project)
    project.apply()
    snapshot(project)
    return project


EDITS: dict[str, Callable[[], dict[str, Any]]] = {
    "nothing": rich,
    "a variable, a label and a limit": lambda: rich(
        environment={"MODE": "b", "PASSWORD": "${PW}", "NEW": "1"}, labels={"tier": "back", "more": "1"}
    ),
    "a command": lambda: rich(command=["sleep", "1001"]),
    "networks and mounts": lambda: rich(networks=["back"], volumes=["data:/elsewhere", "./conf:/conf"]),
    "a health check and a log driver": lambda: rich(
        healthcheck={"test": ["CMD", "false"]}, logging={"driver": "local"}, secrets=[]
    ),
    "more replicas, and one service gone": lambda: {"db": sleeper(scale=3, networks=["back"], mem_limit="64m")},
    "an image that is not there": lambda: rich(image="busybox:0.0.nowhere"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_whatever_was_edited_both_plans_name_the_same_changes(
    edit: Callable[[], dict[str, Any]], applied: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(applied, edit())
    must_agree(applied, monkeypatch)


def test_a_secret_that_changed_is_seen_and_no_secret_is_in_the_file(
    applied: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those of the stack nor a value that only the engine still has."""
    text = (applied.folder / "s.json").read_text()
    assert not [each for each in SECRETS if each in text]
    monkeypatch.setenv("PW", SECRETS[3])
    monkeypatch.delenv("OLD")
    (applied.folder / "key.txt").write_text(SECRETS[1])
    plan = must_agree(applied, monkeypatch)
    fields = {field["field"]: field for field in plan["changes"][0]["fields"]}
    assert fields.keys() == {"environment.OLD", "environment.PASSWORD", "secrets.key"}
    assert (fields["environment.OLD"]["before"], fields["environment.OLD"]["after"]) == ("(not in the snapshot)", "")


def test_drift_is_seen(applied: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit, a container that is gone, one that stopped, and a network that somebody left."""
    applied.engine.update_container(applied.container_name("web"), mem_limit="64m", memswap_limit="128m")
    applied.engine.stop(applied.container_name("db", 1))
    applied.engine.remove_container(applied.container_name("db", 2), force=True)
    applied.engine.disconnect_container_from_network(applied.container_name("web"), f"{applied.name}_back")
    snapshot(applied)
    must_agree(applied, monkeypatch)


def test_a_build_whose_files_changed_is_seen(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.files(Dockerfile="FROM busybox:1.37\nCOPY app /app\n", app="one")
    project.write({"web": sleeper(image=None, build="./web")})
    project.apply()
    snapshot(project)
    must_agree(project, monkeypatch)
    project.files(app="two")
    assert must_agree(project, monkeypatch)["changes"][0]["action"] == "build"


def test_a_checkout_elsewhere_plans_the_same(
    applied: Project, make_project: Callable[..., Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths beneath the folder of the stack file are compared as if it lay where the snapshot was taken."""
    monkeypatch.setattr("deployer.sources.origin._machine_id", lambda: "0" * 32)
    there = make_project("elsewhere", applied.name)
    (there.folder / "key.txt").write_text(SECRETS[0])
    write(there)
    for each in (applied, there):
        (each.folder / ".git").mkdir()
        (each.folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        (each.folder / ".git" / "config").write_text('[remote "origin"]\n\turl = https://git.example/me/shop.git\n')
    applied.apply("--adopt")
    snapshot(applied).replace(there.folder / "s.json")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert there.plan_json("--against", "s.json")["changes"] == []


def test_the_bytes_are_the_same_for_the_same_state(applied: Project) -> None:
    """But for the time, and what others do on the engine meanwhile."""

    def own(path: Path) -> Any:
        said = json.loads(path.read_text())
        named = {each["Id"] for each in said["inspects"]}
        said["containers"] = [each for each in said["containers"] if each["Id"] in named]
        for kind in ("networks", "volumes"):
            said[kind] = [each for each in said[kind] if applied.name in each["Name"]]
        del said["taken"], said["digest"]
        return json.dumps(said)

    first = own(applied.folder / "s.json")
    assert own(snapshot(applied)) == first


def test_only_its_owner_can_read_it(applied: Project) -> None:
    assert stat.S_IMODE((applied.folder / "s.json").stat().st_mode) == 0o600


def test_it_is_taken_with_reading_requests_alone(
    applied: Project, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", proxy.url)
    snapshot(applied)
    assert proxy.written == []


def test_the_head_says_against_what_and_the_warnings_what_is_not_known(applied: Project) -> None:
    write(applied, rich(image="busybox:0.0.nowhere"))
    result = applied.run("plan", "--against", "s.json")
    assert result.code == 0
    taken = json.loads((applied.folder / "s.json").read_text())["taken"]
    assert f", as it was on {taken.replace('T', ' at ').replace('Z', ' UTC')}, revision 1 -> 2" in result.out
    assert "has happened to" in result.out + result.err
    assert "whether busybox:0.0.nowhere is on the engine is not in the snapshot" in result.out + result.err
    assert "it is not on the engine" not in result.out


def test_such_a_plan_is_not_for_apply(applied: Project) -> None:
    """Neither is it saved, nor is the JSON of it taken."""
    assert applied.run("plan", "--against", "s.json", "--out", "plan.json").code == 64
    (applied.folder / "plan.json").write_text(applied.run("plan", "--against", "s.json", "--format", "json").out)
    result = applied.run("apply", "plan.json", "--yes")
    assert (result.code, "is a plan to look at" in result.err) == (65, True)


def test_one_of_another_stack_is_refused(applied: Project) -> None:
    result = applied.run("plan", "-p", "another", "--against", "s.json")
    assert (result.code, "error[snapshot-elsewhere]" in result.err) == (65, True)


def test_a_registry_that_was_out_of_reach_is_told_as_the_plan_of_the_engine_tells_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With why."""
    image = f"127.0.0.1:1/{project.name}:1"
    project.engine.tag(BASE, image)
    project.write({"web": sleeper(image=image, pull_policy="always")})
    snapshot(project)
    (live,) = project.plan_json()["warnings"]
    assert (live["code"], live["at"]) == ("registry-not-asked", f"stack.yaml:{project.lines['services.web.image']}")
    assert "connection refused" in live["message"]
    assert live in must_agree(project, monkeypatch)["warnings"]
    project.apply()
