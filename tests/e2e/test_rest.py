"""kill, pause, unpause, rm and wait: what is done by hand is what the next plan mends."""

from __future__ import annotations

import pytest

from tests.e2e.project import BASE, Project, ended, sleeper, until

pytestmark = pytest.mark.engine


def status(project: Project, service: str) -> str:
    return project.container(service)["State"]["Status"]


def test_what_is_killed_or_paused_is_drift(project: Project) -> None:
    """A signal goes to the program; SIGKILL ends it; a paused one goes on when it is unpaused, or by apply."""
    hears = {"command": ["sh", "-c", "trap 'touch /heard' HUP; touch /set; while :; do sleep 0.1; done"]}
    project.write({"web": sleeper(), "db": sleeper(**hears)})
    project.apply()
    before = project.id_of("web"), project.id_of("db")
    until(lambda: project.inside("db", "ls", "/set")[0] == 0)

    assert project.run("kill", "db", "-s", "HUP").code == 0
    until(lambda: project.inside("db", "ls", "/heard")[0] == 0)
    told = project.run("kill", "web", "--lock-timeout", "1s")
    assert (told.code, status(project, "web"), status(project, "db")) == (0, "exited", "running"), told.err
    assert "service.web[1]: sent a signal" in told.err
    assert "Nothing to kill" in project.run("kill", "web").err
    assert project.fields("service.web[1]")["state"]["causes"] == ["drift"]

    paused = project.run("pause")
    assert (paused.code, status(project, "web"), status(project, "db")) == (0, "exited", "paused"), paused.err
    assert project.fields("service.db[1]")["state"]["before"] == "paused"
    unpaused = project.run("unpause")
    assert (unpaused.code, status(project, "web"), status(project, "db")) == (0, "exited", "running"), unpaused.err
    project.run("pause", "db")
    project.apply()
    assert (project.id_of("web"), project.id_of("db")) == before
    project.must_be_settled()


def test_a_removed_container_leaves_its_data_and_not_its_secrets(project: Project) -> None:
    """Only what does not run goes, and it asks; the next apply makes it anew on the same volume."""
    web = sleeper(volumes=["data:/data"], secrets=["key"])
    once = {"image": BASE, "command": ["true"], "restart": "no"}
    project.write({"web": web, "once": once}, volumes={"data": {}}, secrets={"key": {"content": "s3cret"}})
    project.apply()
    project.inside("web", "touch", "/data/kept")
    secret = next(
        mount["Name"] for mount in project.container("web")["Mounts"] if mount["Destination"] == "/run/secrets"
    )

    asks = project.run("rm", "web", "--stop")
    assert (asks.code, "--force" in asks.err) == (64, True), asks.err
    gone = project.run("rm", "-f")
    assert (gone.code, "the next apply runs it again" in gone.out) == (0, True), gone.err
    assert project.containers() == {project.container_name("web")}
    assert project.run("rm", "-fs", "web").code == 0
    assert project.containers() == set()
    names = {each["Name"] for each in project.engine.volumes()["Volumes"]}
    assert (secret in names, f"{project.name}_data" in names) == (False, True)
    assert {address for address in project.changes() if "service" in address} == {"service.web[1]", "service.once[1]"}
    project.apply()
    assert project.inside("web", "ls", "/data")[1].split() == ["kept"]
    project.must_be_settled()


def test_a_wait_ends_with_the_code_of_the_last(project: Project) -> None:
    """Each container's code is printed as it stops; one that has stopped already is not waited for."""
    ends = {"command": ["sh", "-c", "while [ ! -e /end ]; do sleep 0.1; done; exit 7"], "restart": "no"}
    project.write({"done": {"image": BASE, "command": ["true"], "restart": "no"}, "job": sleeper(**ends)})
    project.apply()
    process = project.start("wait", "done", "job")
    assert process.stdout
    assert process.stdout.readline() == f"{project.container_name('done')} 0\n"
    assert process.poll() is None
    project.inside("job", "touch", "/end")
    result = ended(process)
    assert (result.code, result.out) == (7, f"{project.container_name('job')} 7\n"), result.err
    assert project.run("wait", "jub").code == 64
