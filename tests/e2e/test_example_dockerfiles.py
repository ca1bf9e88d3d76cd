"""examples/dockerfiles: what each instruction makes of the image, and what its container then does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from docker import APIClient

from tests.e2e.project import ROOT, Project, fetched

pytestmark = pytest.mark.engine

FILE = ROOT / "examples/dockerfiles/stack.yaml"


@dataclass(frozen=True)
class Applied:
    """The example as it was applied under a name of its own."""

    project: Project

    def printed(self, service: str) -> str:
        return self.project.engine.logs(self.project.container_name(service)).decode().strip()

    def config(self, build: str) -> dict[str, Any]:
        return self.project.engine.inspect_image(self.project.container(build)["Image"])["Config"]


@pytest.fixture(scope="module")
def example(engine: APIClient) -> Iterator[Applied]:
    project = Project(engine, FILE.parent, f"e2e-{uuid4().hex[:8]}")
    try:
        project.apply("-p", project.name)
        assert project.run("plan", "-p", project.name, "--detailed-exitcode").code == 0
        yield Applied(project)
    finally:
        project.remove_everything()


@pytest.mark.parametrize(
    ("service", "printed"),
    [
        ("from", "hello from scratch"),
        ("run", "first\nsecond\nthird\nfourth"),
        ("workdir", "/test/demo"),
        ("add", "/unpacked/index.html\n/packed/pages.tar"),
        ("copy", "hello, and all of it: ./.dockerignore ./Dockerfile ./hello.sh"),
        ("env", "hello docker in /srv/app/data\ndata is in /srv/app/data"),
        ("volume", "from the image"),
        ("cmd-shell", "hello docker"),
        ("cmd-exec", "hello docker"),
        ("cmd-several", "last"),
        ("entrypoint", "hello docker"),
        ("entrypoint-other", "hello world"),
        ("script", "prepared\nserving on 27017"),
        ("script-other", "another command"),
    ],
)
def test_a_container_does_what_its_dockerfile_says(example: Applied, service: str, printed: str) -> None:
    """CMD in both forms, ENTRYPOINT, and a command of the service in place of CMD alone."""
    assert example.printed(service) == printed


def test_an_image_has_what_its_dockerfile_says(example: Applied) -> None:
    """Labels, folder, variables, volumes, ports, program."""
    labels = {"maintainer": "温而新", "version": "1.0", "description": "Labels, several in one instruction"}
    assert labels.items() <= example.config("label")["Labels"].items()
    assert example.config("workdir")["WorkingDir"] == "/test/demo"
    assert {"APP=/srv/app", "DATA=/srv/app/data", "GREETING=hello docker"} <= set(example.config("env")["Env"])
    assert set(example.config("volume")["Volumes"]) == {"/data"}
    assert set(example.config("expose")["ExposedPorts"]) == {"8080/tcp", "5353/udp"}
    assert example.config("cmd-shell")["Cmd"] == ["/bin/sh", "-c", 'echo "hello $NAME"']
    assert example.config("cmd-exec")["Cmd"] == ["sh", "-c", "echo hello $NAME"]
    assert example.config("script")["Entrypoint"] == ["docker-entrypoint.sh"]


def test_an_exposed_port_is_reached_on_a_random_one(example: Applied) -> None:
    """EXPOSE publishes nothing by itself; `publish_all` does."""
    where = example.project.run("port", "-p", example.project.name, "expose", "8080").out
    assert fetched(int(where.rpartition(":")[2])) == "hello from port 8080"


def test_an_image_from_scratch_has_one_layer(example: Applied) -> None:
    """FROM scratch holds what was copied, and nothing else of the first stage."""
    image = example.project.engine.inspect_image(example.project.container("from")["Image"])
    assert len(image["RootFS"]["Layers"]) == 1
