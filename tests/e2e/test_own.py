"""What others own stays theirs, and what mounted files hold is taken up: on a real engine, from the file to the end."""

from __future__ import annotations

import time

import pytest

from tests.e2e.project import Project, sleeper

pytestmark = pytest.mark.engine

MIB = 1024 * 1024


def test_what_others_own_stays_theirs(project: Project):
    """Changed by hand, it is no difference; a new container has it, and the next plan is empty."""
    own = {"ignore": ["mem_limit", "networks", "scale"]}
    web = sleeper(mem_limit="32M", labels={"round": "1"}, **{"x-deployer": own})
    project.write({"web": web}, networks={"other": {}})
    project.apply()
    name = project.container_name("web")
    project.engine.update_container(name, mem_limit="48m", memswap_limit="96m")
    project.engine.connect_container_to_network(name, f"{project.name}_other", aliases=["theirs"])
    project.must_be_settled()

    project.write({"web": {**web, "labels": {"round": "2"}, "scale": 1}}, networks={"other": {}})
    project.apply()

    found = project.container("web")
    assert found["HostConfig"]["Memory"] == 48 * MIB
    assert "theirs" in found["NetworkSettings"]["Networks"][f"{project.name}_other"]["Aliases"]
    assert found["Config"]["Labels"]["round"] == "2"
    project.must_be_settled()


def test_a_changed_file_is_taken_up_by_a_signal_a_restart_and_a_new_container(project: Project):
    """Each as the file says; the plan names the file, and is empty afterwards."""
    for way in ("sighup", "restart", "replace"):
        (project.folder / way).mkdir()
        (project.folder / way / "shop.conf").write_text("a")
    counts = "trap 'echo hup' HUP; echo started; while :; do sleep 0.1; done"
    services = {
        way: sleeper(
            command=["sh", "-c", counts],
            volumes=[f"./{way}:/etc/shop:ro"],
            **{"x-deployer": {"reload": {f"./{way}": way}}},
        )
        for way in ("sighup", "restart", "replace")
    }
    project.write(services)
    project.apply()
    before = {way: project.container(way) for way in services}
    project.must_be_settled()
    for way in services:
        (project.folder / way / "shop.conf").write_text("b")

    planned = project.changes()
    project.apply()
    time.sleep(0.5)

    assert {address: each["action"] for address, each in planned.items()} == {
        "service.sighup[1]": "update",
        "service.restart[1]": "restart",
        "service.replace[1]": "replace",
    }
    assert {each["fields"][0]["note"] for each in planned.values()} == {"shop.conf changed"}
    after = {way: project.container(way) for way in services}
    same = {way: after[way]["Id"] == before[way]["Id"] for way in services}
    started = {way: after[way]["State"]["StartedAt"] == before[way]["State"]["StartedAt"] for way in services}
    assert same == {"sighup": True, "restart": True, "replace": False}
    assert started == {"sighup": True, "restart": False, "replace": False}
    assert project.engine.logs(before["sighup"]["Id"]).decode().split() == ["started", "hup"]
    project.must_be_settled()
