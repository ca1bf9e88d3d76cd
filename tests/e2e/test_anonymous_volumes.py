"""Volumes without a name hold data too."""

from __future__ import annotations

import pytest

from tests.e2e.project import BASE, Project, sleeper

pytestmark = pytest.mark.engine


def test_the_data_of_an_anonymous_volume_survives_replacements(project: Project) -> None:
    """They go over to the successor by name, twice too; a failed replacement loses nothing either."""
    project.files(Dockerfile=f"FROM {BASE}\nVOLUME /data\n")

    def write(**fields: object) -> None:
        project.write({"db": sleeper(image="db", **fields)}, builds={"db": {"context": "./web"}})

    write()
    project.apply()
    volume = project.container("db")["Mounts"][0]["Name"]
    assert project.inside("db", "sh", "-c", "echo precious > /data/it")[0] == 0
    for user in ("1000", "1001"):
        write(user=user)
        project.apply()
        assert project.inside("db", "cat", "/data/it") == (0, "precious\n")
        assert [mount["Name"] for mount in project.container("db")["Mounts"]] == [volume]
        project.must_be_settled()
    write(command=["sh", "-c", "exit 1"])
    project.apply(code=1)
    assert project.inside("db", "cat", "/data/it") == (0, "precious\n")
