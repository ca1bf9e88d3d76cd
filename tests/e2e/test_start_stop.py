"""start, stop and restart: what is there is started and stopped, in order, in turn, and nothing else of it changes."""

from __future__ import annotations

import pytest

from tests.e2e.project import BASE, Project, networked
from tests.e2e.proxy import Proxy, Request

pytestmark = pytest.mark.engine

HEALTHY = {"test": ["CMD", "true"], "interval": "1s"}


def three(**more: object) -> dict[str, object]:
    """A web that needs a healthy db, and a migration between that has to complete."""
    return {
        "db": networked(healthcheck=HEALTHY, **more),
        "migrate": {"image": BASE, "command": ["true"], "depends_on": {"db": {"condition": "service_healthy"}}},
        "web": networked(
            depends_on={
                "db": {"condition": "service_healthy"},
                "migrate": {"condition": "service_completed_successfully"},
            }
        ),
    }


def states(project: Project) -> dict[str, str]:
    return {name: project.container(name)["State"]["Status"] for name in ("db", "migrate", "web")}


def asked(proxy: Proxy, verb: str) -> list[str]:
    """The ids that such a request was made for, in order."""
    return [request.path.split("/")[2] for request in proxy.written if request.path.endswith(f"/{verb}")]


def test_a_stop_goes_against_the_order_and_a_start_along_it(project: Project, proxy: Proxy) -> None:
    """Containers stay the same; what has completed does not run again; a stopped one is drift in between."""
    project.write(three())
    project.apply()
    before = {name: project.id_of(name) for name in ("db", "migrate", "web")}
    ran = project.container("migrate")["State"]["StartedAt"]

    stopped = project.run("stop", "--engine", proxy.url)
    assert (stopped.code, states(project)) == (0, dict.fromkeys(before, "exited")), stopped.err
    assert asked(proxy, "stop") == [before["web"], before["db"]]
    assert "service.web[1]: stopped" in stopped.err
    assert project.fields("service.db[1]")["state"]["causes"] == ["drift"]
    assert "Nothing to stop: none of it runs." in project.run("stop").err

    started = project.run("start", "--engine", proxy.url)
    assert started.code == 0, started.err
    assert asked(proxy, "start") == [before["db"], before["web"]]
    assert {name: project.id_of(name) for name in before} == before
    assert project.container("migrate")["State"]["StartedAt"] == ran
    assert "Nothing to start: all of it runs, or has completed its work." in project.run("start").err
    project.must_be_settled()


def test_a_start_takes_along_what_the_service_depends_on(project: Project) -> None:
    """And a stop of one service leaves the others alone; --timeout is how long it has."""
    stubborn = {"command": ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"], "stop_grace_period": "5m"}
    project.write(three(**stubborn))
    project.apply()

    assert project.run("stop", "db", "--timeout", "0").code == 0
    assert states(project) == {"db": "exited", "migrate": "exited", "web": "running"}
    assert project.run("stop", "web").code == 0
    told = project.run("start", "web")
    assert states(project) == {"db": "running", "migrate": "exited", "web": "running"}, told.err
    project.must_be_settled()


def test_a_restart_keeps_the_container(project: Project) -> None:
    """What does not run is started; what has completed runs again only where it is named."""
    project.write(three())
    project.apply()
    before = {name: (project.id_of(name), project.container(name)["State"]["StartedAt"]) for name in states(project)}
    project.run("stop", "db", "web")

    assert project.run("restart").code == 0
    after = {name: (project.id_of(name), project.container(name)["State"]["StartedAt"]) for name in before}
    assert {name: id for name, (id, _) in after.items()} == {name: id for name, (id, _) in before.items()}
    assert [name for name in before if after[name][1] != before[name][1]] == ["db", "web"]
    told = project.run("restart", "web")
    assert "service.web[1]: restarted" in told.err
    assert project.container("db")["State"]["StartedAt"] == after["db"][1]
    project.run("restart", "migrate")
    assert project.container("migrate")["State"]["StartedAt"] != after["migrate"][1]
    project.must_be_settled()


def test_what_does_not_work_after_a_restart_is_told(project: Project) -> None:
    """Exit 1, with its last lines, as after an apply."""
    command = ["sh", "-c", "test ! -e /gone || { echo broken; exit 3; }; sleep 1000"]
    project.write({"web": networked(command=command, deploy={"update_config": {"monitor": "1m"}})})
    project.apply()
    project.inside("web", "touch", "/gone")

    result = project.run("restart", "web")
    assert result.code == 1
    assert "exited with code 3" in result.err
    assert "broken" in result.err


def test_a_stop_does_not_run_into_an_apply(project: Project, proxy: Proxy) -> None:
    """While another one has the turn it is refused, 75."""
    project.write({"web": networked()})
    project.apply()
    seen: list[int] = []

    def stop_too(request: Request) -> None:
        if request.path.endswith("/stop"):
            seen.append(project.start("stop").wait(60))

    proxy.before = stop_too
    project.write({"web": networked(user="1000")})
    project.apply("--engine", proxy.url)
    assert seen == [75]
    project.must_be_settled()


def test_names_that_are_wrong_or_have_no_container(project: Project) -> None:
    """64 with the nearest name; 1 where apply has made nothing yet."""
    project.write({"web": networked()})
    wrong, absent, nothing = project.run("stop", "wbe"), project.run("start", "web"), project.run("start")
    assert (wrong.code, absent.code, nothing.code) == (64, 1, 0)
    assert "did you mean 'web'?" in wrong.err
    assert "web has no container" in absent.err
    assert "The stack has no containers" in nothing.err


def test_the_record_of_a_stop_asks_for_nothing_new(project: Project) -> None:
    """The file may have been edited since: a revision that only stopped keeps the stack that was applied."""
    project.write({"web": networked()})
    project.apply()
    first = project.engine.inspect_volume(f"{project.name}.deployer.r1")["Labels"]["io.deployer.desired"]
    project.write({"web": networked(user="1000")})
    project.run("stop")
    second = project.engine.inspect_volume(f"{project.name}.deployer.r2")["Labels"]["io.deployer.desired"]
    assert second == first


def test_a_restart_for_which_a_mounted_folder_is_missing_stops_nothing(project: Project, proxy: Proxy) -> None:
    """It would not start again."""
    mounted = project.folder / "mounted"
    mounted.mkdir()
    mount = {"type": "bind", "source": "./mounted", "target": "/mnt", "bind": {"create_host_path": False}}
    project.write({"db": networked(), "web": networked(volumes=[mount])})
    project.apply()
    mounted.rmdir()
    refused = project.run("restart", "--engine", proxy.url)
    assert refused.code == 65
    assert f"mounts {mounted}, which is not there any more" in refused.err
    assert proxy.written == []
    mounted.mkdir()
    assert project.run("restart").code == 0
    project.must_be_settled()
