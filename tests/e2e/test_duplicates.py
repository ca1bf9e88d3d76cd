"""Containers that somebody made with the labels of the stack's own."""

from __future__ import annotations

import pytest

from deployer.resources import identity
from tests.e2e.project import BASE, Project, sleeper

pytestmark = pytest.mark.engine


def by_hand(project: Project, image: str, name: str, **labels: str) -> str:
    """The id of a container that runs, as `docker run` makes it."""
    made = project.engine.create_container(image, ["sleep", "999"], name=name, labels=labels)["Id"]
    project.engine.start(made)
    return made


def told(project: Project) -> list[str]:
    return [each["message"] for each in project.plan_json()["warnings"]]


def test_a_copy_of_a_container_is_left_alone_and_takes_nobodys_place(project: Project) -> None:
    """It has all labels of the real one, whose data without a name stays, also where that one is replaced."""
    project.write({"web": sleeper(volumes=["/data"], mem_limit="64M")})
    project.apply()
    assert project.inside("web", "sh", "-c", "echo precious > /data/it")[0] == 0
    real, image = project.id_of("web"), f"{project.name}-snapshot"
    project.engine.commit(real, image)
    name = f"{project.name}-a-copy"
    copy = by_hand(project, image, name)

    project.must_be_settled()
    assert told(project) == [
        f"the container {name} bears the labels of service.web[1], and is not it: it is left alone"
    ]
    assert project.run("exec", "-T", "web", "cat", "/data/it").code == 0

    project.write({"web": sleeper(volumes=["/data"], mem_limit="64M", environment={"MODE": "two"})})
    assert set(project.changes()) == {"service.web[1]"}
    project.apply()
    project.must_be_settled()
    assert project.inside("web", "cat", "/data/it") == (0, "precious\n")
    assert project.id_of("web") != real
    assert project.engine.inspect_container(copy)["State"]["Running"]

    project.destroy()
    assert project.containers() == {name}


def test_a_container_with_the_labels_of_a_service_and_no_number_is_left_alone(project: Project) -> None:
    """There is no `web[0]`."""
    project.write({"web": sleeper()})
    project.apply()
    real, name = project.id_of("web"), f"{project.name}-imp"
    by_hand(project, BASE, name, **{identity.PROJECT: project.name, identity.SERVICE: "web"})

    project.must_be_settled()
    assert told(project) == [f"the container {name} bears the labels of service.web, and is not it: it is left alone"]
    project.apply("--replace", "web")
    project.must_be_settled()
    assert project.containers() == {project.container_name("web"), name}
    assert project.id_of("web") != real
