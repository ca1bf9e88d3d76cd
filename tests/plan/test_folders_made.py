"""A mount whose source is not there: the engine makes an empty folder for it, and the plan says so beforehand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.plan.model import Action, Plan
from deployer.plan.planner import make_plan
from deployer.render.plan_markdown import as_markdown
from deployer.render.plan_text import as_text
from tests.plan.conftest import Make
from tests.plan.fresh import NOTHING, changes_of, plan_of, with_container
from tests.upgrades.kept import FOLDER, kept

MADE = "nothing is there: an empty folder will be made"
THERE = replace(NOTHING, missing_paths=frozenset({"/srv/nosuch"}))


def stack(mount: str, more: str = "") -> str:
    return f"services: {{web: {{image: 'web:1', volumes: [{mount}]{more}}}}}\n"


def notes(plan: Plan) -> list[tuple[str, str]]:
    return list(changes_of(plan)["service.web[1]"].notes)


@pytest.mark.parametrize(
    ("mount", "made"),
    [
        ("'/srv/nosuch:/x:ro'", True),
        ("{type: bind, source: /srv/nosuch, target: /x}", True),
        ("'/srv/there:/x'", False),
        ("'nosuch:/x'", False),
    ],
)
def test_a_new_service_says_for_which_mount_a_folder_is_made(mount: str, made: bool) -> None:
    plan = plan_of(stack(mount) + "volumes: {nosuch: }\n", THERE)
    assert notes(plan) == ([("volumes./x", MADE)] if made else [])
    assert (MADE in as_text(plan), MADE in as_markdown(plan)) == (made, made)


def test_where_the_mount_itself_differs_it_is_said_at_that_line(container: Make) -> None:
    plan = plan_of(stack("'/srv/nosuch:/x'"), with_container(container(), THERE))
    (field,) = [each for each in changes_of(plan)["service.web[1]"].fields if each.field == "volumes./x"]
    assert MADE in field.note
    assert notes(plan) == []
    (line,) = [line for line in as_text(plan).splitlines() if "volumes./x" in line]
    assert MADE in line


def test_a_replacement_for_another_reason_says_it_too(container: Make) -> None:
    """The folder was there once, and the engine would begin with an empty one."""
    mounts = (("/x", ("bind", "/srv/nosuch", False, 0, 0)),)
    there = with_container(container(), THERE, volumes=mounts)
    plan = plan_of(stack("'/srv/nosuch:/x'", ", user: '1000'"), there)
    assert notes(plan) == [("volumes./x", MADE)]


def test_a_container_that_stays_says_nothing() -> None:
    """What it mounts is what was there when it was made."""
    found = kept("changes")
    found.text = found.text.replace("\n  mounts:\n", "\n  mounts:\n    mem_limit: 64M\n")
    observed = replace(found.observed, missing_paths=frozenset({f"{FOLDER}/conf"}))
    (change,) = make_plan(found.desired, observed, found.stack.place).changes
    assert (change.address, change.action, change.notes) == ("service.mounts[1]", Action.UPDATE, ())
