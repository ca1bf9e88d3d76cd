"""examples/tutorial and examples/private-registry: from nothing to a page that answers and an image in a registry."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.project import ROOT, Project, fetched, free_port

pytestmark = pytest.mark.engine


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    found = {name: free_port() for name in ("REGISTRY_PORT", "WEB_PORT", "WEBAPP_PORT")}
    for name, port in found.items():
        monkeypatch.setenv(name, str(port))
    return found


@pytest.fixture(params=["tutorial", "private-registry"])
def example(request: pytest.FixtureRequest, make_project: Callable[..., Project]) -> Iterator[Project]:
    """A copy of the example, under names of its own; what its registry holds lies in that copy."""
    project = make_project()
    not_of_a_run = shutil.ignore_patterns("data")  # the example itself may run meanwhile: what it keeps is its own
    shutil.copytree(ROOT / "examples" / request.param, project.folder, ignore=not_of_a_run, dirs_exist_ok=True)
    file = project.folder / "stack.yaml"
    text = file.read_text().replace(f"name: {request.param}\n", f"name: {project.name}\n")
    file.write_text(text.replace("peng-flaskweb", f"{project.name}-flaskweb"))
    yield project
    project.destroy()


def catalog(port: int) -> list[str]:
    return json.loads(fetched(port, path="/v2/_catalog"))["repositories"]


def test_one_command_builds_pushes_and_runs(ports: dict[str, int], example: Project) -> None:
    """In the right order, with the registry that the same file runs; a second plan is empty. So it is with an edit."""
    example.apply()
    assert fetched(ports["WEB_PORT"]) == "hello docker"
    assert catalog(ports["REGISTRY_PORT"]) == [f"{example.name}-flaskweb"]
    example.must_be_settled()
    app = example.folder / "web/app.py"
    app.write_text(app.read_text().replace("hello docker", "hello again"))
    assert {change["action"] for change in example.changes().values()} == {"build", "push", "replace"}
    assert "./web, 2 files: app.py changed" in example.plan_text()
    example.apply()
    assert fetched(ports["WEB_PORT"]) == "hello again"
    example.must_be_settled()
