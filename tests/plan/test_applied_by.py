"""Drift is told from what the container was given, by the revision that gave it: not by the last one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.plan.applied_by import revision_of_row
from deployer.plan.model import Cause, Plan
from deployer.render.plan_text import as_text
from deployer.resources.applied import Applied
from deployer.resources.identity import REVISION
from deployer.resources.observed import ObservedContainer, ObservedImage
from deployer.resources.records import DIED, FAILED, SUCCEEDED, Record, Records
from tests.plan.conftest import Make
from tests.plan.fresh import NOTHING, changes_of, plan_of, with_container

MIB = 1024 * 1024


def db_made_by(make: Make, revision: str) -> ObservedContainer:
    made = make("db")
    return replace(made, raw={**made.raw, "Config": {"Labels": {REVISION: revision}}})


def records(*known: tuple[int, str, int | None]) -> Records:
    """By revision: what became of it, and the limit that the container has been given in place up to it."""
    kept = tuple(
        Record(number, result=result, updates={} if limit is None else {"id-of-shop-db-1": {"mem_limit": limit}})
        for number, result, limit in known
    )
    return Records(kept, "salt", updates=kept[-1].updates)


def test_a_revision_that_failed_or_left_the_container_alone_is_not_named(container: Make):
    there = replace(NOTHING, records=records((3, SUCCEEDED, None), (4, SUCCEEDED, None), (5, FAILED, None)))
    db = replace(db_made_by(container, "3"), applied=Applied("db:1", {"mem_limit": 64 * MIB}))
    plan = plan_of(
        {"services": {"db": {"image": "db:1", "mem_limit": "64m"}}}, with_container(db, there, mem_limit=48 * MIB)
    )
    (field,) = [each for each in changes_of(plan)["service.db[1]"].fields if each.field == "mem_limit"]
    assert (field.causes, field.applied_by) == ((Cause.DRIFT,), 3)
    assert "drift: was 64m when revision 3 was applied" in as_text(plan)


@pytest.mark.parametrize(
    ("known", "by"),
    [
        ([(3, SUCCEEDED, None), (4, SUCCEEDED, 48), (5, SUCCEEDED, 48)], 4),
        ([(3, SUCCEEDED, None), (4, SUCCEEDED, 32), (5, FAILED, 48), (6, SUCCEEDED, 48)], 5),
        ([(3, SUCCEEDED, None), (4, DIED, 48), (5, SUCCEEDED, 48)], 5),
        ([(8, SUCCEEDED, 48), (9, SUCCEEDED, 48)], 0),
        ([(3, SUCCEEDED, None), (4, DIED, 48)], 0),
    ],
    ids=["since", "by one that failed", "found by the next", "none is left that had it not", "died"],
)
def test_what_was_changed_in_place_is_of_the_revision_that_did_it(
    container: Make, known: list[tuple[int, str, int | None]], by: int
):
    """0 where the records do not tell."""
    assert revision_of_row(db_made_by(container, "3"), records(*known), "mem_limit") == by
    assert revision_of_row(db_made_by(container, "3"), records(*known), "restart") == 3


def test_a_label_that_names_no_revision_tells_nothing(container: Make):
    assert revision_of_row(db_made_by(container, "x"), Records(), "mem_limit") == 0


def image_causes(container: ObservedContainer, asked: str, *known: tuple[int, str]) -> tuple[tuple[Cause, ...], Plan]:
    """Of a database that runs db:1 as it was, where the newest of these revisions asked for the image."""
    images = {asked: ObservedImage("sha256:2", (), {})}
    told = (known[-1][0], {"db": known[-1][1]}) if known else (0, {})
    there = replace(NOTHING, images=images, asked=lambda: told)
    seen = replace(container, image_reference="db:1", applied=Applied("db:1", {}))
    plan = plan_of({"services": {"db": {"image": asked}}}, with_container(seen, there))
    (field,) = [each for each in changes_of(plan)["service.db[1]"].fields if each.field == "image"]
    return field.causes, plan


@pytest.mark.parametrize(
    ("asked", "known", "cause"),
    [
        ("db:2", [], Cause.EDIT),
        ("db:2", [(4, "db:1")], Cause.EDIT),
        ("db:2", [(4, "db:2")], Cause.IMAGE),
        ("db:1", [(4, "db:2")], Cause.EDIT),
        ("db:2", [(2, "db:2")], Cause.EDIT),
    ],
    ids=["nothing tells", "renamed now", "renamed then", "named back now", "before the container"],
)
def test_an_image_that_had_got_its_name_before_is_another_one_and_no_edit(
    container: Make, asked: str, known: list[tuple[int, str]], cause: Cause
):
    """As long as it was the same image, its container stayed, and knows the old name alone."""
    causes, plan = image_causes(db_made_by(container, "3"), asked, *known)
    assert causes == (cause,)
    assert ("the tag names another image now" in as_text(plan)) is (cause is Cause.IMAGE)


def test_what_runs_by_its_id_is_called_by_that(container: Make):
    """As after a rollback; and the whole of it would tell nobody more."""
    images = {"db:1": ObservedImage("sha256:2", (), {})}
    seen = replace(db_made_by(container, "3"), image_reference=f"sha256:{'3f' * 32}", image_id=f"sha256:{'3f' * 32}")
    plan = plan_of({"services": {"db": {"image": "db:1"}}}, with_container(seen, replace(NOTHING, images=images)))
    (field,) = [each for each in changes_of(plan)["service.db[1]"].fields if each.field == "image"]
    assert field.before == "sha256:3f3f3f3f3f3f"
