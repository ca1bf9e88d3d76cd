"""What a plan makes of the names that services give their containers."""

from __future__ import annotations

import pytest

from deployer.plan.model import Action, Call, Cause, Plan
from tests.plan.test_followers import changed, field_of, plan, running, told, wanted


def calls(found: Plan, address: str) -> list[str]:
    (change,) = (each for each in found.changes if each.address == address)
    return [str(step) for step in change.steps]


def test_another_name_is_a_rename_and_no_more():
    found = changed("web: container_name: one", "web: container_name: two")
    assert told(found) == {"service.web[1]": (Action.RENAME, [("container_name", "two", "")])}
    assert field_of(found, "service.web[1]").causes == (Cause.EDIT,)
    assert calls(found, "service.web[1]") == ["rename one to two"]


def test_a_name_that_is_said_at_last_is_an_edit():
    found = changed("web: tty: false", "web: container_name: one")
    assert field_of(found, "service.web[1]").causes == (Cause.EDIT,)
    assert calls(found, "service.web[1]") == ["rename shop-web-1 to one"]


def test_a_name_that_is_taken_out_is_the_usual_one_again():
    found = changed("web: container_name: one", "web: tty: false")
    assert told(found) == {"service.web[1]": (Action.RENAME, [("container_name", None, "")])}
    assert calls(found, "service.web[1]") == ["rename one to shop-web-1"]


def test_the_usual_name_may_be_said():
    """It is no difference whether or not it is."""
    assert changed("web: tty: false", "web: container_name: shop-web-1").is_empty


def test_a_new_container_takes_the_new_name_at_its_end():
    found = changed("web: container_name: one", "web: container_name: two, tty: true")
    assert calls(found, "service.web[1]") == [
        "create two.next",
        "stop one",
        "start two.next",
        "wait until ready two.next",
        "remove one",
        "rename two.next to two",
    ]


def test_links_follow_a_name():
    """The engine keeps the name that a link was made with."""
    found = changed(
        "db: container_name: one\nweb: links: ['db:base']", "db: container_name: two\nweb: links: ['db:base']"
    )
    assert told(found) == {
        "service.db[1]": (Action.RENAME, [("container_name", "two", "")]),
        "service.web[1]": (Action.UPDATE, [("links", "db (renamed)", "its container is to be called two")]),
    }
    assert field_of(found, "service.web[1]").causes == (Cause.DEPENDENCY,)


def test_who_is_in_the_network_of_a_renamed_one_stays():
    services = "db: container_name: one\nweb: network_mode: 'service:db'\nreader: volumes_from: [db]"
    assert set(told(changed(services, services.replace("one", "two")))) == {"service.db[1]"}


def test_names_are_traded_by_way_of_a_third():
    """Each gives its own up before it takes the other's."""
    found = changed("a: container_name: one\nb: container_name: two", "a: container_name: two\nb: container_name: one")
    assert calls(found, "service.a[1]") == ["rename one to two.next", "rename two.next to two"]
    assert set(found.edges) == {((0, 0), (1, 1)), ((1, 0), (0, 1))}
    assert len({change.group for change in found.changes}) == 1


@pytest.mark.parametrize("edit", ["container_name: two, tty: true", "container_name: two, user: '1000'"])
def test_who_follows_the_one_that_it_trades_names_with_has_its_own_only_when_it_is_ready(edit: str):
    """The old container gives its name up at its removal, which waits for all that follow it."""
    follows = "depends_on: {db: {condition: service_started, restart: true}}"
    before = f"db: container_name: one\nweb: container_name: two, {follows}"
    found = changed(before, f"db: {edit}\nweb: container_name: one, {follows}")
    assert calls(found, "service.web[1]") == [
        "rename two to one.next",
        "stop two",
        "start two",
        "wait until ready two",
        "rename one.next to one",
    ]
    assert calls(found, "service.db[1]")[-2:] == ["remove one", "rename two.next to two"]


def test_an_orphan_keeps_its_name_until_who_gets_it_is_ready():
    """The new one is made under another name: until it is ready, nothing is removed."""
    found = changed("old: container_name: one", "new: container_name: one")
    new, old = found.changes
    assert [str(step) for step in new.steps] == [
        "create one.next",
        "start one.next",
        "wait until ready one.next",
        "rename one.next to one",
    ]
    removed = next(number for number, step in enumerate(old.steps) if step.call is Call.REMOVE)
    assert {((0, 2), (1, removed)), ((1, removed), (0, 3))} <= set(found.edges)


def test_a_container_that_only_lacks_its_name_is_a_recovery():
    """A dead run had made it beside the one that had the name then."""
    stack = wanted("web: container_name: one")
    inspects = [{**each, "Name": "/one.next"} for each in running(stack)]
    found = plan(stack, inspects)
    assert told(found) == {"service.web[1]": (Action.RECOVER, [("name", "one", "left so by an apply that died")])}
