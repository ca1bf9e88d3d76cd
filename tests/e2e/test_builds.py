"""What is built from here: what the plan says of it, and what becomes of the containers that run it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.e2e.project import BASE, Project, fetched, free_port, sleeper

pytestmark = pytest.mark.engine

DOCKERFILE = f"FROM {BASE}\nARG GREETING=hello\nCOPY app.py /www/index.html\nRUN echo $GREETING > /greeting\n"


def write(project: Project, port: int, **build: object) -> None:
    serve = ["httpd", "-f", "-p", "80", "-h", "/www"]
    web = sleeper(image="web", command=serve, ports=[f"127.0.0.1:{port}:80"])
    project.write({"web": web}, builds={"web": {"context": "./web", **build}})


def test_a_changed_file_is_named_built_and_shown(project: Project) -> None:
    """The plan says that a build and a replacement are needed, and which file changed; the page changes."""
    port = free_port()
    project.files(Dockerfile=DOCKERFILE, app__py="one", notes="never copied")
    write(project, port)
    project.apply()
    assert fetched(port) == "one"
    project.must_be_settled()
    project.files(app__py="two")
    changes = project.changes()
    assert {address: change["action"] for address, change in changes.items()} == {
        "build.web": "build",
        "service.web[1]": "replace",
    }
    assert [field["field"] for field in changes["build.web"]["fields"]] == ["context/app.py"]
    assert changes["service.web[1]"]["known_after"] == "build.web"
    assert "./web, 3 files: app.py changed" in project.plan_text()
    project.apply()
    assert fetched(port) == "two"
    project.must_be_settled()


def test_a_file_that_no_copy_takes_leaves_the_container_alone(project: Project) -> None:
    """The build gives the same image, so the replacement that hung on it is skipped."""
    project.files(Dockerfile=DOCKERFILE, app__py="one", notes="old")
    write(project, free_port())
    project.apply()
    before = project.container("web")
    project.files(notes="new")
    assert "only if the image of build.web differs" in project.plan_text()
    result = project.apply()
    after = project.container("web")
    assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    assert "service.web[1]: skipped" in result.err
    project.must_be_settled()


def test_a_build_that_fails_shows_its_output_and_stops_nothing(project: Project) -> None:
    project.files(Dockerfile=DOCKERFILE, app__py="one")
    write(project, free_port())
    project.apply()
    before = project.container("web")
    project.files(Dockerfile=f"FROM {BASE}\nRUN echo this-went-wrong && exit 3\n")
    result = project.apply(code=1)
    after = project.container("web")
    assert "this-went-wrong" in result.err
    assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    assert "service.web[1]" in result.told("not done")
    assert project.containers() == {project.container_name("web")}


def test_a_build_error_is_shown_as_the_line_of_the_dockerfile(project: Project) -> None:
    """With the output of the step that failed and of no other; so is what the builder cannot read."""
    write(project, free_port(), target="first")
    project.files(
        Dockerfile=f"ARG V=1\nFROM {BASE} AS first\nRUN echo fine\n\nRUN echo this-went-wrong; \\\n  exit 3\n"
        "FROM first\nRUN true\n"
    )
    err = project.apply(code=1).err
    assert "web/Dockerfile:5:1" in err
    assert "RUN echo this-went-wrong; \\" in err
    assert "echo fine" not in err.partition("error[")[2]
    project.files(Dockerfile=f"FROM {BASE} AS first\n\nRUNN x\n")
    err = project.apply(code=1).err
    assert "web/Dockerfile:3:1" in err


def test_the_tag_of_a_build_moves_to_the_new_image(project: Project) -> None:
    """The user's own name is an alias of the image that runs; taken away by hand, it comes back."""
    tag = f"{project.name}-web:1.0"
    project.files(Dockerfile=DOCKERFILE, app__py="one")
    write(project, free_port(), tag=tag)
    project.apply()
    first = project.engine.inspect_image(tag)["Id"]
    project.files(app__py="two")
    project.apply()
    second = project.engine.inspect_image(tag)["Id"]
    assert second != first
    assert second == project.container("web")["Image"]
    project.must_be_settled()
    project.engine.remove_image(tag)
    assert project.changes()["build.web"]["action"] == "update"
    project.apply()
    assert project.engine.inspect_image(tag)["Id"] == second
    project.must_be_settled()


def test_a_build_has_as_many_names_as_it_is_given(project: Project) -> None:
    """Each is of the image that runs; one that is new, or was taken away, is the only thing that is planned."""
    one, two, three = (f"{project.name}-web:{number}" for number in (1, 2, 3))
    project.files(Dockerfile=DOCKERFILE, app__py="one")
    port = free_port()
    write(project, port, tag=one, tags=[two])
    project.apply()
    project.must_be_settled()
    write(project, port, tag=one, tags=[two, three])
    project.engine.remove_image(two)
    [build] = project.changes().values()
    assert (build["address"], build["action"]) == ("build.web", "update")
    assert [field["field"] for field in build["fields"]] == [f"tags.{two}", f"tags.{three}"]
    project.apply()
    assert {project.engine.inspect_image(name)["Id"] for name in (one, two, three)} == {
        project.container("web")["Image"]
    }
    project.must_be_settled()


def test_a_changed_argument_is_named_with_its_line(project: Project) -> None:
    project.files(Dockerfile=DOCKERFILE, app__py="one")
    write(project, free_port(), args={"GREETING": "hello"})
    project.apply()
    write(project, free_port(), args={"GREETING": "good day"})
    build = project.changes()["build.web"]
    line = project.lines["builds.web.args.GREETING"]
    assert [(field["field"], field["at"]) for field in build["fields"]] == [("args.GREETING", f"stack.yaml:{line}")]
    project.apply()
    assert project.inside("web", "cat", "/greeting") == (0, "good day\n")


def test_what_its_steps_have_goes_to_the_builder(project: Project) -> None:
    """Labels, network and hosts are named with their lines when they change; how much a step may share is no part of
    the image, nor is it whether it came from the cache.
    """
    lines = ("cat /etc/hosts > /hosts", "ls /sys/class/net > /net", "df -k /dev/shm > /shm")
    project.files(Dockerfile=f"FROM {BASE}\n" + "".join(f"RUN {line}\n" for line in lines))
    said = {
        "labels": {"tier": "a"},
        "network": "none",
        "extra_hosts": {"db": "10.1.2.3"},
        "shm_size": "128M",
        "no_cache": True,
    }

    def write(**changed: Any) -> None:
        project.write({"web": sleeper(image="web")}, builds={"web": {"context": "./web", **said, **changed}})

    write()
    project.apply()
    project.must_be_settled()
    web = project.container("web")
    assert web["Config"]["Labels"]["tier"] == "a"
    assert "10.1.2.3\tdb" in project.inside("web", "cat", "/hosts")[1]
    assert project.inside("web", "cat", "/net")[1].split() == ["lo"]
    assert "131072" in project.inside("web", "cat", "/shm")[1]
    write(shm_size="64M", no_cache=False)
    project.must_be_settled()
    for name, changed in (
        ("labels.tier", {"labels": {"tier": "b"}}),
        ("network", {"network": "host"}),
        ("extra_hosts.db", {"extra_hosts": {"db": "10.1.2.4"}}),
    ):
        write(**changed)
        (field,) = project.changes()["build.web"]["fields"]
        assert (field["field"], field["at"]) == (name, f"stack.yaml:{project.lines[f'builds.web.{name}']}")
    write(labels={"tier": "b"})
    project.apply()
    assert project.container("web")["Config"]["Labels"]["tier"] == "b"
    project.must_be_settled()


def test_files_of_any_name_and_kind_that_a_context_can_hold_come_to_the_image(project: Project) -> None:
    """And what none can hold is one clear error."""
    project.files(Dockerfile=f"FROM {BASE}\nCOPY . /src\n")
    folder = project.folder / "web"
    names = ["-rf", "with space", "new\nline", os.fsdecode(b"\xff\xfe"), "*", "run.sh"]
    for name in names:
        (folder / name).write_text("x")
    (folder / "run.sh").chmod(0o700)
    (folder / "link").symlink_to("/etc/../with space")
    (folder / "empty").mkdir()
    project.write({"web": sleeper(image="web")}, builds={"web": {"context": "./web"}})
    project.apply()
    found = os.fsdecode(project.printed("web", "sh", "-c", "cd /src; printf '%s/' * .[!.]*")).split("/")
    assert set(found) >= {*names, "link", "empty", "Dockerfile"}
    stat = ["stat", "-c", "%a %F", "/src/run.sh", "/src/-rf", "/src/empty", "/src/link"]
    assert project.inside("web", *stat)[1] == "755 regular file\n644 regular file\n755 directory\n777 symbolic link\n"
    assert project.inside("web", "readlink", "/src/link")[1] == "/etc/../with space\n"
    project.must_be_settled()
    os.mkfifo(folder / "pipe")
    result = project.run("plan")
    assert (result.code, result.err.count("error[")) == (65, 1)
    assert "web/pipe is a named pipe, which no build context can hold" in result.err


def test_an_image_is_built_again_when_it_was_removed(project: Project) -> None:
    """Removed by hand while its container runs: the plan says that a build is needed, the container stays."""
    project.files(Dockerfile=DOCKERFILE, app__py="one")
    write(project, free_port())
    project.apply()
    container = project.container("web")
    project.engine.remove_image(container["Config"]["Image"], force=True)
    assert project.changes()["build.web"]["action"] == "build"
    project.apply()
    project.must_be_settled()
