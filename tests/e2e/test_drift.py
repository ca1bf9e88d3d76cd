"""What a person changes by hand is drift: the plan says what it was, and apply mends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.project import Project, sleeper

pytestmark = pytest.mark.engine


@dataclass(frozen=True, slots=True)
class ByHand:
    """`does` is handed the project; `says` is the field, its values before, after and as applied, and the cause."""

    does: Callable[[Project], object]
    action: str
    says: tuple[str, str | None, str | None, str | None, str]
    same_container: bool = True


def make_network_again(project: Project) -> None:
    """While the container is stopped, its network goes, and another of the same name comes."""
    name = project.container_name("web")
    network = project.engine.inspect_network(f"{project.name}_front")
    project.engine.stop(name)
    project.engine.remove_network(network["Id"])
    project.engine.create_network(network["Name"], labels=network["Labels"])


BY_HAND = {
    "removed": ByHand(
        lambda project: project.engine.remove_container(project.container_name("web"), force=True),
        "create",
        ("state", "removed", "running", "running", "drift"),
        same_container=False,
    ),
    "memory": ByHand(
        lambda project: project.engine.update_container(
            project.container_name("web"), mem_limit="48m", memswap_limit="96m"
        ),
        "update",
        ("mem_limit", "48m", "64m", "64m", "drift"),
    ),
    "restart policy": ByHand(
        lambda project: project.engine.update_container(
            project.container_name("web"), restart_policy={"Name": "always"}
        ),
        "update",
        ("restart", "always", "unless-stopped", "unless-stopped", "drift"),
    ),
    "disconnected": ByHand(
        lambda project: project.engine.disconnect_container_from_network(
            project.container_name("web"), f"{project.name}_back"
        ),
        "update",
        ("networks.back", None, "", "", "drift"),
    ),
    "stopped": ByHand(
        lambda project: project.engine.stop(project.container_name("web")),
        "start",
        ("state", "exited (137)", "running", "running", "drift"),
    ),
    "killed": ByHand(
        lambda project: project.engine.kill(project.container_name("web")),
        "start",
        ("state", "exited (137)", "running", "running", "drift"),
    ),
    "paused": ByHand(
        lambda project: project.engine.pause(project.container_name("web")),
        "unpause",
        ("state", "paused", "running", "running", "drift"),
    ),
    "renamed": ByHand(
        lambda project: project.engine.rename(project.container_name("web"), f"{project.name}-mine"),
        "rename",
        ("name", "{name}-mine", "{name}-web-1", "{name}-web-1", "drift"),
    ),
    "network made again": ByHand(
        make_network_again,
        "replace",
        ("networks.front", "", "", None, "dependency"),
        same_container=False,
    ),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_a_change_by_hand_is_drift_and_is_mended(case: str, project: Project) -> None:
    by_hand = BY_HAND[case]
    web = sleeper(mem_limit="64m", restart="unless-stopped", networks=["front", "back"])
    project.write({"web": web, "other": sleeper()}, networks={"front": {}, "back": {}})
    project.apply()
    before = project.id_of("web")
    by_hand.does(project)
    changes = project.changes()
    assert {address: change["action"] for address, change in changes.items()} == {"service.web[1]": by_hand.action}
    name, *values, cause = by_hand.says
    field = project.fields("service.web[1]")[name]
    assert field["causes"] == [cause]
    for side, value in zip(("before", "after", "applied"), values, strict=True):
        if value != "":  # an id, or whatever the engine calls it
            assert field.get(side) == (value and value.format(name=project.name)), side
    if cause == "drift":
        assert "drift" in project.plan_text()
    project.apply()
    assert (project.id_of("web") == before) is by_hand.same_container
    assert project.container("web")["State"]["Status"] == "running"
    project.must_be_settled()


def test_a_network_that_was_removed_is_made_again_with_its_containers(project: Project) -> None:
    """A container keeps the id of a network that is gone, and could never start again."""
    project.write({"web": sleeper(networks=["front"]), "other": sleeper()}, networks={"front": {}})
    project.apply()
    project.engine.stop(project.container_name("web"))
    project.engine.remove_network(f"{project.name}_front")
    changes = project.changes()
    assert {address: change["action"] for address, change in changes.items()} == {
        "network.front": "create",
        "service.web[1]": "replace",
    }
    assert changes["network.front"]["fields"][0]["causes"] == ["drift"]
    project.apply()
    assert list(project.container("web")["NetworkSettings"]["Networks"]) == [f"{project.name}_front"]
    project.must_be_settled()


def test_what_was_done_by_hand_to_a_container_that_is_replaced_is_told_too(project: Project) -> None:
    """The replacement mends all of it; who reads the plan is to know that somebody was there, and that it is down."""
    project.write({"web": sleeper()})
    project.apply()
    name = project.container_name("web")
    project.engine.stop(name)
    project.engine.rename(name, f"{project.name}-by-hand")
    project.write({"web": sleeper(user="1000")})
    fields = project.fields("service.web[1]")
    assert set(fields) == {"user", "state", "name"}
    assert fields["state"]["causes"] == fields["name"]["causes"] == ["drift"]


def test_what_becomes_sensitive_or_is_so_no_longer_was_not_changed_by_hand(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit is what it is, both ways, and where the stack only calls the variable sensitive."""
    monkeypatch.setenv("DB_PASSWORD", "hush-hush")
    monkeypatch.setenv("GREETING", "hello")

    def write(word: str, **more: Any) -> None:
        web = sleeper(
            environment={"GREETING": f"{word}"},
            labels={"tier": f"a-{word}"},
            healthcheck={"test": ["CMD", "true", f"{word}"], "interval": "1s"},
            networks={"back": {"aliases": [f"b-{word}"]}},
            volumes=[f"./{word}:/target"],
        )
        web["command"] = ["sh", "-c", "sleep 1000", f"{word}"]
        project.write({"web": web}, networks={"back": {}}, **more)

    def causes() -> dict[str, list[str]]:
        return {name: field["causes"] for name, field in project.fields("service.web[1]").items()}

    for folder in ("hello", "hush-hush"):
        (project.folder / folder).mkdir()
    names = ("environment.GREETING", "labels.tier", "healthcheck.test", "networks.back", "volumes./target", "command")
    edited = {name: ["edit"] for name in names}
    write("${GREETING}")
    project.apply()
    write("${DB_PASSWORD}")
    assert causes() == edited
    assert "hello" not in project.plan_text()
    assert "drift" not in project.plan_text() + project.plan_text("--format", "markdown")
    project.apply()
    project.must_be_settled()
    write("hush-hush")
    project.must_be_settled()
    write("${GREETING}", **{"x-deployer": {"sensitive": ["GREETING"]}})
    assert causes() == edited
    project.apply()
    write("hush-hush")
    assert causes() == edited
    assert project.run("status").out.count("drift") == 0
