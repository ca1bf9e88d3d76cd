"""apply --only and --replace: a part of the stack, and a container made anew though nothing changed."""

from __future__ import annotations

import pytest

from tests.e2e.project import BASE, Project, networked

pytestmark = pytest.mark.engine


def test_only_a_service_and_what_it_needs(project: Project) -> None:
    """Its dependencies, networks and volumes; the others, and what is no longer in the stack, are left alone."""
    project.write({"old": networked(), "web": networked()}, volumes={"gone": {}})
    project.apply()
    project.write(
        {
            "db": networked(networks=["back"], volumes=["data:/data"]),
            "web": networked(user="1000", depends_on=["db"], networks=["back"]),
            "other": networked(build="nowhere", image="other", networks=["front"]),
        },
        networks={"back": {}, "front": {}},
        volumes={"data": {}},
    )

    assert project.run("plan").code == 65, "the build of the other one has no folder"
    plan = project.plan_json("--only", "web")
    assert {change["address"] for change in plan["changes"]} == {
        "network.back",
        "volume.data",
        "service.db[1]",
        "service.web[1]",
    }
    text = project.plan_text("--only", "web")
    assert plan["summary"]["left_alone"] == 5
    assert "0 unchanged, 5 left alone." in text
    old = project.id_of("old")
    project.apply("--only", "web")
    assert project.id_of("old") == old
    assert project.containers() == {project.container_name(name) for name in ("old", "db", "web")}
    assert project.run("plan", "--only", "web", "--detailed-exitcode").code == 0


def test_what_was_left_alone_is_still_known_afterwards(project: Project) -> None:
    """That it was there when the last revision ended: if it goes, it was removed."""
    project.write({"web": networked(), "other": networked()})
    project.apply()
    project.write({"web": networked(user="1000"), "other": networked()})
    project.apply("--only", "web")
    project.engine.remove_container(project.container_name("other"), force=True)
    assert project.changes()["service.other[1]"]["reason"] == "removed since"


def test_replace_makes_a_container_anew_though_nothing_changed(project: Project) -> None:
    """The plan says that it was asked for; a one-shot runs again; all else keeps its container."""
    job = {"image": BASE, "command": ["true"], "restart": "no"}
    project.write({"web": networked(), "job": job, "other": networked()})
    project.apply()
    before = {name: project.id_of(name) for name in ("web", "job", "other")}

    changes = project.changes("--replace", "web", "--replace", "job")
    assert {name: change["action"] for name, change in changes.items()} == {
        "service.web[1]": "replace",
        "service.job[1]": "replace",
    }
    assert changes["service.web[1]"]["reason"] == "asked for: --replace"
    assert changes["service.web[1]"]["fields"] == []
    assert "asked for: --replace" in project.plan_text("--replace", "web")
    project.apply("--replace", "web", "--replace", "job")
    after = {name: project.id_of(name) for name in before}
    assert [name for name in before if after[name] != before[name]] == ["web", "job"]
    project.must_be_settled()


def test_replace_is_said_beside_what_differs(project: Project) -> None:
    """What could have been changed in place is not, and the plan says why."""
    project.write({"web": networked(mem_limit="32m")})
    project.apply()
    project.write({"web": networked(mem_limit="48m")})
    change = project.changes("--replace", "web")["service.web[1]"]
    assert change["action"] == "replace"
    assert change["detail"].endswith("; asked for: --replace")
    assert [field["field"] for field in change["fields"]] == ["mem_limit"]


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_an_unknown_service_is_wrong_usage(project: Project, command: str) -> None:
    """With the nearest name; so is to replace what is left alone."""
    project.write({"web": networked(), "other": networked()})
    for option in ("--only", "--replace"):
        result = project.run(command, option, "wbe")
        assert result.code == 64
        assert "did you mean 'web'?" in result.err
    result = project.run(command, "--only", "web", "--replace", "other")
    assert result.code == 64
    assert "--only leaves that alone" in result.err
