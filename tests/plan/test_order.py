"""What is done before what."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from deployer.errors import InvalidStack
from deployer.plan import order
from deployer.plan.groups import groups_of
from deployer.plan.model import Action, Call, Step

REPLACE = (Call.CREATE, Call.STOP, Call.START, Call.AWAIT_READY, Call.REMOVE, Call.RENAME)
CREATE = (Call.CREATE, Call.START, Call.AWAIT_READY)
REMOVE = (Call.STOP, Call.REMOVE)
ANY = ("", 8080, "tcp")
OTHER = ("", 9090, "tcp")


def service(name):
    return SimpleNamespace(name=name)


def named(drafts):
    """The edges, as `address call -> address call`."""

    def at(step):
        change = drafts[step[0]].change
        return f"{change.address} {change.steps[step[1]].call}"

    return [f"{at(one)} -> {at(other)}" for one, other in order.edges(drafts, groups_of(drafts))]


def test_a_container_is_created_after_its_image_is_built(draft):
    """A build comes before the create, and before anything that stops."""
    drafts = [
        draft("build.web", Action.BUILD, Call.BUILD),
        draft("service.web[1]", Action.REPLACE, *REPLACE, image="build.web"),
    ]
    assert named(drafts) == ["build.web build -> service.web[1] create"]


def test_a_build_begins_after_those_that_it_starts_from(draft):
    """All of their steps, their further tag too; one that is not built needs no waiting for."""
    drafts = [
        draft("build.web", Action.BUILD, Call.PULL, Call.BUILD, starts_from=frozenset({"build.base", "build.there"})),
        draft("build.base", Action.BUILD, Call.BUILD, Call.TAG),
        draft("build.other", Action.BUILD, Call.BUILD),
    ]
    assert named(drafts) == ["build.base tag -> build.web build"]


def test_old_images_go_after_all_else(draft):
    """And one after the other."""
    drafts = [
        draft("build.web:1", Action.REMOVE, Call.REMOVE_IMAGE),
        draft("service.web[1]", Action.CREATE, Call.CREATE, Call.START),
        draft("revision.1", Action.RECOVER),
        draft("build.web:2", Action.REMOVE, Call.REMOVE_IMAGE),
    ]
    assert named(drafts) == [
        "build.web:1 remove image -> build.web:2 remove image",
        "service.web[1] start -> build.web:1 remove image",
        "service.web[1] start -> build.web:2 remove image",
    ]


def test_a_container_is_created_after_its_network_and_its_volume(draft):
    """What a container is created with is there first."""
    drafts = [
        draft("network.front", Action.CREATE, Step(Call.CREATE_NETWORK, "shop_front")),
        draft("volume.data", Action.CREATE, Step(Call.CREATE_VOLUME, "shop_data")),
        draft(
            "service.web[1]",
            Action.CREATE,
            *CREATE,
            networks=frozenset({"shop_front"}),
            volumes=frozenset({"shop_data"}),
        ),
    ]
    assert named(drafts) == [
        "network.front create network -> service.web[1] create",
        "volume.data create volume -> service.web[1] create",
    ]


@pytest.mark.parametrize(
    ("condition", "step"),
    [
        ("service_started", "start"),
        ("service_healthy", "wait until ready"),
        ("service_completed_successfully", "wait until ready"),
    ],
)
def test_a_service_starts_after_what_it_waits_for(draft, condition, step):
    """`started` waits for the start of the other, `healthy` and `completed` for the end of its wait."""
    drafts = [
        draft("service.db[1]", Action.CREATE, *CREATE, service=service("db")),
        draft("service.web[1]", Action.CREATE, *CREATE, service=service("web"), waits_for={"db": condition}),
    ]
    assert named(drafts) == [f"service.db[1] {step} -> service.web[1] start"]


def test_an_old_container_serves_until_what_the_new_one_waits_for_is_ready(draft):
    """A replacement stops the old one only after the dependency's wait, so that it is down as short as can be."""
    drafts = [
        draft("service.db[1]", Action.REPLACE, *REPLACE, service=service("db")),
        draft("service.web[1]", Action.REPLACE, *REPLACE, service=service("web"), waits_for={"db": "service_healthy"}),
    ]
    assert "service.db[1] wait until ready -> service.web[1] stop" in named(drafts)


def test_replicas_are_replaced_one_after_the_other(draft):
    """The second stops only after the first is whole again."""
    drafts = [draft(f"service.web[{number}]", Action.REPLACE, *REPLACE, service=service("web")) for number in (1, 2)]
    assert named(drafts) == ["service.web[1] rename -> service.web[2] stop"]


def test_who_trades_ports_stops_before_any_starts(draft):
    """Two services that take each other's port: what is new is made, both stop, then both start; none is removed before
    both are ready.
    """
    drafts = [
        draft("service.a[1]", Action.REPLACE, *REPLACE, gives=frozenset({ANY}), takes=frozenset({OTHER})),
        draft("service.b[1]", Action.REPLACE, *REPLACE, gives=frozenset({OTHER}), takes=frozenset({ANY})),
    ]
    assert groups_of(drafts) == ("service.a[1]", "service.a[1]")
    assert named(drafts) == [
        "service.a[1] create -> service.b[1] stop",
        "service.a[1] stop -> service.b[1] start",
        "service.a[1] wait until ready -> service.b[1] remove",
        "service.b[1] create -> service.a[1] stop",
        "service.b[1] stop -> service.a[1] start",
        "service.b[1] wait until ready -> service.a[1] remove",
    ]


ONE_SHOT = (Call.CREATE, Call.START, Call.AWAIT_COMPLETED)
TRADED = frozenset({ANY})


def test_a_group_stops_only_after_what_its_members_wait_for(draft):
    """Each of them, whoever of them it is that waits: a migration that fails has stopped nobody."""
    waits = {"job": "service_completed_successfully"}
    drafts = [
        draft("service.web[1]", Action.REPLACE, *REPLACE, service=service("web"), waits_for=waits, takes=TRADED),
        draft("service.old[1]", Action.REMOVE, *REMOVE, gives=TRADED),
        draft("service.job[1]", Action.CREATE, *ONE_SHOT, service=service("job")),
    ]
    before = {each for each in named(drafts) if each.endswith("] stop")}
    assert before >= {
        "service.job[1] wait until completed -> service.web[1] stop",
        "service.job[1] wait until completed -> service.old[1] stop",
        "service.web[1] create -> service.old[1] stop",
    }


def test_a_group_stops_only_after_its_images_are_there(draft):
    """Nobody stops for a build that fails, neither who has that image nor who trades with it."""
    drafts = [
        draft("service.web[1]", Action.REPLACE, *REPLACE, image="build.web", takes=TRADED),
        draft("service.old[1]", Action.REMOVE, *REMOVE, gives=TRADED),
        draft("build.web", Action.BUILD, Call.BUILD),
    ]
    assert {"build.web build -> service.web[1] create", "service.web[1] create -> service.old[1] stop"} <= {
        *named(drafts)
    }


def test_what_waits_for_a_group_itself_is_not_waited_for_before(draft):
    """A one-shot in the network that is made anew runs when that is there; what it waits for is ready before."""
    waits = {"job": "service_completed_successfully"}
    front = frozenset({"front"})
    off = (Call.STOP, Step(Call.DISCONNECT, "web", "front"), *CREATE, Call.REMOVE, Call.RENAME)
    network = (Step(Call.REMOVE_NETWORK, "front"), Step(Call.CREATE_NETWORK, "front"))
    healthy = {"db": "service_healthy"}
    drafts = [
        draft("network.front", Action.REPLACE, *network),
        draft("service.db[1]", Action.CREATE, *CREATE, service=service("db")),
        draft("service.job[1]", Action.CREATE, *ONE_SHOT, service=service("job"), networks=front, waits_for=healthy),
        draft("service.web[1]", Action.REPLACE, *off, service=service("web"), networks=front, waits_for=waits),
    ]
    assert groups_of(drafts)[0] == groups_of(drafts)[3] != groups_of(drafts)[2]
    found = named(drafts)
    assert "service.db[1] wait until ready -> service.web[1] stop" in found
    assert "service.job[1] wait until completed -> service.web[1] start" in found
    assert not [each for each in found if each.startswith("service.job[1]") and each.endswith(" stop")]


def test_addresses_that_cannot_meet_are_no_trade(draft):
    """The same port on two addresses of the host is two ports."""
    drafts = [
        draft("service.a[1]", Action.REPLACE, *REPLACE, gives=frozenset({("127.0.0.1", 80, "tcp")})),
        draft("service.b[1]", Action.REPLACE, *REPLACE, takes=frozenset({("127.0.0.2", 80, "tcp")})),
    ]
    assert groups_of(drafts) == ("service.a[1]", "service.b[1]")


def test_a_network_goes_after_all_that_use_it(draft):
    """*Leaves*: the removal of a network waits for its containers'."""
    drafts = [
        draft("network.front", Action.REMOVE, Step(Call.REMOVE_NETWORK, "shop_front")),
        draft("service.web[1]", Action.REMOVE, *REMOVE, leaves=frozenset({"shop_front"})),
    ]
    assert named(drafts) == ["service.web[1] remove -> network.front remove network"]


def test_a_service_goes_after_those_that_waited_for_it(draft, container):
    """Removal is the start turned round: the web goes before its database."""
    drafts = [
        draft("service.db[1]", Action.REMOVE, *REMOVE, old=container("db")),
        draft("service.web[1]", Action.REMOVE, *REMOVE, old=container("web"), waits_for={"db": "service_started"}),
    ]
    assert named(drafts) == ["service.web[1] remove -> service.db[1] stop"]


def test_one_that_goes_stops_before_a_new_one_starts_with_its_volume(draft, container):
    """The new one may be the same under another name: both would write to the data for as long as the old one ends."""
    data = {"volumes": frozenset({"shop_data"})}
    goes = draft("service.db[1]", Action.REMOVE, *REMOVE, old=container("db"), **data)
    comes = draft("service.base[1]", Action.CREATE, *CREATE, service=service("base"), **data)
    assert named([comes, goes]) == [
        "service.base[1] create -> service.db[1] stop",
        "service.base[1] wait until ready -> service.db[1] remove",
        "service.db[1] stop -> service.base[1] start",
    ]
    there = draft("service.backup[1]", Action.REPLACE, *REPLACE, old=container("backup"), **data)
    assert named([there, goes]) == []


def test_two_that_need_each_other_can_both_be_renamed(draft, container):
    """The old web stops, then its old database; the new database starts, then the new web."""
    old = {"old": container("web"), "waits_for": {"db": "service_started"}}
    new = {"service": service("site"), "waits_for": {"base": "service_started"}}
    drafts = [
        draft("service.base[1]", Action.CREATE, *CREATE, service=service("base"), takes=frozenset({ANY})),
        draft("service.site[1]", Action.CREATE, *CREATE, **new, takes=frozenset({OTHER})),
        draft("service.db[1]", Action.REMOVE, *REMOVE, old=container("db"), gives=frozenset({ANY})),
        draft("service.web[1]", Action.REMOVE, *REMOVE, **old, gives=frozenset({OTHER})),
    ]
    assert {
        "service.web[1] stop -> service.db[1] stop",
        "service.db[1] stop -> service.base[1] start",
        "service.base[1] start -> service.site[1] start",
        "service.site[1] wait until ready -> service.web[1] remove",
    } <= {*named(drafts)}


AGAIN = (Call.STOP, Call.REMOVE, Call.CREATE, Call.START, Call.AWAIT_COMPLETED)


def test_a_one_shot_that_runs_again_goes_before_the_volume_is_made(draft):
    """Then it waits for what it depends on with its start alone: a stop that waited would close a circle."""
    job = {"service": service("job"), "forgets": frozenset({"volume.data"}), "waits_for": {"db": "service_healthy"}}
    drafts = [
        draft("volume.data", Action.CREATE, Step(Call.CREATE_VOLUME, "shop_data")),
        draft("service.db[1]", Action.CREATE, *CREATE, service=service("db"), volumes=frozenset({"shop_data"})),
        draft("service.job[1]", Action.REPLACE, *AGAIN, **job),
    ]
    assert named(drafts) == [
        "volume.data create volume -> service.db[1] create",
        "service.db[1] wait until ready -> service.job[1] start",
        "service.job[1] remove -> volume.data create volume",
    ]


def test_a_one_shot_is_removed_only_after_its_new_image_is_built(draft):
    """A build that fails loses nothing."""
    drafts = [
        draft("build.job", Action.BUILD, Call.BUILD),
        draft(
            "service.job[1]", Action.REPLACE, Call.REMOVE, *CREATE, image="build.job", forgets=frozenset({"volume.x"})
        ),
    ]
    assert "build.job build -> service.job[1] remove" in named(drafts)


def test_changes_that_wait_for_each_other_are_refused(draft):
    """A circle is an error that names its way round."""
    drafts = [
        draft("service.a[1]", Action.CREATE, *CREATE, service=service("a"), waits_for={"b": "service_healthy"}),
        draft("service.b[1]", Action.CREATE, *CREATE, service=service("b"), waits_for={"a": "service_healthy"}),
    ]
    with pytest.raises(InvalidStack, match=r"service.a\[1\] -> service.b\[1\] -> service.a\[1\]"):
        named(drafts)
