"""top, stats, events, cp, export, commit, status --files, scale: what goes on in containers, and how many there are."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile

import pytest

from tests.e2e.project import BASE, ROOT, Project, ended, free_port, networked, page, sleeper

pytestmark = pytest.mark.engine


def binary(project: Project, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """A process of its own: a tar goes past Python's stdout."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "deployer", *arguments]
    return subprocess.run(
        command, cwd=project.folder, input=given, capture_output=True, env=environment, timeout=120, check=False
    )


def names_in(tar: bytes) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        return {name.rstrip("/") for name in opened.getnames()}


def test_what_goes_on_is_shown(project: Project) -> None:
    """Processes, use, events: of the services named, or of all."""
    exposed = {"publish_all": True, "expose": ["7003"]}
    project.write({"web": sleeper(), "db": networked(command=["sleep", "2000"], **exposed)})
    project.apply()
    published = project.run("port", "db").out
    assert published.startswith("7003/tcp -> 0.0.0.0:")
    assert f"{published.split(':')[1].strip()}->7003" in project.run("status").out

    shown = project.run("top", "web").out
    assert (project.container_name("web") in shown, "sleep 1000" in shown, "sleep 2000" in shown) == (True, True, False)
    usages = json.loads(project.run("stats", "--format", "json").out)["containers"]
    assert {each["service"]: each["pids"] for each in usages} == {"web": 1, "db": 1}
    assert "MEM USAGE / LIMIT" in project.run("stats", "web", "--no-stream").out

    project.run("restart")  # now: the engine keeps 256 events, those of other tests among them
    told = project.run("events", "--since", "1h", "--until", "0s", "--format", "json", "web")
    events = [json.loads(line) for line in told.out.splitlines()]
    assert {event["service"] for event in events} == {"web"}, told.err
    assert {"start", "die", "restart"} <= {event["action"] for event in events}
    assert "io.deployer" not in told.out
    assert f"{project.container_name('db')} start" in project.run("events", "--since", "1h", "--until", "0s").out


def test_a_command_whose_container_is_removed_meanwhile_has_not_done_its_work(project: Project) -> None:
    """As where an apply replaces it: the engine knows no such command any more, and 0 would be a lie."""
    project.write({"web": sleeper()})
    project.apply()
    process = project.start("exec", "-T", "web", "sh", "-c", "echo begun; sleep 1000")
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGSTOP)  # so that it asks for the exit code too late
    project.engine.remove_container(project.container_name("web"), force=True)
    process.send_signal(signal.SIGCONT)
    assert ended(process).code == 137


def test_files_go_in_and_out_as_docker_cp_has_it(project: Project) -> None:
    """A folder in a folder, its contents, a file under another name, a tar; never beside where it is meant to be."""
    script = (
        "mkdir /d /d/sub; echo one >/d/one; echo two >/d/sub/two; ln -s /etc/passwd /d/out; ln -s one /d/in; sleep 1000"
    )
    project.write({"web": sleeper(command=["sh", "-c", script])})
    project.apply()
    here = project.folder

    out = project.run("cp", "web:/d", ".")
    assert (out.code, (here / "d/sub/two").read_text(), (here / "d/in").is_symlink()) == (0, "two\n", True), out.err
    assert ("left out: d/out" in out.err, (here / "d/out").is_symlink()) == (True, False)
    assert project.run("cp", "web:/d/.", "as").code == 0
    assert (here / "as/one").read_text() == "one\n"
    assert project.run("cp", "-L", "web:/d/in", "file").code == 0
    assert (here / "file").read_text() == "one\n"

    (here / "d/new").write_text("new\n")
    assert project.run("cp", "d", "web:/tmp").code == 0
    assert project.run("cp", "d/.", "web:/srv").code == 0
    assert project.run("cp", "file", "web:/srv/other").code == 0
    assert project.inside("web", "cat", "/tmp/d/new", "/srv/new", "/srv/other") == (0, "new\nnew\none\n")
    assert project.inside("web", "stat", "-c", "%u", "/srv/other")[1] == "0\n"

    for wrong in (
        ("d", "web:/srv/other"),
        ("file", "web:/none/"),
        ("web:/none", "."),
        ("none", "web:/"),
        ("web:/d", "file"),
    ):
        told = project.run("cp", *wrong)
        assert (told.code, "copy-failed" in told.err) == (1, True), (wrong, told.err)
    assert project.run("cp", "file", "d").code == 64

    project.run("stop", "web")
    tar = binary(project, "cp", "web:/d/sub", "-").stdout
    assert names_in(tar) == {"sub", "sub/two"}
    assert binary(project, "cp", "-", "web:/var", given=tar).returncode == 0
    assert {"var/sub/two", "d/one"} <= names_in(binary(project, "export", "web").stdout)
    assert project.run("export", "web", "-o", "all.tar").code == 0
    assert "srv/other" in names_in((here / "all.tar").read_bytes())


def test_what_a_container_has_become_is_an_image(project: Project) -> None:
    """Its changed files are told; the image is nobody's replica, and a Dockerfile is told to begin with."""
    project.write({"web": sleeper(environment={"DB_PASSWORD": "s3cret"})})
    project.apply()
    project.inside("web", "sh", "-c", "echo hi >/greeting; rm /bin/vi; date >/tmp/passing")
    files = project.run("status", "--files", "--only", "web").out.splitlines()
    assert files[0] == project.container_name("web")
    assert {"  A /greeting", "  D /bin/vi", "  C /bin"} <= set(files)
    told = json.loads(project.run("status", "--files", "--format", "json").out)
    assert {"kind": "A", "path": "/greeting"} in told["containers"][0]["files"]

    name = f"{project.name}/tried"
    made = project.run("commit", "web", f"{name}:1", "-m", "by hand", "-a", "me", "-c", "ENV MORE=1")
    assert (made.code, made.out.startswith("sha256:")) == (0, True), made.err
    image = project.engine.inspect_image(f"{name}:1")
    assert (image["Author"], image["Comment"], "MORE=1" in image["Config"]["Env"]) == ("me", "by hand", True)
    assert {value for key, value in image["Config"]["Labels"].items() if "compose" in key or "deployer" in key} == {""}
    assert ("DB_PASSWORD" in made.err, "s3cret" in made.err) == (True, False)
    assert f"FROM {BASE}\n" in made.err
    assert "COPY ./greeting /greeting\nRUN rm -rf /bin/vi\n" in made.err
    assert "passing" not in made.err
    project.write({"web": sleeper(image=f"{name}:1", environment={"DB_PASSWORD": "s3cret"})})
    project.apply()
    assert project.inside("web", "cat", "/greeting") == (0, "hi\n")
    project.must_be_settled()


def test_a_scale_is_about_the_number_and_nothing_else(project: Project) -> None:
    """The file is told to disagree, the next plan goes back to it; what differs otherwise stays as it is."""
    project.write({"web": sleeper(), "db": page("db", free_port()), "idle": sleeper(scale=2)})
    project.apply()
    before = project.id_of("web"), project.id_of("db")
    project.write({"web": sleeper(user="1000"), "db": page("new", free_port()), "idle": sleeper(scale=2)})

    scaled = project.run("scale", "web=3", "idle=1")
    assert scaled.code == 0, scaled.err
    assert f"stack.yaml:{project.lines['services.idle.scale']} says 2 of idle: the next apply goes back" in scaled.err
    assert f"stack.yaml:{project.lines['services.web']} asks for 1 of web" in scaled.err
    assert "service.web[1] is not as the file has it, and stays as it is" in scaled.err
    assert (project.id_of("web"), project.id_of("db")) == before
    assert [project.container("web", number)["Config"]["User"] for number in (1, 2, 3)] == ["", "1000", "1000"]
    actions = {address: change["action"] for address, change in project.changes().items()}
    assert actions == {
        **{"service.web[1]": "replace", "service.db[1]": "replace"},
        **{"service.web[2]": "remove", "service.web[3]": "remove", "service.idle[2]": "create"},
    }
    project.run("stop", "web")
    assert project.run("scale", "web=1").code == 0
    assert (project.containers() & {project.container_name("web", 2)}, project.id_of("web")) == (set(), before[0])
    assert project.container("web")["State"]["Running"]
    fixed = project.run("scale", "db=2")
    assert (fixed.code, "fixed-port" in fixed.err) == (65, True), fixed.err
    assert (project.run("scale", "web").code, project.run("scale", "wbe=1").code) == (64, 64)
