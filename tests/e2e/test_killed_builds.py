"""A build whose deployer is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest
from docker.errors import NotFound

from tests.e2e.project import BASE, Project, ended, sleeper, until

pytestmark = pytest.mark.engine


def write(project: Project, seconds: int) -> None:
    project.files(Dockerfile=f"FROM {BASE}\nENV STACK={project.name}\nARG SECONDS\nRUN sleep $SECONDS\n")
    project.write(
        {"web": sleeper(image="web")}, builds={"web": {"context": "./web", "args": {"SECONDS": str(seconds)}}}
    )


def of_the_build(project: Project, inspect: Callable[[str], dict[str, Any]], listed: Iterable[Any]) -> list[Any]:
    """What bears the build's own variable; what goes meanwhile is none of it."""
    found: list[Any] = []
    for each in listed:
        with suppress(NotFound):
            found.append(inspect(each["Id"]))
    return [each for each in found if f"STACK={project.name}" in (each["Config"]["Env"] or [])]


def steps(project: Project) -> list[Any]:
    """The containers of the build's steps, running or not."""
    return of_the_build(project, project.engine.inspect_container, project.engine.containers(all=True))


def nameless(project: Project) -> list[Any]:
    return of_the_build(project, project.engine.inspect_image, project.engine.images(filters={"dangling": True}))


def test_a_build_that_was_killed_leaves_nothing_behind(project: Project) -> None:
    """The engine ends it when nobody listens any more; the next apply ends well, from the steps that were made."""
    write(project, 600)
    apply = project.start("apply", "--yes")
    until(lambda: any(each["State"]["Running"] for each in steps(project)))
    apply.kill()
    assert ended(apply).code == -9
    until(lambda: not steps(project))
    assert not [image for image in project.engine.images() if f"{project.name}/web" in str(image["RepoTags"])]
    write(project, 0)
    result = project.apply()
    assert "recover" in result.out
    assert project.containers() == {project.container_name("web")}
    assert [each["Name"] for each in steps(project)] == [f"/{project.container_name('web')}"]
    assert nameless(project) == []
    project.must_be_settled()
