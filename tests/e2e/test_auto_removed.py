"""A container that the engine removes when it stops (`docker run --rm`) cannot be put back, and the plan says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.project import Project, dying, networked

pytestmark = pytest.mark.engine


def made_to_be_removed(project: Project, **said: Any) -> dict[str, Any]:
    """Somebody has made the service's container anew, with `--rm`."""
    project.write({"web": networked(labels={"version": "1"}, **said)})
    project.apply()
    found, name = project.container("web"), project.container_name("web")
    project.engine.remove_container(name, force=True)
    config = {key: value for key, value in found["Config"].items() if key != "Hostname"}
    endpoint = {"EndpointsConfig": {f"{project.name}_default": {"Aliases": ["web"]}}}
    body = {**config, "HostConfig": {**found["HostConfig"], "AutoRemove": True}, "NetworkingConfig": endpoint}
    project.engine.create_container_from_config(body, name)
    project.engine.start(name)
    return project.container("web")


def test_the_plan_says_that_there_is_no_way_back(project: Project) -> None:
    made_to_be_removed(project)
    project.write({"web": networked(labels={"version": "2"})})
    assert "with no way back" in project.plan_text()
    project.apply()
    project.must_be_settled()
    assert not project.container("web")["HostConfig"]["AutoRemove"]


def test_its_volumes_without_a_name_go_with_it_and_the_plan_says_so(project: Project) -> None:
    """The engine takes them along; of another container that is removed they stay."""
    made_to_be_removed(project, volumes=["/data"])
    (mount,) = project.container("web")["Mounts"]
    assert "with its data at /data" in project.destroy().out
    assert mount["Name"] not in {each["Name"] for each in project.engine.volumes()["Volumes"] or ()}


def test_what_cannot_be_put_back_is_told_as_half_done(project: Project) -> None:
    """Nothing is left of either; the next apply makes one."""
    made_to_be_removed(project)
    project.write({"web": networked(**dying())})
    result = project.apply(code=1)
    assert result.told("half done") == {"service.web[1]"}
    assert project.containers() == set()
    project.write({"web": networked()})
    project.apply()
    project.must_be_settled()
