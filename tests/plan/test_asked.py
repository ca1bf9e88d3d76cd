"""Where the stack file asks for what a plan makes, and what a reviewer of something new has to know of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deployer.plan.model import Cause, Change, Plan
from deployer.render.graph import Graph
from deployer.render.plan_html import as_html
from deployer.render.plan_json import as_json
from deployer.render.plan_markdown import as_markdown
from deployer.render.plan_text import as_text
from deployer.resources.from_stack import desired
from deployer.resources.records import SUCCEEDED, Record, Records
from tests.plan.conftest import Make
from tests.plan.fresh import NOTHING, changes_of, plan_of, with_container, with_volumes
from tests.stack.several import stack_of

SHOP = """services:
  web:
    image: web:1
    scale: 2
    networks: [front, default]
  db:
    image: db:1
    volumes:
      - data:/data
networks:
  front:
    internal: true
volumes:
  data: {}
"""


def lines(plan: Plan) -> dict[str, str | None]:
    return {name: change.at.line_reference if change.at else None for name, change in changes_of(plan).items()}


def row(plan: Plan, start: str) -> str:
    """The line of the plan's text that begins like this, with its spaces made one."""
    (found,) = [text for line in as_text(plan).splitlines() if (text := " ".join(line.split())).startswith(start)]
    return found


def test_what_is_made_has_the_line_of_its_key():
    """An image that of the service which runs it; the default network, of which the file says nothing, has none."""
    assert lines(plan_of(SHOP)) == {
        "image.web:1": "stack.yaml:3",
        "image.db:1": "stack.yaml:7",
        "network.front": "stack.yaml:11",
        "network.default": None,
        "volume.data": "stack.yaml:14",
        "service.web[1]": "stack.yaml:2",
        "service.web[2]": "stack.yaml:2",
        "service.db[1]": "stack.yaml:6",
    }


def test_the_line_is_in_every_form():
    plan = plan_of(SHOP)
    assert row(plan, "+ network.front").endswith("new stack.yaml:11")
    assert row(plan, "+ service.web[1..2]").endswith(" stack.yaml:2")
    assert row(plan, "+ network.default").endswith("; new")
    (told,) = [each for each in json.loads(as_json(plan))["changes"] if each["address"] == "network.front"]
    assert told["at"] == "stack.yaml:11"
    assert "<code>stack.yaml:11</code></summary>" in as_markdown(plan)
    assert "stack.yaml:11</span></summary>" in as_html(plan, Graph("shop", (), ()))


@pytest.mark.parametrize(("key", "at"), [("scale: 2", 4), ("deploy: {replicas: 2}", 4)])
def test_one_more_or_less_has_the_line_of_the_number(container: Make, key: str, at: int):
    text = SHOP.replace("scale: 2", key)
    more = plan_of(text, with_container(container("web", 1)))
    assert lines(more)["service.web[2]"] == f"stack.yaml:{at}"
    there = NOTHING
    for number in (1, 2, 3):
        there = with_container(container("web", number), there)
    assert row(plan_of(text, there), "- service.web[3]") == f"- service.web[3] remove the stack wants 2 stack.yaml:{at}"


def test_what_goes_has_no_line(container: Make):
    plan = plan_of(SHOP, with_container(container("old", 1), with_volumes("left")))
    assert lines(plan)["service.old[1]"] is None
    assert lines(plan)["volume.left"] is None


def new(keys: str, **variables: str) -> Change:
    plan = plan_of(f"services: {{web: {{image: 'web:1', {keys}}}}}\n" + _BESIDE, **variables)
    return changes_of(plan)["service.web[1]"]


_BESIDE = "networks: {front: , back: }\nsecrets: {token: {file: ./t}, key: {file: ./k}}\n"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("command: [serve, --port, 80]", 'command ["serve", "--port", "80"]'),
        ("entrypoint: [a], command: [b]", 'entrypoint ["a"], command ["b"]'),
        ("user: '1001'", "user 1001"),
        ("networks: [front, back]", "networks back front"),
        ("network_mode: none", "network_mode none"),
        ("secrets: [token, key]", "secrets key token"),
        ("mem_limit: 64m, cpus: 0.5", "mem_limit 64m, cpus 0.5"),
        ("deploy: {resources: {limits: {memory: 64m}}}", "deploy.resources.limits.memory 64m"),
        ("restart: always, environment: {A: b}", "restart always; also environment"),
        ("environment: {A: b}, labels: {a: b}", "environment, labels"),
        ("networks: [default]", ""),
        ("ports: ['80'], privileged: true, tmpfs: /a, container_name: front, cap_add: [SYS_ADMIN]", ""),
        ("security_opt: ['no-new-privileges:true']", "security_opt"),
        ("security_opt: ['seccomp:unconfined'], ipc: host", ""),
        ("command: 'serve ${API_TOKEN}'", "command (sensitive)"),
        (f"command: [{'a' * 100}]", f'command ["{"a" * 48}…'),
    ],
)
def test_a_new_container_says_what_else_it_has(keys: str, told: str):
    """What decides over what it does, with its values; of all else that is not on its line, that it is said."""
    assert new(keys, API_TOKEN="hunter2").settings == told


def test_a_reviewer_and_a_program_see_all_that_a_new_container_asks_for():
    """Each with its line; nothing that is sensitive."""
    keys = "environment:\n      MODE: live\n      DB_PASSWORD: hunter2\n    user: root"
    plan = plan_of(SHOP.replace("scale: 2", keys))
    (told,) = [each for each in json.loads(as_json(plan))["changes"] if each["address"] == "service.web[1]"]
    assert [(each["field"], each["before"], each["after"], each["at"]) for each in told["asks"]] == [
        ("image", None, "web:1", "stack.yaml:3"),
        ("environment.DB_PASSWORD", None, None, "stack.yaml:6"),
        ("environment.MODE", None, "live", "stack.yaml:5"),
        ("networks.default", None, "connected as web", "stack.yaml:8"),
        ("networks.front", None, "connected as web", "stack.yaml:8"),
        ("user", None, "root", "stack.yaml:7"),
    ]
    assert [each["sensitive"] for each in told["asks"]] == [False, True, False, False, False, False]
    assert told["fields"] == []
    for form in (as_markdown(plan), as_html(plan, Graph("shop", (), ())), as_text(plan, verbose=True)):
        assert "environment.MODE" in form
        assert "(sensitive)" in form
        assert "hunter2" not in form


def test_one_that_is_not_new_asks_for_nothing(container: Make):
    plan = plan_of(SHOP, with_container(container("old", 1)))
    assert changes_of(plan)["service.old[1]"].asks == ()


def test_a_new_service_on_a_volume_that_is_there_says_so():
    """It begins with the data that is in it; nobody takes it for a new database."""
    plan = plan_of(SHOP, with_volumes("data"))
    assert changes_of(plan)["service.db[1]"].notes == (("volume.data", "shop_data is there already: its data is used"),)
    assert row(plan, "volume.data") == "volume.data shop_data is there already: its data is used"
    assert "shop_data is there already" in as_markdown(plan)
    assert "shop_data is there already" in as_html(plan, Graph("shop", (), ()))
    assert "volume.data: shop_data is there already: its data is used" in as_json(plan)


def test_a_volume_that_others_have_is_shared_with_them(container: Make):
    there = with_container(container("web", 1), with_volumes("data"), volumes=mounting("data"))
    text = SHOP.replace("scale: 2", "volumes: ['data:/data']")
    assert changes_of(plan_of(text, there))["service.db[1]"].notes == (
        ("volume.data", "shop_data is there already: shared with service.web"),
    )


def test_a_service_that_goes_does_not_share_its_volume(container: Make):
    """It is gone before the new one starts, or stopped: nobody need fear two that write. One that stays is told so."""
    there = with_container(container("old", 1), with_volumes("data"), volumes=mounting("data"))
    text = SHOP.replace("scale: 2", "volumes: ['data:/data']")
    said = "shop_data is there already"
    assert changes_of(plan_of(text, there))["service.db[1]"].notes == (
        ("volume.data", f"{said}: its data is used; service.old, which had it, goes"),
    )
    both = with_container(container("web", 1), there, volumes=mounting("data"))
    assert changes_of(plan_of(text, both))["service.db[1]"].notes == (
        ("volume.data", f"{said}: shared with service.web; service.old, which had it, goes"),
    )


def test_a_volume_that_is_made_is_not_there_yet():
    assert changes_of(plan_of(SHOP))["service.db[1]"].notes == ()


def mounting(volume: str) -> Any:
    """What a container has at /data that mounts a volume of the stack."""
    said = f"services: {{db: {{image: 'db:1', volumes: ['{volume}:/data']}}}}\nvolumes: {{{volume}: }}\n"
    return desired(stack_of({"stack.yaml": said}, name="shop"), "", {}).services["db"].asked["volumes"]


@pytest.mark.parametrize(
    ("mounts", "there", "told"),
    [
        ("['data:/data']", (), "gets volume.data in its place, new and empty"),
        ("['data:/data']", ("data",), "gets volume.data in its place, which is there already"),
        ("['./x:/data']", (), "has ./x:/data in its place"),
        ("['/data']", (), "has (volume):/data in its place"),
        ("[]", (), "has no volume at /data any more"),
    ],
)
def test_a_volume_that_is_kept_says_who_has_what_in_its_place(
    container: Make, mounts: str, there: tuple[str, ...], told: str
):
    """A service whose volume's key was renamed begins with nothing."""
    text = f"services: {{db: {{image: 'db:1', volumes: {mounts}}}}}\nvolumes: {{data: }}\n"
    plan = plan_of(text, with_container(container("db", 1), with_volumes("old", *there), volumes=mounting("old")))
    assert changes_of(plan)["volume.old"].notes == (("service.db[1]", told),)
    assert row(plan, "service.db[1]") == f"service.db[1] {told}"


def test_a_volume_whose_service_is_gone_has_nothing_in_its_place(container: Make):
    text = "services: {web: {image: 'web:1'}}\n"
    plan = plan_of(text, with_container(container("db", 1), with_volumes("old"), volumes=mounting("old")))
    assert changes_of(plan)["volume.old"].notes == ()


def test_what_a_replica_that_was_removed_by_hand_asks_for_was_edited_by_nobody():
    """Each with the line that asks for it all the same."""
    left = (Record(3, result=SUCCEEDED, resources=frozenset({"service.web[1]", "service.web[2]"})),)
    there = replace(NOTHING, records=Records(left, "salt"))
    plan = plan_of("services: {web: {image: 'web:1', command: serve}}\n", there)
    assert {each.causes for each in changes_of(plan)["service.web[1]"].asks} == {(Cause.DRIFT,)}
    said = " ".join(as_text(plan, verbose=True).split())
    assert 'command ["serve"] stack.yaml:1' in said
    new = plan_of("services: {web: {image: 'web:1', command: serve}}\n")
    assert {each.causes for each in changes_of(new)["service.web[1]"].asks} == {(Cause.EDIT,)}
