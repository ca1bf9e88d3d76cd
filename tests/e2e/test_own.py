"""What others own stays theirs, and what mounted files hold is taken up: on a real engine, from the file to the end."""

from __future__ import annotations

import pytest

from tests.e2e.project import Project, networked, sleeper, until

pytestmark = pytest.mark.engine

MIB = 1024 * 1024


def test_what_others_own_stays_theirs(project: Project):
    """Changed by hand, it is no difference; a new container has it, and the next plan is empty."""
    own = {"ignore": ["mem_limit", "networks", "scale"]}
    web = networked(mem_limit="32M", labels={"round": "1"}, **{"x-deployer": own})
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
    until(lambda: b"hup" in project.engine.logs(before["sighup"]["Id"]))

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


def signalled(command: str, **more: object) -> dict[str, object]:
    """A service that gets a SIGHUP when `./conf` changes; that ends its shell."""
    own = {"reload": {"./conf": "SIGHUP"}}
    for_long_enough = {"update_config": {"monitor": "3s"}}  # an engine that is busy says late that it ended
    said = {"command": ["sh", "-c", command], "volumes": ["./conf:/conf:ro"], "network_mode": "none", **more}
    return sleeper(**said, deploy=for_long_enough, **{"x-deployer": own})


def test_a_signal_that_ends_the_program_is_told_and_the_content_is_taken_up(project: Project):
    """Where deployer starts it again, and where the engine does, as under a policy with a stop signal of its own: with
    a warning at the line of `reload`, and the next plan is empty. What the engine had restarted before goes on.
    """
    (project.folder / "conf").mkdir()
    (project.folder / "conf" / "a").write_text("1")
    ends = "trap 'exit 3' HUP; while :; do sleep 0.1; done"
    runs_on = "trap : HUP; trap 'exit 3' USR1; while :; do sleep 0.1; done"
    project.write(
        {
            "stays": signalled(ends),
            "comes": signalled(ends, restart="always", stop_signal="SIGTERM"),
            "crashed": signalled(runs_on, restart="always"),
        }
    )
    project.apply()
    project.engine.exec_start(project.engine.exec_create(project.container_name("crashed"), "kill -USR1 1"))
    until(lambda: project.container("crashed")["RestartCount"] == 1)
    until(lambda: project.container("crashed")["State"]["Status"] == "running")
    before = {name: project.container(name)["State"]["StartedAt"] for name in ("stays", "comes", "crashed")}
    (project.folder / "conf" / "a").write_text("2")

    told = project.apply().err

    after = {name: project.container(name)["State"]["StartedAt"] for name in before}
    assert {name: after[name] != before[name] for name in before} == {"stays": True, "comes": True, "crashed": False}
    assert told.count("warning[reload-ended]") == 2
    assert f"SIGHUP has ended {project.container_name('stays')}" in told
    assert '"./conf": "SIGHUP"' in told
    project.must_be_settled()


def test_a_program_that_does_not_come_up_after_its_signal_is_an_error_at_the_line_of_reload(project: Project):
    """One error, which names the signal and what to do; and nothing is called as before."""
    (project.folder / "conf").mkdir()
    project.write({"web": signalled("test ! -e /conf/bad || exit 4; exec sleep 1000", init=True)})
    project.apply()
    (project.folder / "conf" / "bad").write_text("")

    told = project.apply(code=1).err

    assert told.count("error[") == 1
    assert f"SIGHUP has ended {project.container_name('web')}; started again, it exited with code 4" in told
    assert "write `restart` in the place of SIGHUP" in told
    assert '"./conf": "SIGHUP"' in told
    assert "as before" not in told
