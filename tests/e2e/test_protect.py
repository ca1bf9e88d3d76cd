"""A volume that is protected outlives every command, until an apply has said that it need not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from docker import APIClient

from deployer.resources import identity
from tests.e2e.project import Project, Result, networked

pytestmark = pytest.mark.engine


def write(project: Project, volume: dict[str, Any], **fields: Any) -> None:
    project.write({"db": networked(volumes=["data:/data"], **fields)}, volumes={"data": volume})


@pytest.fixture
def guarded(project: Project) -> Project:
    """A stack whose protected volume holds something."""
    write(project, {"protect": True})
    project.apply()
    assert project.inside("db", "sh", "-c", "echo precious > /data/it")[0] == 0
    return project


def with_no_file(project: Project) -> Result:
    (project.folder / "stack.yaml").unlink()
    return project.run("-p", project.name, "destroy", "--volumes", "--yes")


def with_an_edited_file(project: Project) -> Result:
    write(project, {})
    return project.destroy("--volumes")


def with_its_file(project: Project) -> Result:
    return project.destroy("--volumes")


def twice(project: Project) -> Result:
    """The record that says so outlives the first."""
    with_no_file(project)
    return project.run("-p", project.name, "destroy", "--volumes", "--yes")


WAYS: tuple[tuple[Callable[[Project], Result], str], ...] = (
    (with_its_file, "stack.yaml:"),
    (with_an_edited_file, "revision 1"),
    (with_no_file, "revision 1"),
    (twice, "revision 2"),
)


@pytest.mark.parametrize(("way", "said"), WAYS, ids=lambda each: getattr(each, "__name__", ""))
def test_destroy_with_volumes_leaves_it(way: Callable[[Project], Result], said: str, guarded: Project) -> None:
    """All else goes; the plan says what protects it, and the records stay. Applied again, the data is there."""
    result = way(guarded)
    assert result.code == 0, result.err
    (line,) = (each for each in result.out.splitlines() if "volume.data" in each)
    assert line.strip().startswith("! volume.data")
    assert f"protected ({said}" in line
    assert (guarded.containers(), guarded.networks()) == (set(), set())
    assert guarded.volumes() == {f"{guarded.name}_data"}
    assert guarded.records()
    write(guarded, {"protect": True})
    guarded.apply()
    assert guarded.inside("db", "cat", "/data/it") == (0, "precious\n")
    guarded.must_be_settled()


def test_no_other_command_takes_it_along(guarded: Project) -> None:
    guarded.run("rm", "--force", "--stop", "--volumes", "db")
    guarded.run("prune", "--yes", "--keep-builds", "0")
    guarded.write({"other": networked()})
    guarded.apply()
    assert "kept      no longer in the stack, protected (revision " in guarded.plan_text()
    assert guarded.volumes() == {f"{guarded.name}_data"}


def test_an_apply_without_protect_lets_it_go(guarded: Project) -> None:
    """Which it shows as a change, and for which nothing restarts."""
    started = guarded.container("db")["State"]["StartedAt"]
    write(guarded, {"protect": False})
    assert {address: each["action"] for address, each in guarded.changes().items()} == {"volume.data": "update"}
    (field,) = guarded.fields("volume.data").values()
    assert (field["field"], field["before"], field["after"], field["effect"]) == ("protect", "true", None, "none")
    guarded.apply()
    guarded.must_be_settled()
    assert guarded.container("db")["State"]["StartedAt"] == started
    guarded.destroy("--volumes")
    assert (guarded.volumes(), guarded.records()) == (set(), set())


def test_an_apply_that_fails_elsewhere_says_what_it_reached(guarded: Project) -> None:
    """Protection that comes with it holds, too."""
    more = {"data": {"protect": True}, "more": {"protect": True}}
    broken = networked(command=["no-such-command"], volumes=["data:/data", "more:/more"])
    guarded.write({"db": broken}, volumes=more)
    guarded.apply(code=1)
    (guarded.folder / "stack.yaml").unlink()
    guarded.run("-p", guarded.name, "destroy", "--volumes", "--yes")
    assert guarded.volumes() == {f"{guarded.name}_data", f"{guarded.name}_more"}


def test_a_rollback_takes_no_protection_away(project: Project) -> None:
    """Volumes are never rolled back, and what protects them is not, either."""
    write(project, {})
    project.apply()
    write(project, {"protect": True}, user="1000")
    project.apply()
    result = project.run("rollback", "--to", "1", "--yes")
    assert (result.code, "protect" in result.out) == (0, False), result.out + result.err
    (project.folder / "stack.yaml").unlink()
    project.run("-p", project.name, "destroy", "--volumes", "--yes")
    assert project.volumes() == {f"{project.name}_data"}


def test_records_that_were_removed_by_hand_leave_what_the_file_says(guarded: Project, engine: APIClient) -> None:
    for name in guarded.records():
        engine.remove_volume(name)
    guarded.destroy("--volumes")
    assert guarded.volumes() == {f"{guarded.name}_data"}
    assert {identity.is_record(name) for name in guarded.records()} == {True}
