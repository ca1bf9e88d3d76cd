"""What the stack no longer names, and what a destroyed one leaves."""

from __future__ import annotations

import re

import pytest

from tests.e2e.project import Project, networked

pytestmark = pytest.mark.engine


def write_both(project: Project) -> None:
    services = {"web": networked(), "old": networked(volumes=["data:/data"], networks=["back"])}
    project.write(services, volumes={"data": {}}, networks={"back": {}})
    project.apply()


def test_what_the_stack_no_longer_names_is_removed(project: Project) -> None:
    """Its container and its network; its volume holds data, so it is kept, and the plan says so."""
    write_both(project)
    project.write({"web": networked()})
    changes = project.changes()
    assert {address: change["action"] for address, change in changes.items()} == {
        "service.old[1]": "remove",
        "network.back": "remove",
        "volume.data": "kept",
    }
    assert re.search(
        r"! volume\.data +kept +no longer in the stack; data stays until docker volume rm ", project.plan_text()
    )
    project.apply()
    assert project.containers() == {project.container_name("web")}
    assert project.networks() == {f"{project.name}_default"}
    assert project.volumes() == {f"{project.name}_data"}
    project.must_be_settled()


def test_orphans_stay_where_that_is_asked_for(project: Project) -> None:
    write_both(project)
    project.write({"web": networked(user="1000")})
    assert set(project.changes("--keep-orphans")) == {"service.web[1]", "volume.data"}
    project.apply("--keep-orphans")
    assert project.containers() == {project.container_name("web"), project.container_name("old")}
    assert f"{project.name}_back" in project.networks()
    assert project.run("plan", "--keep-orphans", "--detailed-exitcode").code == 0


def test_surplus_replicas_go(project: Project) -> None:
    project.write({"web": networked(deploy={"replicas": 3})})
    project.apply()
    project.write({"web": networked(deploy={"replicas": 1})})
    project.apply()
    assert project.containers() == {project.container_name("web", 1)}
    project.must_be_settled()


def test_destroy_keeps_data_and_says_whose_it_is(project: Project) -> None:
    """The newest record stays with the data; applied again, the data is there."""
    write_both(project)
    assert project.inside("old", "sh", "-c", "echo precious > /data/it")[0] == 0
    project.destroy()
    assert (project.containers(), project.networks()) == (set(), set())
    assert project.volumes() == {f"{project.name}_data"}
    assert project.records()
    write_both(project)
    assert project.inside("old", "cat", "/data/it") == (0, "precious\n")
    project.must_be_settled()


def test_destroy_with_volumes_leaves_nothing_of_ours(project: Project) -> None:
    """Containers, networks, volumes and records."""
    write_both(project)
    project.destroy("--volumes")
    assert (project.containers(), project.networks(), project.volumes(), project.records()) == (set(),) * 4
    assert "Nothing to remove" in project.destroy().out


def test_destroy_with_volumes_removes_data_that_an_earlier_destroy_kept(project: Project) -> None:
    write_both(project)
    project.destroy()
    project.destroy("--volumes")
    assert (project.volumes(), project.records()) == (set(), set())
