"""Two folders of one name never fight, and what is not ours is never touched."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from docker import APIClient

from tests.e2e.project import BASE, Project, sleeper
from tests.e2e.proxy import Proxy

pytestmark = pytest.mark.engine

MakeProject = Callable[..., Project]


def refused(project: Project, proxy: Proxy, code: str) -> str:
    """No command of the project changes anything: exit 65, and not one writing request."""
    for command in (("plan",), ("apply", "--yes")):
        result = project.run(*command, "--engine", proxy.url)
        assert result.code == 65, result.out + result.err
        assert f"error[{code}]" in result.err
    assert proxy.requests
    assert [request.path for request in proxy.requests if request.writes] == []
    return result.err


def test_a_second_folder_of_the_same_name_is_refused_and_touches_nothing(
    make_project: MakeProject, proxy: Proxy
) -> None:
    first, second = make_project("one"), make_project("two")
    first.write({"web": sleeper(volumes=["data:/data"])}, volumes={"data": {}})
    first.apply()
    second.write({"other": sleeper()})
    said = refused(second, proxy, "another-origin")
    assert str(first.folder) in said
    assert str(second.folder) in said
    gone = second.run("destroy", "--yes", "--volumes", "--engine", proxy.url)
    assert gone.code == 65
    assert f"the stack '{first.name}' on this engine is not the one of the stack file here" in gone.err
    assert [request.path for request in proxy.requests if request.writes] == []
    first.must_be_settled()


def test_a_destroyed_stacks_volumes_stay_its_own(make_project: MakeProject, proxy: Proxy) -> None:
    """Even after the first was destroyed, while its data remains."""
    first, second = make_project("one"), make_project("two")
    first.write({"web": sleeper(volumes=["data:/data"])}, volumes={"data": {}})
    first.apply()
    first.destroy()
    second.write({"web": sleeper(volumes=["data:/data"])}, volumes={"data": {}})
    refused(second, proxy, "another-origin")
    for record in first.records():
        first.engine.remove_volume(record)
    refused(second, proxy, "another-origin")
    first.apply()
    first.must_be_settled()


def test_once_nothing_of_the_first_is_left_its_name_is_free(make_project: MakeProject) -> None:
    first, second = make_project("one"), make_project("two")
    for each in (first, second):
        each.write({"web": sleeper(volumes=["data:/data"])}, volumes={"data": {}})
    first.apply()
    first.destroy("--volumes")
    second.apply()
    second.must_be_settled()


def test_another_checkout_of_the_same_repository_is_the_same_origin(make_project: MakeProject) -> None:
    """Whether it was cloned over ssh or https."""
    first, second = make_project("one"), make_project("two")
    check_out(first.folder, "git@git.example.com:shop/stack.git")
    check_out(second.folder, "https://git.example.com/shop/stack")
    for each in (first, second):
        each.write({"web": sleeper()})
    first.apply()
    second.must_be_settled()
    second.write({"web": sleeper(user="1000")})
    second.apply()
    assert first.run("plan", "--detailed-exitcode").code == 2


def test_a_checkout_of_another_repository_is_another_origin(make_project: MakeProject, proxy: Proxy) -> None:
    first, second = make_project("one"), make_project("two")
    check_out(first.folder, "https://git.example.com/shop/stack")
    check_out(second.folder, "https://git.example.com/fork/stack")
    for each in (first, second):
        each.write({"web": sleeper()})
    first.apply()
    refused(second, proxy, "another-origin")


def check_out(folder: Path, remote: str) -> None:
    for command in (["init", "-q"], ["remote", "add", "origin", remote]):
        subprocess.run(["git", "-C", str(folder), *command], check=True)


def test_a_strangers_container_under_our_name_is_left_alone(project: Project, proxy: Proxy, engine: APIClient) -> None:
    project.write({"web": sleeper()})
    stranger = engine.create_container(BASE, ["sleep", "1000"], name=project.container_name("web"))["Id"]
    said = refused(project, proxy, "name-taken")
    assert project.container_name("web") in said
    assert "stack.yaml:" in said
    engine.remove_container(stranger)
    project.apply()
    project.must_be_settled()


def test_a_strangers_network_under_our_name_is_left_alone(project: Project, proxy: Proxy, engine: APIClient) -> None:
    project.write({"web": sleeper(networks=["front"])}, networks={"front": {}})
    network = engine.create_network(f"{project.name}_front")["Id"]
    refused(project, proxy, "name-taken")
    engine.remove_network(network)
    project.apply()


def test_a_stack_that_moved_is_taken_over_with_nothing_restarted(make_project: MakeProject) -> None:
    """`--adopt` writes the new origin into the records, which stand above labels; the old folder is refused after."""
    first, second = make_project("one"), make_project("two")
    for project in (first, second):
        project.write({"web": sleeper(volumes=["data:/data"])}, volumes={"data": {}})
    first.apply()
    before = first.container("web")
    changes = second.changes("--adopt")
    assert list(changes) == ["stack"]
    assert changes["stack"]["fields"][0]["field"] == "origin"
    second.apply("--adopt")
    after = second.container("web")
    assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    second.must_be_settled()
    assert first.run("plan").code == 65
