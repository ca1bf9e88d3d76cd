"""A stack whose record is too large for one volume is recorded, shown, gone back to and forgotten as any other."""

from __future__ import annotations

import random

import pytest

from tests.e2e.project import Project, sleeper

pytestmark = pytest.mark.engine

SERVICES = 300


def written(project: Project, mode: str) -> None:
    """Three hundred services of which one runs, each with a kilobyte that cannot be made shorter."""
    chance = random.Random(1)
    some = {
        f"s{number}": sleeper(environment={"NOISE": chance.randbytes(600).hex()}, deploy={"replicas": 0})
        for number in range(SERVICES - 1)
    }
    project.write({**some, "web": sleeper(environment={"MODE": mode})})


def pieces(project: Project) -> dict[str, int]:
    """How many volumes each record has."""
    of_records = [name.partition(".deployer.")[2].split(".")[0] for name in project.records() if ".done" not in name]
    return {record: of_records.count(record) for record in of_records}


def test_a_record_lies_in_as_many_volumes_as_it_takes(project: Project) -> None:
    for mode in ("one", "two", "three"):
        written(project, mode)
        project.apply()
    assert set(pieces(project)) == {"r1", "r2", "r3"}
    assert min(pieces(project).values()) > 1

    assert project.run("history", "show", "1").out.count("NOISE") == SERVICES - 1
    assert "services.web.environment.MODE" in project.run("diff", "1", "3").out

    assert project.run("rollback", "--to", "1", "--yes").code == 0
    assert "MODE=one" in project.container("web")["Config"]["Env"]

    written(project, "four")
    project.apply("--keep-revisions", "1")
    assert len(pieces(project)) < 4

    project.destroy()
    assert project.records() == set()
