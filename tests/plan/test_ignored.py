"""`x-deployer: {ignore: [...]}`: what others own is no difference, never changed, and goes over to a successor."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.errors import InvalidStack
from deployer.fields.container import BY_NAME
from deployer.plan.model import Action, Call, Change
from deployer.render.plan_json import as_json
from deployer.render.plan_text import as_text
from tests.upgrades.kept import Kept, kept

MIB = 1024 * 1024
ELSEWHERE = {"Id": "e" * 64, "Name": "elsewhere", "Driver": "bridge", "Labels": None}


def ignoring(service: str, *names: str, **said: str) -> Kept:
    """A stack that was applied, in whose file a service then ignores fields."""
    found = kept("contents")
    lines = "".join(f"\n    {key}: {value}" for key, value in said.items())
    own = f"\n    x-deployer: {{ignore: [{', '.join(names)}]}}"
    found.text = found.text.replace(f"\n  {service}:\n", f"\n  {service}:{lines}{own}\n")
    return found


def changes_of(found: Kept, service: str) -> list[Change]:
    return [each for each in found.plan.changes if each.address.startswith(f"service.{service}[")]


def body_of(found: Kept, service: str) -> dict[str, Any]:
    """The create body of the service's first new container."""
    steps = [step for change in changes_of(found, service) for step in change.steps if step.call is Call.CREATE]
    return dict(steps[0].payload.body)


def test_what_others_changed_of_an_ignored_field_is_no_difference():
    """A limit that somebody lowers by hand, another one, and a network that somebody joins."""
    found = ignoring("web", "mem_limit", "cpus", "networks")
    inspect = found.container("web")
    inspect["HostConfig"] |= {"Memory": 20 * MIB, "MemorySwap": 40 * MIB, "NanoCpus": 1_000_000}
    inspect["NetworkSettings"]["Networks"]["elsewhere"] = {"Aliases": ["x"], "NetworkID": "e" * 64}
    found.state["networks"].append(ELSEWHERE)

    assert changes_of(found, "web") == []


def test_an_edit_of_an_ignored_field_is_not_carried_out():
    """The file's value is for the first create."""
    found = ignoring("web", "mem_limit")
    found.text = found.text.replace("mem_limit: 48M", "mem_limit: 64M")

    assert found.plan.is_empty


def test_one_entry_is_ignored_and_the_others_are_not():
    """`labels.a.b` is one label, whatever dots it has."""
    found = ignoring("web", "labels.a.b", "environment.MODE")
    labels = found.container("web")["Config"]["Labels"]
    labels |= {"a.b": "theirs", "tier": "changed"}

    (change,) = changes_of(found, "web")

    assert [field.field for field in change.fields] == ["labels.tier"]


def test_a_successor_has_what_others_made_of_ignored_fields():
    """It is made anew for another field: theirs survive, ours are as the file has them."""
    found = ignoring("web", "mem_limit", "networks", "labels.others", "environment.MODE", "restart")
    inspect = found.container("web")
    inspect["HostConfig"] |= {"Memory": 20 * MIB, "RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}
    inspect["Config"]["Labels"]["others"] = "theirs"
    inspect["Config"]["Env"] = [each.replace("production", "theirs") for each in inspect["Config"]["Env"]]
    inspect["NetworkSettings"]["Networks"] = {"elsewhere": {"Aliases": ["web", "x"], "NetworkID": "e" * 64}}
    found.state["networks"].append(ELSEWHERE)
    found.text = found.text.replace("tier: front", "tier: back")

    body = body_of(found, "web")

    assert body["HostConfig"]["Memory"] == 20 * MIB
    assert body["HostConfig"]["RestartPolicy"]["Name"] == "always"
    assert (body["Labels"]["others"], body["Labels"]["tier"]) == ("theirs", "back")
    assert {"MODE=theirs", "EMPTY="} <= set(body["Env"])
    assert body["HostConfig"]["NetworkMode"] == "elsewhere"


def test_what_the_old_image_supplied_does_not_go_over():
    """The successor runs another image, with an environment of its own."""
    found = ignoring("web", "environment", "command", "labels")
    (image,) = found.state["images"]
    image["Config"] |= {"Env": ["PATH=/bin", "OF_THE_IMAGE=1"], "Labels": {"maker": "image"}}
    inspect = found.container("web")
    inspect["Config"]["Env"] += ["OF_THE_IMAGE=1", "THEIRS=1"]
    inspect["Config"]["Labels"]["maker"] = "image"
    found.text = found.text.replace("stop_grace_period: 0s", "stop_grace_period: 1s", 1)

    body = body_of(found, "web")

    assert "THEIRS=1" in body["Env"]
    assert "OF_THE_IMAGE=1" not in body["Env"]
    assert "maker" not in body["Labels"]
    assert body["Cmd"] == ["sleep", "1000"]


def test_a_container_that_is_not_there_is_made_as_the_file_says():
    """There is nothing to keep."""
    found = ignoring("web", "mem_limit")
    found.state["containers"].remove(found.container("web"))

    assert body_of(found, "web")["HostConfig"]["Memory"] == 48 * MIB


@pytest.mark.parametrize("name", ["deploy.replicas", "scale"])
def test_the_number_of_containers_is_theirs_too(name: str):
    """Two run, and the file says three, or one; of none the file's number is made."""
    for number in ("3", "1"):
        found = ignoring("replicas", name)
        found.text = found.text.replace("replicas: 2", f"replicas: {number}")
        assert found.plan.is_empty

    found.text = found.text.replace("replicas: 1", "replicas: 3")
    found.state["containers"] = [each for each in found.state["containers"] if "-replicas-" not in each["Name"]]
    assert [change.action for change in changes_of(found, "replicas")] == [Action.CREATE] * 3


def test_what_is_ignored_is_said_where_all_is_asked_for():
    """With --all and with --verbose, in JSON with --all; under the names that the file has."""
    found = ignoring("web", "cpus", "labels.a.b", "scale").plan

    for shown in (as_text(found, show_all=True), as_text(found, verbose=True)):
        (line,) = [line for line in shown.splitlines() if "= service.web  " in line and "ignored" in line]
        assert line.partition("ignored: ")[2] == "cpus, deploy.replicas, labels.a.b"
    assert "ignored" not in as_text(found)
    assert '"service.web": [' in as_json(found, show_all=True)
    assert '"ignored"' not in as_json(found)


def test_a_network_that_the_file_no_longer_has_cannot_go_while_others_keep_a_container_in_it():
    """That is known before anything stops: the engine would refuse."""
    found = ignoring("attached", "networks")
    found.text = found.text.replace("      front:\n        aliases:\n        - www\n", "").replace("  front: {}\n", "")

    with pytest.raises(InvalidStack, match=r"network\.front would have to go.*upgrades-attached-1"):
        _ = found.plan


@pytest.mark.parametrize(
    "row", sorted(BY_NAME.keys() - {"image", "container_name", "network_mode", "secrets", "configs"})
)
def test_every_other_field_can_be_ignored(row: str):
    """The stack loads, and a successor can be made."""
    found = ignoring("plain", row)
    found.text = found.text.replace("hostname: plain.example", "hostname: other.example")

    fields = [field.field for change in changes_of(found, "plain") for field in change.fields]
    assert fields == ([] if row == "hostname" else ["hostname"])
    assert row == "hostname" or body_of(found, "plain")["Hostname"] == "other.example"


def test_a_network_of_others_that_is_gone_does_not_go_over():
    """Nobody can join it; the container that is still in it stays as it is until it is made anew."""
    found = ignoring("web", "networks")
    found.container("web")["NetworkSettings"]["Networks"]["elsewhere"] = {"Aliases": ["x"], "NetworkID": "e" * 64}
    assert changes_of(found, "web") == []

    found.text = found.text.replace("tier: front", "tier: back")
    (change,) = changes_of(found, "web")
    assert not [step for step in change.steps if step.call is Call.CONNECT]
