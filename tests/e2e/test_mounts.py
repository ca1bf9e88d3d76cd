"""What is mounted from outside: folders that are missing, volumes that stay empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.project import Project, sleeper

pytestmark = pytest.mark.engine


def bind(source: Path, **options: object) -> dict[str, object]:
    return {"type": "bind", "source": str(source), "target": "/mnt", "bind": options}


def test_a_missing_folder_is_made_unless_that_is_forbidden(project: Project) -> None:
    """Forbidden, the replacement is refused before anything stopped."""
    made, missing = project.folder / "made", project.folder / "missing"
    project.write({"web": sleeper(volumes=[bind(made)])})
    assert "nothing is there: an empty folder will be made" in project.plan_text()
    project.apply()
    assert "nothing is there" not in project.plan_text("--all")
    assert made.is_dir()
    project.must_be_settled()
    before = project.container("web")
    project.write({"web": sleeper(volumes=[bind(missing, create_host_path=False)])})
    assert "bind-source-missing" in project.apply(code=65).err
    assert not missing.exists()
    assert project.container("web")["State"]["StartedAt"] == before["State"]["StartedAt"]
    missing.mkdir()
    project.apply()
    project.must_be_settled()


def test_what_is_below_a_bind_is_a_field_of_its_own(project: Project) -> None:
    """Each value is applied, no difference, and named by the plan alone; an engine that is too old is refused."""
    folder, flags = project.folder / "bound", {"disabled": "NonRecursive", "enabled": None}
    if project.api >= (1, 44):
        flags |= {"writable": "ReadOnlyNonRecursive", "readonly": "ReadOnlyForceRecursive"}
    shown = f"{folder}:/mnt:ro"
    for mode, flag in flags.items():
        before, now = shown, f"{folder}:/mnt:ro" + (f",recursive={mode}" if flag else "")
        folder.mkdir(exist_ok=True)
        project.write({"web": sleeper(volumes=[{**bind(folder, recursive=mode), "read_only": True}])})
        if mode != "disabled":
            (field,) = project.fields("service.web[1]").values()
            assert (field["field"], field["before"], field["after"]) == ("volumes./mnt", before, now)
        project.apply()
        project.must_be_settled()
        host = project.container("web")["HostConfig"]
        assert (host["Mounts"][0]["BindOptions"].get(flag) is True) if flag else not host.get("Mounts")
        shown = now
    if project.api < (1, 44):
        project.write({"web": sleeper(volumes=[{**bind(folder, recursive="readonly"), "read_only": True}])})
        refused = project.run("plan")
        assert refused.code == 65
        assert "services.web.volumes.0.bind.recursive needs Engine API 1.44" in refused.err


def test_a_named_volume_is_relabelled(project: Project) -> None:
    """Where there is no SELinux the engine takes the label and does nothing."""
    project.write({"web": sleeper(volumes=["data:/data:z"])}, volumes={"data": {}})
    project.apply()
    project.must_be_settled()
    assert project.container("web")["HostConfig"]["Binds"] == [f"{project.name}_data:/data:rw,z"]
    project.write({"web": sleeper(volumes=["data:/data:Z"])}, volumes={"data": {}})
    (field,) = project.fields("service.web[1]").values()
    assert (field["before"], field["after"]) == (f"{project.name}_data:/data:z", f"{project.name}_data:/data:Z")
    project.apply()
    project.must_be_settled()


def test_a_volume_can_stay_empty(project: Project) -> None:
    """Else it gets what the image has there; the flag is a field of its own."""
    data = {"data": {}, "empty": {}}
    project.write({"web": sleeper(volumes=["data:/etc"]), "db": sleeper(volumes=["empty:/etc:nocopy"])}, volumes=data)
    project.apply()
    project.must_be_settled()
    assert "passwd" in project.inside("web", "ls", "/etc")[1] or "group" in project.inside("web", "ls", "/etc")[1]
    assert "passwd" not in project.inside("db", "ls", "/etc")[1]
    project.write({"web": sleeper(volumes=["data:/etc"]), "db": sleeper(volumes=["empty:/etc"])}, volumes=data)
    (field,) = project.fields("service.db[1]").values()
    assert (field["before"], field["after"]) == (
        f"{project.name}_empty:/etc:nocopy",
        f"{project.name}_empty:/etc",
    )
