"""Services that are part of the stack only now and then, and values of several files, on the engine."""

from __future__ import annotations

import pytest

from tests.e2e.project import Project, sleeper

pytestmark = pytest.mark.engine


def test_what_runs_of_an_inactive_service_is_left_alone_and_goes_with_the_stack(project: Project) -> None:
    """It is no orphan, nor is the network that it alone is in; destroy removes both."""
    services = {"web": sleeper(networks=["front"]), "debug": sleeper(profiles=["debug"])}
    project.write(services, networks={"front": {}})
    project.apply("--profile", "debug")
    assert project.containers() == {project.container_name("web"), project.container_name("debug")}
    project.must_be_settled()
    project.write({**services, "debug": sleeper(profiles=["debug"], user="1000")}, networks={"front": {}})
    assert set(project.changes()) == set()
    shown = {line.split()[0]: line.split()[1:4] for line in project.run("status").out.splitlines()}
    assert (shown["web"][:2], shown["debug"]) == (["1/1", "running"], ["1", "running;", "inactive"])
    assert set(project.changes("--only", "debug")) == {"service.debug[1]"}
    project.destroy()
    assert (project.containers(), project.networks()) == (set(), set())


def test_a_change_names_the_file_and_the_line_of_the_value_that_stands(project: Project) -> None:
    """Of several files the later one; of a setting the option. All the files are named on the container."""
    project.write({"web": sleeper(environment={"A": "1", "B": "1"}, labels={"c": "1"})})
    more = project.folder / "more.yaml"
    more.write_text("services:\n  web:\n    environment:\n      - A=2\n")
    files = ("-f", "stack.yaml", "-f", "more.yaml")
    project.apply(*files)
    labels = project.container("web")["Config"]["Labels"]
    assert labels["com.docker.compose.project.config_files"] == f"{project.folder}/stack.yaml,{more}"
    more.write_text("services:\n  web:\n    environment:\n\n      - A=3\n")
    fields = project.changes(*files, "--set", "services.web.labels.c=2")["service.web[1]"]["fields"]
    assert {field["field"]: (field["after"], field["at"]) for field in fields} == {
        "environment.A": ("3", "more.yaml:5"),
        "labels.c": ("2", "--set services.web.labels.c"),
    }
