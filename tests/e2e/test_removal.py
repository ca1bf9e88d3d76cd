"""What a stack has is stopped as it asks to be when it is removed; what cannot go is named, and keeps nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from docker import APIClient

from tests.e2e.project import Project, networked
from tests.e2e.proxy import BROKEN, Instead, Proxy, Request

pytestmark = pytest.mark.engine


def ends_on(signal: str, says: str) -> dict[str, Any]:
    """A service that writes how it ended into its volume, and dies of nothing else while it may."""
    others = " ".join({"TERM", "USR1", "INT"} - {signal})
    script = f"trap '{says}; exit 0' {signal}; trap '' {others}; while :; do sleep 0.1; done"
    return {"command": ["sh", "-c", script], "volumes": ["data:/data"]}


def left_in(project: Project, engine: APIClient) -> str:
    """What the volume holds once the stack is gone."""
    host = engine.create_host_config(binds=[f"{project.name}_data:/data"])
    made = engine.create_container("busybox:1.37", ["cat", "/data/end"], host_config=host)["Id"]
    try:
        engine.start(made)
        engine.wait(made)
        return engine.logs(made).decode().strip()
    finally:
        engine.remove_container(made, force=True)


def test_the_signal_that_a_service_asks_for_stops_it(project: Project, engine: APIClient) -> None:
    end = ends_on("USR1", "echo asked-by-USR1 > /data/end")
    project.write({"web": networked(**end, stop_signal="SIGUSR1") | {"stop_grace_period": "1m"}}, volumes={"data": {}})
    project.apply()
    project.destroy()
    assert left_in(project, engine) == "asked-by-USR1"


def test_a_service_has_all_the_time_to_stop_that_it_asks_for(project: Project, engine: APIClient) -> None:
    """More than the ten seconds that the engine would give it."""
    end = ends_on("TERM", "sleep 11; echo done > /data/end")
    project.write({"web": networked(**end) | {"stop_grace_period": "2m"}}, volumes={"data": {}})
    project.apply()
    project.destroy()
    assert left_in(project, engine) == "done"


def test_what_cannot_be_removed_is_named_and_the_rest_goes(project: Project, proxy: Proxy) -> None:
    """Exit 1; once more, and nothing is left."""
    project.write({"web": networked(networks=["a"]), "db": networked(networks=["b"])}, networks={"a": {}, "b": {}})
    project.apply()
    kept = project.id_of("db")

    def refuse(request: Request) -> Instead | None:
        return BROKEN if request.method == "DELETE" and kept in request.path else None

    proxy.before = refuse
    result = project.destroy("--engine", proxy.url, code=1)
    assert f"could not remove container {project.container_name('db')}: the disk burns" in result.err
    assert "service.db[1]" in result.err
    assert "The next destroy goes on from here." in result.err
    assert result.told("done") == {"service.web[1]", "network.a"}
    assert "service.db[1]" in result.told("half done") | result.told("as before")
    assert "network.b" in result.told("not done")
    assert project.containers() == {project.container_name("db")}
    assert project.networks() == {f"{project.name}_b"}
    project.destroy()
    assert (project.containers(), project.networks(), project.records()) == (set(), set(), set())


def test_destroy_twice_is_no_error(project: Project) -> None:
    """Nor is it where there never was anything."""
    project.write({"web": networked()})
    project.destroy()
    project.apply()
    project.destroy()
    assert "Nothing to remove" in project.destroy().out


BROKEN_FILES = {
    "a syntax error": lambda text: text + "\n  ]: {",
    "a wrong key": lambda text: text.replace('"image"', '"imgae"', 1),
    "a missing env_file": lambda text: text.replace('"image"', '"env_file": "none.env"\n    "image"', 1),
    "a variable that is not set": lambda text: text.replace("busybox:1.37", "busybox:${NOT_SET_AT_ALL:?say it}"),
}


@pytest.mark.parametrize("case", BROKEN_FILES)
def test_a_stack_whose_file_is_broken_is_removed_by_its_name(case: str, project: Project) -> None:
    """Without the name, the message says how. What is another origin's is still left alone."""
    project.write({"web": networked()})
    project.apply()
    path = project.folder / "stack.yaml"
    path.write_text(BROKEN_FILES[case](path.read_text()))
    result = project.destroy(code=65)
    assert "to remove the stack without its file: deployer -p NAME destroy" in result.err
    assert project.containers()
    result = project.run("-p", project.name, "destroy", "--yes")
    assert result.code == 0, result.err
    assert "stack.yaml is wrong, so" in result.err
    assert (project.containers(), project.networks(), project.records()) == (set(), set(), set())


def test_a_stack_whose_secrets_are_gone_is_removed(project: Project) -> None:
    """None is read for it."""
    secret = project.folder / "secret.txt"
    secret.write_text("x")
    project.write({"web": networked(secrets=["key"])}, secrets={"key": {"file": "./secret.txt"}})
    project.apply()
    secret.unlink()
    project.destroy()
    assert (project.containers(), project.networks(), project.records()) == (set(), set(), set())


def test_a_broken_file_of_another_folder_removes_nothing(make_project: Any) -> None:
    """Its folder tells whose it is."""
    first, second = make_project("one"), make_project("two")
    first.write({"web": networked()})
    first.apply()
    (second.folder / "stack.yaml").write_text("services: [")
    result = second.run("-p", first.name, "destroy", "--yes")
    assert (result.code, "error[another-origin]" in result.err) == (65, True), result.err
    assert first.containers()
