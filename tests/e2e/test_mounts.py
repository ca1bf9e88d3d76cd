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
    project.apply()
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
