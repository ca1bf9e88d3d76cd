"""A volume without a name that stays when its container goes: nothing else tells that it is there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deployer.plan.containers import plan_removal
from deployer.plan.model import Change, LostData
from deployer.render.graph import Graph
from deployer.render.plan_html import as_html
from deployer.render.plan_json import as_json
from deployer.render.plan_markdown import as_markdown
from deployer.render.plan_text import as_text
from deployer.resources.applied import Applied
from deployer.resources.observed import ObservedContainer
from tests.plan.conftest import Make
from tests.plan.fresh import changes_of, plan_of, with_container

ID = "4f" * 32
STAYS = ("volumes./data", f"stays, with its data, until docker volume rm {ID}")
WEB = "services: {web: {image: 'web:1'}}\n"


def with_data(container: ObservedContainer, **host: Any) -> ObservedContainer:
    raw = {**container.raw, "HostConfig": {**container.raw["HostConfig"], **host}}
    return replace(container, anonymous={"/data": ID}, raw=raw)


def removal(container: ObservedContainer, **asked: Any) -> Change:
    return plan_removal(container, "a test", **asked).change


def test_what_a_removed_service_leaves_is_told_in_every_form(container: Make):
    plan = plan_of(WEB, with_container(with_data(container("old"))))
    assert changes_of(plan)["service.old[1]"].notes == (STAYS,)
    (told,) = [each for each in json.loads(as_json(plan))["changes"] if each["address"] == "service.old[1]"]
    assert told["notes"] == [": ".join(STAYS)]
    assert all(ID in form for form in (as_text(plan), as_markdown(plan), as_html(plan, Graph("shop", (), ()))))


def test_one_replica_less_leaves_its_own(container: Make):
    there = with_container(with_data(container("web", 2)), with_container(container("web", 1)))
    assert changes_of(plan_of(WEB, there))["service.web[2]"].notes == (STAYS,)


def test_who_can_take_it_along_is_told_how(container: Make):
    """As `destroy` and `rm` can, and were not asked to."""
    assert removal(with_data(container()), data=False).notes == (
        (STAYS[0], f"{STAYS[1]}; to remove it, too: --volumes"),
    )


def test_what_is_taken_along_does_not_stay(container: Make):
    gone = removal(with_data(container()), data=True)
    assert (gone.notes, gone.loses) == ((), (LostData(ID),))


def test_beside_one_that_is_protected_it_stays(container: Make):
    kept = removal(with_data(container()), data=True, protected={ID})
    assert (kept.notes, kept.loses) == ((STAYS,), ())


@pytest.mark.parametrize(("status", "goes"), [("running", True), ("exited", False)])
def test_the_engine_takes_it_along_where_it_removes_the_container_as_that_stops(
    status: str, goes: bool, container: Make
):
    """`docker run --rm` takes volumes without a name away, so their data is told to go."""
    change = removal(with_data(container(status=status), AutoRemove=True), data=False)
    assert (change.loses == (LostData(ID),), change.notes == ()) == (goes, goes)


def test_a_new_container_that_does_not_take_it_over_leaves_it(container: Make):
    """The stack file asked for it once, and no longer does."""
    nameless = ("volume", "", False, 0, 0)
    old = replace(with_data(container()), applied=Applied("web:1", {"volumes": {"/data": list(nameless)}}))
    there = with_container(old, volumes=(("/data", nameless),))
    assert changes_of(plan_of(WEB, there))["service.web[1]"].notes == (STAYS,)


def test_a_new_container_that_takes_it_over_leaves_nothing(container: Make):
    there = with_container(with_data(container()), user="1000")
    assert changes_of(plan_of(WEB, there))["service.web[1]"].notes == ()
