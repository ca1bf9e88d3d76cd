"""A plan that is kept in a file is carried out as it was, or not at all."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.project import BASE, ROOT, Project, networked, sleeper

pytestmark = pytest.mark.engine

SECRET, VARIABLE = "hunter2-in-a-file", "hunter3-in-the-environment"


def saved(project: Project, *arguments: str) -> Path:
    result = project.run("plan", "--out", "plan.json", *arguments)
    assert result.code == 0, result.err
    assert result.err.endswith("deployer apply plan.json\n")
    return project.folder / "plan.json"


def refused(project: Project, code: str, *said: str) -> None:
    """Exit 75 with that code and these words, and nothing was written to the engine, no record either."""
    before = project.containers(), project.records()
    result = project.run("apply", "plan.json", "--yes")
    assert result.code == 75, result.err
    assert f"error[{code}]" in result.err
    for each in said:
        assert each in result.err
    assert (project.containers(), project.records()) == before


def test_it_is_carried_out_once(project: Project) -> None:
    """Shown as usual, done, and said well the second time."""
    project.write({"web": sleeper(mem_limit="32m")})
    path = saved(project)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    done = project.apply("plan.json")
    assert "1 creation" in done.out
    project.must_be_settled()
    refused(project, "plan-applied", "made at revision 0", "revision 1 now", "nothing left to do")


def test_what_moved_on_the_engine_is_named(project: Project) -> None:
    """Field by field; put back, the same file is carried out."""
    project.write({"web": sleeper(mem_limit="32m"), "db": sleeper()})
    project.apply()
    project.write({"web": sleeper(mem_limit="48m"), "db": sleeper()})
    saved(project)
    name = project.container_name("web")
    project.engine.update_container(name, mem_limit="64m", memswap_limit="128m")
    project.engine.pause(project.container_name("db"))
    refused(
        project,
        "plan-moved",
        "service.web[1]: mem_limit is 64m now, it was 32m when the plan was made",
        "service.db[1]: state is paused now, it was running when the plan was made",
    )
    project.engine.update_container(name, mem_limit="32m", memswap_limit="64m")
    project.engine.unpause(project.container_name("db"))
    project.apply("plan.json")
    assert project.container("web")["HostConfig"]["Memory"] == 48 << 20


def test_a_restart_in_between_changes_nothing_of_a_plan(project: Project) -> None:
    """Of a container that is replaced, updated or removed: it is the same one."""
    project.write({"web": networked(environment={"A": "1"}), "db": networked(), "old": networked()})
    project.apply()
    project.write({"web": networked(environment={"A": "2"}), "db": networked(mem_limit="48m")})
    saved(project)
    for service in ("web", "db", "old"):
        project.engine.restart(project.container_name(service), timeout=0)
    project.apply("plan.json")
    project.must_be_settled()


def test_of_what_goes_it_is_named_that_it_was_stopped(project: Project) -> None:
    """It has no field that says so; and of what is updated in place, which says so in a field."""
    project.write({"web": sleeper(), "old": sleeper()})
    project.apply()
    project.write({"web": sleeper(mem_limit="48m")})
    saved(project)
    project.engine.stop(project.container_name("old"), timeout=0)
    project.engine.stop(project.container_name("web"), timeout=0)
    refused(
        project,
        "plan-moved",
        "service.old[1]: state is exited (137) now, it was running when the plan was made",
        "service.web[1]: state is exited (137) now, it was running when the plan was made",
    )


def test_a_container_that_was_made_anew_is_another_one(project: Project) -> None:
    """Though all that the plan says of it is the same."""
    project.write({"web": sleeper(environment={"A": "1"})})
    project.apply()
    project.write({"web": sleeper(environment={"A": "2"})})
    path = saved(project)
    kept = path.read_text()
    project.write({"web": sleeper(environment={"A": "1"})})
    project.apply("--replace", "web")
    project.write({"web": sleeper(environment={"A": "2"})})
    assert path.read_text() == kept
    refused(project, "plan-moved", "service.web[1]: its container, its image or", "revision 2 has been applied since")


def test_an_image_that_moved_is_another_one(project: Project) -> None:
    """Of a new service, too, which has no field that says so; and what is mounted, where that lies elsewhere."""
    tag = f"{project.name}-app:1"
    project.engine.tag(BASE, f"{project.name}-app", "1")
    project.write({"web": sleeper(image=tag)})
    saved(project)
    other = project.engine.commit(project.engine.create_container(BASE, name=f"{project.name}-x")["Id"])["Id"]
    project.engine.remove_container(f"{project.name}-x")
    project.engine.tag(other, f"{project.name}-app", "1")
    refused(project, "plan-moved", "service.web[1]: its container, its image or where its mounts lie")


def test_each_source_that_changed_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stack file, env files, `.env`, secrets, configs, build inputs, variables: each by its name, none by its value."""
    project.files(Dockerfile=f"FROM {BASE}\nCOPY page /page\n", page="one")
    files = {".env": "TAG=1\n", "web.env": "A=1\n", "pw.txt": SECRET, "conf.txt": "c"}
    for name, content in files.items():
        (project.folder / name).write_text(content)
    monkeypatch.setenv("E2E_PASSWORD", VARIABLE)
    services = {
        "web": sleeper(image="web", environment={"T": "${TAG}", "P": "${E2E_PASSWORD}"}, env_file="web.env"),
        "db": sleeper(secrets=["pw"], configs=["conf"]),
    }
    outside = {"secrets": {"pw": {"file": "./pw.txt"}}, "configs": {"conf": {"file": "./conf.txt"}}}
    project.write(services, builds={"web": {"context": "./web"}}, **outside)
    text = saved(project).read_text()
    assert SECRET not in text
    assert VARIABLE not in text
    (project.folder / "web/page").write_text("two")
    for name, content in files.items():
        (project.folder / name).write_text(f"{content}#")
    monkeypatch.setenv("E2E_PASSWORD", "another")
    stack = project.folder / "stack.yaml"
    stack.write_text(f"{stack.read_text()}# a comment\n")
    named = ("stack.yaml", ".env", "web.env", "pw.txt", "conf.txt", "$E2E_PASSWORD", "build.web: context/page")
    refused(project, "plan-sources", *(f"note: {name} has changed" for name in named))
    stack.write_text("services: [")
    refused(project, "plan-sources", "note: stack.yaml has changed")
    stack.unlink()
    (project.folder / ".env").write_text(files[".env"])
    missing = project.run("apply", "plan.json", "--yes")
    assert (missing.code, "stack" in missing.err) == (64, True)


PROGRAM = """
import json, os, sys
opened = set()
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        opened.add(os.path.abspath(os.fsdecode(arguments[0])))
sys.addaudithook(hook)
from deployer.cli.app import run
code = run(sys.argv[1:])
print(json.dumps(sorted(opened)), file=sys.stderr)
sys.exit(code)
"""


def test_no_file_of_the_stack_is_read_that_is_no_source(project: Project) -> None:
    """What Python opens while a plan is made is what the plan says that it was made from."""
    project.files(Dockerfile=f"FROM {BASE}\nCOPY page /page\n", page="one", __dockerignore="x\n")
    for name in (".env", "web.env", "pw.txt"):
        (project.folder / name).write_text("A=1\n")
    build = {"web": {"context": "./web"}}
    services = {"web": sleeper(image="web", env_file="web.env", secrets=["pw"])}
    project.write(services, builds=build, secrets={"pw": {"file": "./pw.txt"}})
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "plan", "--out", "plan.json"],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    opened = {Path(each) for each in json.loads(done.stderr.splitlines()[-1])}
    read = {each for each in opened if each.is_relative_to(project.folder) and each.is_file()}
    sources = json.loads((project.folder / "plan.json").read_text())["saved"]["sources"]
    inputs = {f"web/{name.partition('/')[2]}" for name in sources if name.startswith("build.web: context/")}
    known = {project.folder / name for name in (*sources, *inputs)}
    ours = {each for each in opened if each.name.startswith(".plan.json.")} | {project.folder / "plan.json"}
    assert {each.name for each in read} >= {"stack.yaml", ".env", "web.env", "pw.txt", "Dockerfile"}
    assert read - known - ours == set()


def test_it_is_carried_out_in_another_checkout(make_project: Callable[..., Project]) -> None:
    """Of the same repository, under another path: files are named from the folder that deployer runs in."""
    one, other = make_project("one/co"), make_project("other/co")
    for checkout in (one, other):
        checkout.write({"web": sleeper(secrets=["pw"])}, secrets={"pw": {"file": "./pw.txt"}})
        (checkout.folder / "pw.txt").write_text(SECRET)
        git = checkout.folder / ".git"
        git.mkdir()
        (git / "HEAD").write_text("ref: refs/heads/main\n")
        (git / "config").write_text('[remote "origin"]\n  url = https://git.example/shop.git\n')
    path = saved(one)
    (other.folder / "artifacts").mkdir()
    path.rename(other.folder / "artifacts" / "plan.json")
    other.apply("artifacts/plan.json")
    other.must_be_settled()
    one.must_be_settled()


def test_what_shaped_it_is_kept_and_not_said_again(project: Project) -> None:
    """`--only`, `--replace` and their like are the plan's own; beside it they are refused."""
    project.write({"web": sleeper(), "db": sleeper()})
    project.apply()
    saved(project, "--replace", "web", "--only", "web")
    for argument in (["--only", "db"], ["--keep-orphans"], ["--project-name", "other"], ["--env-file", "x"]):
        result = project.run("apply", "plan.json", "--yes", *argument)
        assert (result.code, "is not said beside a saved plan" in result.err) == (64, True), result.err
    before = project.id_of("web"), project.id_of("db")
    project.apply("plan.json")
    assert project.id_of("web") != before[0]
    assert project.id_of("db") == before[1]


def test_a_plan_to_destroy_destroys(project: Project) -> None:
    project.write({"web": sleeper()})
    project.apply()
    saved(project, "--destroy")
    project.apply("plan.json")
    assert project.containers() == set()


def test_what_moves_while_one_is_asked_is_refused_too(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is planned again in the turn: what is not the plan any more is not carried out, whatever --yes says."""
    from deployer.reconcile import turn

    project.write({"web": sleeper(mem_limit="32m")})
    project.apply()
    project.write({"web": sleeper(mem_limit="48m")})
    saved(project)
    take = turn.take

    def late(*arguments: object, **more: object) -> object:
        project.engine.update_container(project.container_name("web"), mem_limit="64m", memswap_limit="128m")
        return take(*arguments, **more)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(turn, "take", late)
    result = project.run("apply", "plan.json", "--yes")
    assert (result.code, "mem_limit is 64m now, it was 32m" in result.err) == (75, True), result.err
    assert project.container("web")["HostConfig"]["Memory"] == 64 << 20
    monkeypatch.undo()
    project.apply()


def test_two_processes_give_the_same_bytes(project: Project) -> None:
    """Whatever order Python gives to sets of texts, and wherever nothing has changed."""
    fields = {"cap_add": ["NET_ADMIN", "SYS_TIME"], "dns": ["192.0.2.1", "192.0.2.2"], "expose": ["1", "2", "3"]}
    networks = {"a": {}, "b": {}, "c": {}}
    services = {name: sleeper(networks=["a", "b", "c"], **fields) for name in ("x", "y")}
    project.write(services, networks=networks)
    project.apply()
    changed = {name: {**service, "cap_add": ["NET_RAW", "SYS_PTRACE"]} for name, service in services.items()}
    project.write({**changed, "z": sleeper(**fields)}, networks={"a": {"labels": {"l": "1"}}, "b": {}, "c": {}})
    printed = {
        subprocess.run(
            [sys.executable, "-m", "deployer", "plan", "--format", "json", "--all"],
            cwd=project.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1
