"""Two at once on one stack: what is there in the end is what one of them wants, never a mixture."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.project import Project, ended, networked

pytestmark = pytest.mark.engine

PAIRS = int(os.environ.get("PAIRS", "6"))
KINDS = ("the same", "two versions", "with a destroy")
ALL = ("web", "api", "job")


@pytest.mark.parametrize("seed", range(PAIRS))
def test_two_at_once_never_mix(seed: int, project: Project, record_property: Callable[[str, object], None]) -> None:
    """Who comes second is busy and names the first, or waits and then does all of its own."""
    chance = random.Random(seed)
    kind, stands, patient = KINDS[seed % len(KINDS)], chance.random() < 0.7, chance.random() < 0.5
    red, blue = written(project, "red"), written(project, "blue")
    other = {"the same": ["apply", red], "two versions": ["apply", blue], "with a destroy": ["destroy", red]}[kind]
    project.write({"web": networked(), "api": networked(depends_on=["web"]), "job": networked()})
    if stands:
        project.apply()
    options = ["--yes", *(["--lock-timeout", "2m"] if patient else [])]
    pair = [["apply", red], other]
    chance.shuffle(pair)
    first = project.start(*pair[0], *options)
    time.sleep(chance.uniform(0, 2.5))
    second = project.start(*pair[1], *options)
    results = [ended(first), ended(second)]
    codes = [result.code for result in results]
    record_property("race", f"{kind}: {sorted(codes)}{' patient' if patient else ''}")

    assert set(codes) <= ({0} if patient else {0, 75}), results
    assert 0 in codes
    for result, process in zip(results, (second, first), strict=True):
        assert result.code == 0 or f"process {process.pid}" in result.err, result.err
    assert not any("Traceback" in result.err for result in results)
    there = {name: project.container(name)["Config"]["Labels"]["colour"] for name in ALL if has(project, name)}
    wanted = [dict.fromkeys(ALL, "red")]
    wanted += [] if kind == "the same" else [dict.fromkeys(ALL, "blue") if kind == "two versions" else {}]
    assert there in wanted
    if there:
        assert project.run("plan", f"{there['web']}.yaml", "--detailed-exitcode").code == 0
    assert project.containers() == {project.container_name(name) for name in there}
    unended = [name for name in project.records() if f"{name.removesuffix('.done')}.done" not in project.records()]
    assert unended == []


def has(project: Project, service: str) -> bool:
    return project.container_name(service) in project.containers()


def written(project: Project, colour: str) -> str:
    """The file of that version."""
    labels = {"colour": colour}
    project.write(
        {
            "web": networked(labels=labels),
            "api": networked(labels=labels, depends_on=["web"]),
            "job": networked(labels=labels),
        }
    )
    file = Path(project.folder / "stack.yaml").rename(project.folder / f"{colour}.yaml")
    return file.name
