"""A one-shot runs when it has to: its exited container is the evidence that it ran, on the data that is there."""

from __future__ import annotations

import time
from typing import Any

import pytest
from docker.errors import NotFound

from deployer.resources.inspected import moment
from tests.e2e.project import BASE, Project, dying, networked
from tests.e2e.proxy import Proxy, Request

pytestmark = pytest.mark.engine

COMPLETED = {"condition": "service_completed_successfully"}


def write(project: Project, db: dict[str, Any] | None = None, **migrate: Any) -> None:
    """A database with a volume, a migration that reaches it over the network, and a web that waits for that one."""
    once = networked(command=["true"], depends_on=["db"], **migrate)
    web = networked(depends_on={"migrate": COMPLETED})
    project.write({"db": db or networked(volumes=["data:/data"]), "migrate": once, "web": web}, volumes={"data": {}})


def lose_data(project: Project) -> None:
    """Somebody removes the database and its volume by hand."""
    project.engine.remove_container(project.container_name("db"), force=True)
    project.engine.remove_volume(f"{project.name}_data")


def must_have_run_on_the_new_data(project: Project) -> None:
    state = project.container("migrate")["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)
    assert moment(state["StartedAt"]) > moment(project.container("db")["Created"])
    project.must_be_settled()


def test_one_that_was_removed_runs_again_and_the_plan_says_so(project: Project) -> None:
    write(project)
    project.apply()
    project.engine.remove_container(project.container_name("migrate"))
    changes = project.changes()
    assert changes.keys() == {"service.migrate[1]"}
    (field,) = changes["service.migrate[1]"]["fields"]
    assert (field["field"], field["before"], field["after"], field["causes"]) == (
        "state",
        "removed",
        "completed",
        ["drift"],
    )
    project.apply()
    must_have_run_on_the_new_data(project)


def test_a_new_volume_of_what_it_depends_on_runs_it_again(project: Project) -> None:
    """The plan says that the volume is made anew, and that the one-shot runs again for it; its dependent stays."""
    write(project)
    project.apply()
    old, web = project.id_of("migrate"), project.id_of("web")
    lose_data(project)
    changes = project.changes()
    assert {address: change["action"] for address, change in changes.items()} == {
        "volume.data": "create",
        "service.db[1]": "create",
        "service.migrate[1]": "replace",
    }
    (field,) = changes["service.migrate[1]"]["fields"]
    assert (field["field"], field["before"], field["after"], field["causes"]) == (
        "depends_on.db",
        "volume.data",
        "a new, empty one",
        ["dependency"],
    )
    text = project.plan_text()
    assert "runs again; its old container goes first" in text
    assert "what it did was in the old one" in text
    project.apply()
    assert project.id_of("migrate") != old
    assert project.id_of("web") == web
    must_have_run_on_the_new_data(project)


def test_whoever_dies_before_the_new_volume_is_made_leaves_no_evidence_that_it_ran(
    project: Project, proxy: Proxy
) -> None:
    """What a crash leaves at that very call tells the next apply that the one-shot has to run."""
    write(project)
    project.apply()
    old = project.id_of("migrate")
    lose_data(project)
    process = None

    def die(request: Request) -> None:
        if request.path == "/volumes/create" and not request.is_record and process:
            process.kill()

    proxy.after = die
    process = project.start("apply", "--yes", "--engine", proxy.url)
    process.wait()
    assert f"{project.name}_data" in project.volumes()
    with pytest.raises(NotFound):
        project.engine.inspect_container(old)
    project.apply()
    must_have_run_on_the_new_data(project)


def test_one_that_the_plan_is_not_about_does_not_pass_for_done(project: Project) -> None:
    """With --only db the evidence goes before the volume is made, and the next whole apply runs it."""
    write(project)
    project.apply()
    lose_data(project)
    changes = project.changes("--only", "db")
    assert changes["service.migrate[1]"]["action"] == "remove"
    assert changes["service.migrate[1]"]["reason"] == "to run again: volume.data is made anew"
    project.apply("--only", "db")
    assert project.changes().keys() == {"service.migrate[1]"}
    project.apply()
    must_have_run_on_the_new_data(project)


def test_a_volume_that_only_the_image_names_is_data_too(project: Project) -> None:
    """The database's container is removed, and with it what tells which volume was its."""
    project.files(Dockerfile=f"FROM {BASE}\nVOLUME /data\n")
    services = {"db": networked(image="db"), "migrate": networked(command=["true"], depends_on=["db"], restart="no")}
    project.write(services, builds={"db": {"context": "./web"}})
    project.apply()
    project.engine.remove_container(project.container_name("db"), force=True, v=True)
    assert project.fields("service.migrate[1]")["depends_on.db"]["before"] == "the volume at /data"
    project.apply()
    must_have_run_on_the_new_data(project)


def test_one_that_a_dead_apply_left_running_is_waited_for(project: Project) -> None:
    """Its dependent starts once it has completed, though this plan starts only the dependent."""
    write(project)
    project.apply()
    project.engine.remove_container(project.container_name("web"), force=True)
    project.write(
        {
            "db": networked(volumes=["data:/data"]),
            "migrate": networked(command=["sleep", "2"], depends_on=["db"]),
            "web": networked(depends_on={"migrate": COMPLETED}),
        },
        volumes={"data": {}},
    )
    project.apply()
    project.engine.remove_container(project.container_name("web"), force=True)
    project.engine.start(project.container_name("migrate"))
    assert project.changes().keys() == {"service.web[1]"}
    project.apply()
    assert project.container("migrate")["State"]["FinishedAt"] < project.container("web")["State"]["StartedAt"]


def test_a_volume_that_the_file_takes_away_from_the_database_runs_it_again(project: Project) -> None:
    """The database begins with nothing. If its replacement fails, it has its volume again, and nothing is left over."""
    write(project)
    project.apply()
    old, since = project.id_of("migrate"), time.time() - 1
    write(project, db=networked(volumes=["/data"], **dying()))
    assert project.fields("service.migrate[1]")["depends_on.db"]["before"] == "the volume at /data"
    project.apply(code=1)
    assert [mount["Name"] for mount in project.container("db")["Mounts"]] == [f"{project.name}_data"]
    assert volumes_of_all(project, since) == {f"{project.name}_data"}
    write(project, db=networked(volumes=["/data"]))
    project.apply()
    assert project.id_of("migrate") != old
    must_have_run_on_the_new_data(project)
    project.destroy("--volumes")


def volumes_of_all(project: Project, since: float) -> set[str]:
    """The volumes, of those that are still there, that any container of the stack has had since then."""
    seen = list(project.engine.events(since=since, until=time.time(), decode=True))
    ours = {each["Actor"]["ID"] for each in seen if f"{project.name}-db" in each["Actor"]["Attributes"].get("name", "")}
    had = {each["Actor"]["ID"] for each in seen if each["Actor"]["Attributes"].get("container") in ours}
    return had & {each["Name"] for each in project.engine.volumes()["Volumes"]}
