"""When a one-shot runs again though nothing of it has changed."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from deployer.plan.model import Cause
from deployer.plan.one_shots import losses
from deployer.resources.applied import Applied
from deployer.resources.from_stack import desired
from tests.plan.fresh import changes_of, plan_of, with_container, with_volumes
from tests.stack.several import stack_of

DATA = ("/data", ("volume", "shop_data"))


def service(name, *volumes, depends_on=(), completes=False, may_exit=False):
    return SimpleNamespace(
        name=name,
        asked={"volumes": volumes},
        depends_on=dict.fromkeys(depends_on, "service_started"),
        completes=completes,
        may_exit=may_exit or completes,
        image=SimpleNamespace(address=f"image.{name}"),
    )


def lost(one_shot, container, *others, made=("shop_data",), there=(), declared=()):
    """The field and what is made anew, of each loss; `there` are the services that have a container."""
    services = {each.name: each for each in (one_shot, *others)}
    config = {"Volumes": {target: {} for target in declared}}
    standing = SimpleNamespace(raw={}, values={"volumes": ()}, applied=None)
    facts = SimpleNamespace(
        desired=SimpleNamespace(services=services),
        observed=SimpleNamespace(
            of_service=lambda name: [standing] if name in there else [],
            images={name: SimpleNamespace(config=config) for name in services},
        ),
        images={f"image.{name}": SimpleNamespace(reference=name) for name in services},
        made={name: f"volume.{name.removeprefix('shop_')}" for name in made},
    )
    return [(field.field, field.before) for _, field in losses(one_shot, container, facts)]


@pytest.fixture
def exited(container):
    return container("job", status="exited")


def test_a_volume_of_what_it_depends_on_is_a_loss_however_far_away(exited):
    """The plan names the dependency of its own through which it comes."""
    job = service("job", depends_on=["api"], completes=True)
    api, db = service("api", depends_on=["db"]), service("db", DATA)
    assert lost(job, exited, api, db) == [("depends_on.api", "volume.data")]


def test_a_volume_of_its_own_is_a_loss(exited):
    assert lost(service("job", DATA, completes=True), exited) == [("volumes", "volume.data")]


def test_a_volume_that_stays_is_none(exited):
    job, db = service("job", depends_on=["db"], completes=True), service("db", DATA)
    assert lost(job, exited, db, made=()) == []


def test_a_volume_that_an_image_declares_is_a_loss_where_no_container_has_it(exited):
    """A container hands it over to its successor by name; one that is mounted over is no volume."""
    job, db = service("job", depends_on=["db"], completes=True), service("db", DATA)
    declared = ("/data", "/more")
    assert lost(job, exited, db, made=(), declared=declared, there=("job", "db")) == []
    assert lost(job, exited, db, made=(), declared=declared, there=("job",)) == [
        ("depends_on.db", "the volume at /more")
    ]


def test_a_service_that_may_exit_and_runs_has_not_been_a_one_shot_yet(container):
    """What says restart: on-failure may just as well run for good."""
    job, db = service("job", depends_on=["db"], may_exit=True), service("db", DATA)
    assert lost(job, container("job"), db) == []
    assert lost(job, container("job", status="exited"), db) == [("depends_on.db", "volume.data")]


def test_a_volume_that_is_taken_away_from_what_it_depends_on_is_a_loss(container):
    """With or without another one in its place, of which the engine makes a new one: the database begins with nothing.
    One that is mounted in its place is there already.
    """
    text = "services:\n  db: {image: 'db:1', volumes: %s}\n"
    text += "  job: {image: 'job:1', depends_on: [db], restart: 'no'}\nvolumes: {data: , other: }\n"
    (was,) = mounts(text % "['data:/data']")
    there = with_container(container("db", 1), with_volumes("data", "other"), volumes=(was,))
    there = with_container(container("job", 1, status="exited"), there)
    for taken in ("[]", "['/data']"):
        job = changes_of(plan_of(text % taken, there))["service.job[1]"]
        (field,) = [each for each in job.fields if each.causes == (Cause.DEPENDENCY,)]
        assert (field.field, field.before, field.after) == ("depends_on.db", "the volume at /data", "a new, empty one")
        assert job.detail == "runs again; its old container goes first"
    for stays in ("['data:/data']", "['other:/data']", "['./here:/data']"):
        plan = changes_of(plan_of(text % stays, there))
        assert not [each for each in plan["service.job[1]"].fields if each.causes == (Cause.DEPENDENCY,)]


def test_a_volume_without_a_name_that_the_image_declares_is_carried_over_and_no_loss(container):
    """So is one of which nobody knows whether the file asked for it."""
    text = "services:\n  db: {image: 'db:1', user: '1', volumes: %s}\n"
    text += "  job: {image: 'job:1', depends_on: [db], restart: 'no'}\n"
    (was,) = mounts(text % "['/data']")
    asked = Applied("db:1", {"volumes": {"/data": ["volume", "", False, 0, 0]}})
    db = replace(container("db", 1), applied=asked)
    declared = replace(db, raw={**db.raw, "Config": {"Labels": {}, "Volumes": {"/data": {}}}})
    job = container("job", 1, status="exited")
    for made, lost in ((declared, 0), (db, 1), (replace(db, applied=None), 0)):
        there = with_container(job, with_container(made, volumes=(was,)))
        fields = changes_of(plan_of(text % "[]", there))["service.job[1]"].fields
        assert len([each for each in fields if each.causes == (Cause.DEPENDENCY,)]) == lost


def mounts(text):
    """What the database of a stack file asks for."""
    return desired(stack_of({"stack.yaml": text}, name="shop"), "", {}).services["db"].asked["volumes"]
