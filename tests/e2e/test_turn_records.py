"""The turn where its records are damaged, of a later version, of another machine or gone, and with a wrong clock."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping

import pytest

from deployer.resources.record_labels import begin_body
from deployer.resources.records import FORMAT, Holder, Record
from tests.e2e.project import Project, ended, sleeper
from tests.e2e.proxy import Proxy, Request
from tests.e2e.test_turn import held, held_at_a_start

pytestmark = pytest.mark.engine

FAR = Holder("edge7", "another boot", "another namespace", 1, "1", "root")
WITH_CLOCK = (
    "import sys, time; now = time.time; time.time = lambda: now() + {}; from deployer.__main__ import main; main()"
)


def remove_records(project: Project) -> None:
    """As `docker volume prune -a` does."""
    for name in project.records():
        project.engine.remove_volume(name)


def began(project: Project, **labels: str) -> None:
    """A record without an end, of a holder elsewhere, with these labels in place of its own; without the empty ones."""
    body = begin_body(project.name, Record(1, nonce="n", holder=FAR, expires=time.time() + 600), "")
    changed: Mapping[str, str] = body["Labels"] | {f"io.deployer.{name}": text for name, text in labels.items()}
    project.engine.create_volume(body["Name"], labels={name: text for name, text in changed.items() if text})


def test_records_that_are_removed_between_applies_are_no_loss(project: Project) -> None:
    project.write({"web": sleeper(volumes=["data:/data"])}, volumes={"data": {}})
    project.apply()
    remove_records(project)
    project.must_be_settled()
    project.write({"web": sleeper(volumes=["data:/data"], user="1000")}, volumes={"data": {}})
    project.apply()
    project.must_be_settled()
    assert project.volumes() == {f"{project.name}_data"}


@pytest.mark.parametrize("call", ["/volumes/create", "/containers/create", "/stop", ".next/start", "/rename"])
def test_all_records_may_be_removed_while_an_apply_is_at_work(call: str, project: Project, proxy: Proxy) -> None:
    """Nobody else has taken the turn: it writes its own again, and goes on; that is there in the end."""
    project.write({"web": sleeper()})
    project.apply()
    project.write({"web": sleeper(user="1000")})
    pruned: list[str] = []

    def prune(request: Request) -> None:
        if request.path.endswith(call) and not pruned:
            pruned.append(request.path)
            remove_records(project)

    proxy.after = prune
    project.apply("--engine", proxy.url)
    project.must_be_settled()
    assert project.containers() == {project.container_name("web")}
    assert {f"{project.name}.deployer.r2", f"{project.name}.deployer.r2.done"} <= project.records()


def test_an_apply_whose_own_record_was_removed_says_so_and_the_next_one_goes_on(project: Project, proxy: Proxy) -> None:
    """Others are still there, so somebody may have had the turn since: 75, and nothing more is done."""
    project.write({"web": sleeper()})
    project.apply()
    project.write({"web": sleeper(user="1000")})
    own = f"{project.name}.deployer.r2"

    def remove(request: Request) -> None:
        if request.path.endswith("/stop"):
            project.engine.remove_volume(own)

    proxy.after = remove
    result = project.apply("--engine", proxy.url, code=75)
    assert f"somebody else has removed its record {own}" in result.err
    assert "apply again" in result.err
    project.apply()
    project.must_be_settled()
    assert project.containers() == {project.container_name("web")}


def test_a_record_of_a_later_version_has_the_turn_until_it_is_taken_over(project: Project) -> None:
    """How it says who it is cannot be read; that it is of a later version is said."""
    project.write({"web": sleeper()})
    began(project, record=str(int(FORMAT) + 1), holder="", expires="")
    assert "whose record is of a later version (format 2)" in project.apply(code=75).err
    assert project.run("plan").code == 0
    project.apply("--take-over")
    project.must_be_settled()


@pytest.mark.parametrize("label", ["holder", "expires", "nonce", "updates", "resources"])
@pytest.mark.parametrize("text", ["{", ""])
def test_a_damaged_record_is_busy_or_nobodys(label: str, text: str, project: Project) -> None:
    """Never a traceback; who knows that it is dead takes over."""
    project.write({"web": sleeper()})
    began(project, **{label: text})
    assert project.run("plan").code == 0
    result = project.run("apply", "--yes")
    assert result.code == 75, result.out + result.err
    project.apply("--take-over")
    project.must_be_settled()


def test_a_holder_on_another_machine_is_named_and_not_looked_for_here(project: Project) -> None:
    """Process 1 is there on every machine, and is not the one."""
    project.write({"web": sleeper()})
    began(project)
    assert "root on edge7 (process 1)" in project.apply(code=75).err
    assert "root on edge7 (process 1)" in project.apply("--take-over").out
    project.must_be_settled()


@pytest.mark.parametrize("wrong", [-3600, 3600])
def test_a_wrong_clock_neither_loses_the_turn_nor_takes_it(wrong: int, project: Project, proxy: Proxy) -> None:
    """The holder's, and that of who comes: when the turn is over goes by the engine's clock."""
    project.write({"web": sleeper()})
    reached, go_on = held_at_a_start(proxy)
    with held(with_clock(project, wrong, "apply", "--yes", "--engine", proxy.url)) as holder:
        assert reached.wait(60)
        assert project.run("apply", "--yes").code == 75
        assert ended(with_clock(project, -wrong, "apply", "--yes")).code == 75
        go_on.set()
        first = ended(holder)
        assert first.code == 0, first.err
    project.must_be_settled()


def with_clock(project: Project, seconds: int, *arguments: str) -> subprocess.Popen[str]:
    """`deployer` on a machine whose clock is so many seconds ahead."""
    return subprocess.Popen(
        [sys.executable, "-c", WITH_CLOCK.format(seconds), *arguments],
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_who_only_looks_needs_no_turn(project: Project, proxy: Proxy) -> None:
    project.write({"web": sleeper(), "api": sleeper(depends_on=["web"])})
    reached, go_on = held_at_a_start(proxy)
    with held(project.start("apply", "--yes", "--engine", proxy.url)) as holder:
        assert reached.wait(60)
        records = project.records()
        for command in (["plan"], ["status"], ["logs", "web"], ["history"], ["config"]):
            result = project.run(*command)
            assert result.code == 0, f"{command}: {result.out}{result.err}"
        assert project.records() == records
        go_on.set()
        assert ended(holder).code == 0


def test_a_plan_that_another_one_has_overtaken_is_made_anew(project: Project, proxy: Proxy) -> None:
    """Between the plan and the turn the stack was destroyed: no record is left that says so, and all is made again."""
    project.write({"web": sleeper(volumes=["data:/data"])}, volumes={"data": {}})
    project.apply()
    project.write({"web": sleeper(volumes=["data:/data"], user="1000")}, volumes={"data": {}})
    first: list[Request] = []
    destroyed: list[int] = []

    def destroy(request: Request) -> None:
        if not first:
            first.append(request)
            destroyed.append(project.run_apart("destroy", "--volumes", "--yes").code)

    proxy.before = destroy
    project.apply("--engine", proxy.url)
    assert destroyed == [0]
    project.must_be_settled()
