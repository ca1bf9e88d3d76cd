"""Compose and its friends see the stack as one of theirs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from tests.e2e.project import Project, networked

pytestmark = pytest.mark.engine


def compose_binary() -> list[str] | None:
    """DEPLOYER_COMPOSE names one; else the plugin of the docker client, where there is one."""
    if named := os.environ.get("DEPLOYER_COMPOSE"):
        return [named]
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0:
        return [docker, "compose"]
    return None


def apply(project: Project) -> None:
    services = {"web": networked(networks=["front"], depends_on=["db"], deploy={"replicas": 2}), "db": networked()}
    project.write(services, networks={"front": {}}, volumes={"data": {}})
    project.apply()


def test_containers_bear_the_labels_that_compose_looks_for(project: Project) -> None:
    """Without config-hash its `ps` shows nothing."""
    apply(project)
    labels = project.container("web", 2)["Config"]["Labels"]
    compose = {name.removeprefix("com.docker.compose."): value for name, value in labels.items()}
    assert compose["project"] == project.name
    assert (compose["service"], compose["container-number"], compose["oneoff"]) == ("web", "2", "False")
    assert compose["config-hash"]
    assert compose["project.working_dir"] == str(project.folder)
    assert compose["project.config_files"].endswith("stack.yaml")
    network = project.engine.inspect_network(f"{project.name}_front")["Labels"]
    volume = project.engine.inspect_volume(f"{project.name}_data")["Labels"]
    assert {network["com.docker.compose.project"], volume["com.docker.compose.project"]} == {project.name}
    assert network["com.docker.compose.network"] == "front"
    assert volume["com.docker.compose.volume"] == "data"
    for record in project.records():
        assert not [name for name in project.engine.inspect_volume(record)["Labels"] if "compose" in name]


def test_compose_ps_lists_the_services(project: Project) -> None:
    compose = compose_binary()
    if not compose:
        pytest.skip("there is no docker compose here; DEPLOYER_COMPOSE names one")
    apply(project)
    command = [*compose, "-p", project.name, "ps", "--format", "json"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [json.loads(line) for line in printed.splitlines()]
    assert sorted((row["Name"], row["Service"], row["State"]) for row in rows) == [
        (project.container_name("db"), "db", "running"),
        (project.container_name("web", 1), "web", "running"),
        (project.container_name("web", 2), "web", "running"),
    ]
