"""From nothing to a page and back to nothing, and no request more than that takes."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.e2e.project import Project, fetched, free_port, networked, page
from tests.e2e.proxy import Proxy

pytestmark = pytest.mark.engine


def test_an_applied_stack_answers_and_its_plan_is_empty(project: Project) -> None:
    """What was applied runs, and there is nothing left to do."""
    port = free_port()
    project.write({"web": page("hello docker", port)})
    assert project.run("plan", "--detailed-exitcode").code == 2
    project.apply()
    assert fetched(port) == "hello docker"
    project.must_be_settled()
    project.destroy()
    assert (project.containers(), project.networks(), project.volumes(), project.records()) == (set(),) * 4


def test_a_stack_whose_file_is_gone_is_removed_by_its_name(project: Project) -> None:
    """All of it but its data, of which it is still known whose it is; and once more is no error."""
    project.write(
        {"web": networked(volumes=["data:/data"], networks=["front"])}, volumes={"data": {}}, networks={"front": {}}
    )
    project.apply()
    text = (project.folder / "stack.yaml").read_text()
    (project.folder / "stack.yaml").unlink()
    result = project.run("-p", project.name, "destroy", "--yes")
    assert (result.code, result.err.count("warning")) == (0, 0), result.err
    assert (project.containers(), project.networks()) == (set(), set())
    assert project.volumes() == {f"{project.name}_data"}
    assert project.run("-p", project.name, "destroy", "--yes").code == 0, "its data is there"
    wrong = project.run("-p", f"{project.name}x", "destroy", "--yes")
    assert (wrong.code, "nothing on the engine is of a stack named" in wrong.out) == (0, True)
    (project.folder / "stack.yaml").write_text(text)
    wrong = project.run("-p", f"{project.name}x", "destroy", "--yes")
    assert (wrong.code, "nothing on the engine is of a stack named" in wrong.out) == (0, True), "with a file, too"
    project.apply()
    project.must_be_settled()


def test_a_second_apply_makes_no_writing_request(project: Project, proxy: Proxy) -> None:
    """With nothing to change nothing is written, not even a record."""
    project.write({"web": networked(), "db": networked(volumes=["data:/data"])}, volumes={"data": {}})
    project.apply()
    result = project.apply("--engine", proxy.url)
    assert [request.path for request in proxy.requests if request.writes] == []
    assert len(proxy.requests) > 5, "the proxy saw that apply"
    assert "Nothing to change" in result.out


def test_a_plan_asks_for_each_thing_once_and_only_reads(project: Project, proxy: Proxy) -> None:
    """One list a kind, one inspect for each container and image."""
    services = {"web": networked(deploy={"replicas": 3}), "db": networked(volumes=["data:/data"])}
    project.write(services, volumes={"data": {}}, networks={"front": {}})
    project.apply()
    project.plan_text("--engine", proxy.url)
    asked = Counter((request.method, request.path) for request in proxy.requests)
    assert {method for method, _ in asked} == {"GET"}
    assert [request for request, many in asked.items() if many > 1] == []
    inspected = [path for _, path in asked if path.startswith("/containers/") and path.endswith("/json")]
    assert len([path for path in inspected if path != "/containers/json"]) == 4
