"""What of a replacement needs it, what runs again, and what a volume that is taken away leaves."""

from __future__ import annotations

import pytest

from deployer.fields.container import BY_NAME
from deployer.fields.field import Context, Effect
from deployer.plan.model import Action, Cause, Change
from deployer.plan.takes import takes
from deployer.render.plan_text import as_text
from tests.plan.conftest import Make
from tests.plan.fresh import changes_of, plan_of, with_container
from tests.upgrades.kept import Kept, kept

NEEDS_IT = "needs a new container"


@pytest.fixture
def applied() -> Kept:
    """A stack as it stands on an engine, with the file that asked for it."""
    return kept("masked")


def change_of(kept: Kept, address: str, before: str, after: str) -> Change:
    """What an edit of the file comes to."""
    assert before in kept.text
    kept.text = kept.text.replace(before, after)
    return next(each for each in kept.plan.changes if each.address == address)


def test_of_several_fields_those_that_need_a_new_container_say_so(applied: Kept) -> None:
    """The others could be changed in place, if it were for them alone."""
    applied.text = applied.text.replace("mem_limit: 48M", "mem_limit: 64M").replace("mem_limit: 32M", "mem_limit: 64M")
    change = change_of(applied, "service.web[1]", "MODE: production", "MODE: trial")
    notes = {field.field: field.note for field in change.fields}
    assert notes["environment.MODE"] == NEEDS_IT
    assert NEEDS_IT not in notes["mem_limit"]
    assert NEEDS_IT in as_text(applied.plan)


def test_replicas_of_one_service_say_so_alike(container: Make) -> None:
    """Though of one of them nothing else differs: somebody has given it that limit already."""
    stack = "services: {web: {image: 'web:1', user: '1000', mem_limit: 64m, scale: 2}}\n"
    there = with_container(container("web", 2), with_container(container("web", 1), mem_limit=64 * 1024 * 1024))
    changes = changes_of(plan_of(stack, there))
    said = [[each.note for each in changes[f"service.web[{n}]"].fields if each.field == "user"] for n in (1, 2)]
    assert said == [[NEEDS_IT], [NEEDS_IT]]


def test_replicas_are_planned_in_the_order_of_their_numbers(container: Make) -> None:
    """Where one in the middle is gone, too."""
    stack = "services: {web: {image: 'web:1', scale: 3}}\n"
    plan = plan_of(stack, with_container(container("web", 3), with_container(container("web", 1))))
    services = [address for address in changes_of(plan) if address.startswith("service.")]
    assert services == ["service.web[1]", "service.web[2]", "service.web[3]"]


MADE_IN_IT = "it was made in this network, and would not start again outside of it"
ORDER = "only a new container joins in this order"
FRONT, DEFAULT = "      front:\n        aliases:\n        - www\n", "      default: {}\n"


@pytest.mark.parametrize(
    ("service", "before", "after", "action", "note"),
    [
        ("attached", DEFAULT, "", Action.REPLACE, MADE_IN_IT),
        ("attached", FRONT, "", Action.UPDATE, ""),
        (
            "attached",
            DEFAULT,
            "      default: {priority: 9}\n",
            Action.REPLACE,
            "only a new container joins in this order",
        ),
        ("web", "    mem_limit: 48M\n", "", Action.REPLACE, "cannot be unset in place"),
        ("web", "    mem_limit: 48M\n", "    mem_limit: 64M\n", Action.UPDATE, ""),
        ("plain", "    user: '1000'\n", "", Action.REPLACE, ""),
    ],
)
def test_what_is_often_done_in_place_says_what_forces_a_new_container(
    service: str, before: str, after: str, action: Action, note: str
) -> None:
    """What always needs one says nothing of it."""
    change = change_of(kept("changes"), f"service.{service}[1]", before, after)
    assert change.action is action
    assert [field.note for field in change.fields] == [note]


def test_a_mac_address_of_its_own_forces_a_new_container() -> None:
    """In that network, and for other links, which are a part of each network."""
    fixed = ("web", ("mac_address", "02:42:ac:11:00:02"))
    asked = {"mac_address": "", "networks": (("default", fixed),)}
    forced = (Effect.REPLACE, "only a new container is given a MAC address")
    assert takes(BY_NAME["networks"], "default", ("web",), fixed, asked, {}, Context()) == forced
    assert takes(BY_NAME["links"], "", frozenset(), frozenset({"db"}), asked, {}, Context()) == forced


def test_where_all_of_them_need_it_none_says_so(applied: Kept) -> None:
    change = change_of(applied, "service.mounts[1]", "./conf:/etc/shop:ro", "./conf:/etc/shop")
    assert [field.note for field in change.fields] == [""]


def test_what_runs_once_runs_again(applied: Kept) -> None:
    """Nobody misses it while it is replaced; what matters is that it runs."""
    waits = "  replicas:\n    depends_on: {once: {condition: service_completed_successfully}}\n"
    applied.text = applied.text.replace("  replicas:\n", waits, 1)
    change = change_of(applied, "service.once[1]", "- 'true'", "- 'false'")
    assert change.detail == "runs again"


def test_a_volume_that_is_taken_away_leaves_the_images_own(applied: Kept) -> None:
    """The service begins there with nothing, which is not to be missed by who reads the plan."""
    for image in applied.state["images"]:
        image["Config"]["Volumes"] = {"/var/lib/data": {}}
    change = change_of(applied, "service.mounts[1]", "    - data:/var/lib/data\n", "")
    [field] = change.fields
    assert (field.field, field.after) == ("volumes./var/lib/data", None)
    assert field.note == "a new, empty volume of the image's comes there"


def test_a_network_that_is_made_anew_and_joined_otherwise_is_one_field(applied: Kept) -> None:
    """With the values of the edit, and both reasons."""
    applied.text = applied.text.replace("        - www\n", "        - web\n")
    change = change_of(applied, "service.attached[1]", "  front: {}", "  front: {internal: true}")
    (front,) = [each for each in change.fields if each.field == "networks.front"]
    assert (front.before, front.after) == ("connected as attached, www", "connected as attached, web")
    assert front.causes == (Cause.EDIT, Cause.DEPENDENCY)
    assert front.effect is Effect.REPLACE
    assert "; and with network.front" in as_text(applied.plan)
