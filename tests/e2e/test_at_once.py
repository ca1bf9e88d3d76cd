"""Two applies of one stack at once, of different contents: what is there in the end is one of them, never a mixture."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.e2e.project import Project, ended, sleeper

pytestmark = pytest.mark.engine

PAIRS = 4


@pytest.mark.parametrize("seed", range(PAIRS))
def test_two_applies_at_once_never_mix(seed: int, project: Project) -> None:
    """Who comes second is busy, or waits and then carries out all of its own; the plan of who ended last is empty."""
    chance = random.Random(seed)
    files = {text: written(project, text) for text in ("red", "blue")}
    project.write({"web": sleeper(), "api": sleeper(depends_on=["web"]), "job": sleeper()})
    if chance.random() < 0.7:
        project.apply()
    patient = chance.random() < 0.5
    options = ["--lock-timeout", "2m"] if patient else []
    first = project.start("apply", str(files["red"]), "--yes", *options)
    time.sleep(chance.uniform(0, 2.5))
    second = project.start("apply", str(files["blue"]), "--yes", *options)
    codes = [ended(first).code, ended(second).code]

    assert set(codes) <= ({0} if patient else {0, 75})
    assert 0 in codes
    settled = [text for text, file in files.items() if project.run("plan", str(file), "--detailed-exitcode").code == 0]
    assert len(settled) == 1
    colours = {project.container(name)["Config"]["Labels"]["colour"] for name in ("web", "api", "job")}
    assert colours == set(settled)
    assert project.containers() == {project.container_name(name) for name in ("web", "api", "job")}
    unended = [name for name in project.records() if f"{name.removesuffix('.done')}.done" not in project.records()]
    assert unended == []


def written(project: Project, colour: str) -> Path:
    labels = {"colour": colour}
    project.write(
        {
            "web": sleeper(labels=labels),
            "api": sleeper(labels=labels, depends_on=["web"]),
            "job": sleeper(labels=labels),
        }
    )
    return (project.folder / "stack.yaml").rename(project.folder / f"{colour}.yaml")
