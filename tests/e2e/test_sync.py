"""The agent between a real git repository and a real engine."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest

from tests.e2e.project import Project, Result, dying, ended, fetched, free_port, page, sleeper, until
from tests.gitops.listener import listener
from tests.gitops.repository import Repository

pytestmark = pytest.mark.engine


class Remote:
    """A repository whose only stack is the project's."""

    def __init__(self, project: Project, repository: Repository) -> None:
        self.project, self.repository = project, repository

    def push(self, services: dict[str, Any] | None = None, /, message: str = "a change", **sections: Any) -> str:
        self.project.write(services or {}, **sections)
        return self.repository.commit(message=message)

    def once(self, *arguments: str, code: int = 0) -> Result:
        result = self.project.run("sync", self.repository.url, "--once", *arguments)
        assert result.code == code, f"exit {result.code}\n{result.err}"
        return result

    def start(self, *arguments: str) -> Any:
        return self.project.start("sync", self.repository.url, "--interval", "1s", *arguments)

    def records(self) -> list[str]:
        return sorted(each for each in self.project.records() if not each.endswith(".done"))

    def is_idle(self) -> bool:
        """Whether each revision has its end."""
        return len(self.project.records()) == 2 * len(self.records())

    def must_be_settled(self) -> None:
        """Nothing is left to do, nor is anything left over."""
        self.once()
        before = self.records()
        self.once()
        assert self.records() == before
        assert not [each for each in self.project.containers() if each.endswith(".next")]


@pytest.fixture
def remote(make_project: Callable[..., Project], tmp_path: Path) -> Remote:
    project = make_project("remote/work")
    return Remote(project, Repository(tmp_path / "remote").begin())


def web(text: str, port: int, **fields: Any) -> dict[str, Any]:
    return {"web": page(text, port, **fields)}


BAD = dying()


def test_a_commit_that_is_pushed_is_applied(remote: Remote):
    port = free_port()
    remote.push(web("one", port))
    assert "Ready" in remote.once().err
    assert fetched(port) == "one"
    commit = remote.push(web("two", port))
    assert commit[:12] in remote.once().err
    assert fetched(port) == "two"
    remote.must_be_settled()


def test_what_is_removed_by_hand_is_healed(remote: Remote):
    remote.push({"web": sleeper()})
    remote.once()
    remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
    remote.once()
    assert remote.project.container("web")["State"]["Running"]
    remote.must_be_settled()


def test_or_it_is_told_where_the_rule_says_so(remote: Remote):
    remote.push({"web": sleeper()})
    remote.once()
    remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
    assert "Drifted" in remote.once("--heal", "report", code=1).err
    assert remote.project.containers() == set()


@pytest.mark.parametrize("auto", ["off", "no-replace"])
def test_while_a_commit_waits_the_one_that_was_applied_last_is_healed(remote: Remote, auto: str):
    remote.push({"web": sleeper(mem_limit="32m", environment={"A": "old"})})
    remote.once()
    waits = remote.push({"web": sleeper(mem_limit="32m", environment={"A": "new"})})
    told = f"{waits[:12]} waits for a person"
    assert told in remote.once("--auto", auto, code=1).err
    remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
    assert told in remote.once("--auto", auto, code=1).err
    assert "A=old" in remote.project.container("web")["Config"]["Env"]
    remote.project.engine.update_container(remote.project.container_name("web"), mem_limit="64m", memswap_limit="64m")
    assert told in remote.once("--auto", auto, "--heal", "report", code=1).err
    assert remote.project.container("web")["HostConfig"]["Memory"] == 64 << 20
    assert told in remote.once("--auto", auto, code=1).err
    assert remote.project.container("web")["HostConfig"]["Memory"] == 32 << 20
    remote.once()
    assert "A=new" in remote.project.container("web")["Config"]["Env"]


def test_the_loop_heals_again_and_again_while_a_commit_waits(remote: Remote):
    """And what is mounted is of the commit that runs."""
    remote.repository.write({"conf/a": "old"})
    remote.push({"web": sleeper(volumes=["./conf:/conf:ro"])})
    remote.once()
    remote.repository.write({"conf/a": "new"})
    remote.push({"web": sleeper(volumes=["./conf:/conf:ro"], environment={"A": "new"})})
    process = remote.start("--auto", "off")
    try:
        for _ in range(2):
            before = len(remote.records())
            remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
            until(lambda before=before: len(remote.records()) > before and remote.is_idle(), 60)
            until(lambda: remote.project.inside("web", "cat", "/conf/a") == (0, "old"), 30)
    finally:
        process.send_signal(signal.SIGTERM)
        ended(process)
    assert "A=new" not in remote.project.container("web")["Config"]["Env"]


def test_a_bad_commit_is_put_back_told_and_not_tried_again(remote: Remote):
    port = free_port()
    remote.push(web("one", port))
    remote.once()
    before = remote.project.id_of("web")
    bad = remote.push({"web": {**page("two", port), **BAD}})
    result = remote.once(code=1)
    assert "Degraded" in result.err
    assert "exited with code 3" in result.err
    assert remote.project.id_of("web") == before
    assert fetched(port) == "one"
    records = remote.records()
    for _ in range(3):
        assert bad[:12] in remote.once(code=1).err
    assert remote.records() == records


@pytest.mark.parametrize("put_back", [True, False])
def test_of_a_commit_that_a_person_applied_and_that_failed_it_is_told_who(remote: Remote, put_back: bool):
    """And that it was put back only where it was."""
    remote.push({"web": sleeper()})
    good = remote.repository.git("rev-parse", "HEAD")
    remote.once()
    bad = remote.push({"web": {**sleeper(), **BAD}})
    remote.once("--auto", "off", code=1)
    remote.project.run("apply", "--yes", *([] if put_back else ["--no-rollback"]))
    told = remote.once("--auto", "off", code=1).err
    assert f"Degraded at {good[:12]}: {bad[:12]}, as " in told
    assert " applied it: web exited with code 3" in told
    assert ("it was put back" in told) == put_back


def test_a_stack_that_never_came_about_is_at_no_commit(remote: Remote):
    bad = remote.push({"web": sleeper(**BAD)})
    for _ in range(2):
        assert f"{remote.project.name}: Degraded: {bad[:12]}: web exited with code 3" in remote.once(code=1).err
    remote.repository.commit({"stack.yaml": "services: ["})
    assert f"{remote.project.name}: Degraded: " in remote.once(code=1).err


def test_nor_is_one_that_waits_for_a_person(remote: Remote):
    waits = remote.push({"web": sleeper()})
    told = remote.once("--auto", "off", code=1).err
    assert f": Drifted: {waits[:12]} waits for a person" in told


def test_what_is_to_be_thought_of_in_a_commit_is_told_as_plan_tells_it_and_once(remote: Remote):
    remote.push({"web": sleeper(environment={"A": "${DEPLOYER_NOT_SET}"})})
    process = remote.start("--format", "json")
    until(lambda: len(remote.records()) == 1 and remote.is_idle(), 60)
    time.sleep(3)
    process.send_signal(signal.SIGTERM)
    lines = [json.loads(line) for line in ended(process).out.splitlines()]
    (warning,) = (each for each in lines if each["event"] == "warning")
    told = warning["message"].partition("warning: ")[2]
    assert told.startswith("stack.yaml:")
    assert "the variable DEPLOYER_NOT_SET is not set" in told
    assert next(each for each in lines if each.get("condition") == "Ready")["warnings"] == [told]


def test_what_is_healed_is_told_by_how_it_was_found(remote: Remote):
    remote.push({"web": sleeper()})
    remote.once()
    remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
    assert "+ web[1] create again: found removed" in remote.once().err


def test_a_failure_is_one_line_with_the_last_that_was_said_and_no_secret(remote: Remote):
    remote.push({"web": sleeper()})
    remote.once()
    bad = remote.push({"web": sleeper(**dying("echo PASSWORD=hunter2; echo boom; exit 3"))})
    told = remote.once(code=1).err
    assert told.count("Degraded") == 1
    assert f"{bad[:12]}: web exited with code 3" in told
    assert "boom" in told
    assert "hunter2" not in told
    remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
    lines = [json.loads(line) for line in remote.once("--format", "json", code=1).out.splitlines()]
    assert [each["event"] for each in lines if each["event"] != "progress"] == ["condition", "healing", "healed"]
    assert "exited with code 3" in lines[0]["message"]  # this is another process
    assert "  boom" in lines[0]["lines"]
    assert "exited" not in lines[-1]["message"]


def test_what_is_healed_says_nothing_of_an_older_failure(remote: Remote):
    remote.push({"web": sleeper()})
    remote.once()
    remote.push({"web": {**sleeper(), **BAD}})
    process = remote.start()
    until(lambda: len(remote.records()) == 2 and remote.is_idle(), 60)
    time.sleep(2)
    remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
    until(lambda: len(remote.records()) == 3 and remote.is_idle(), 60)
    time.sleep(2)
    process.send_signal(signal.SIGTERM)
    told = ended(process).err
    assert told.count("exited with code 3") == 1
    assert "healed: " in told


def test_what_crashes_after_its_apply_is_degraded_and_not_started_for_ever(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
):
    crash = {"command": ["sh", "-c", "echo boom; sleep 2; exit 7"], "restart": "no"}
    remote.push({"web": sleeper(**crash)})
    assert "Ready" in remote.once().err
    for each in range(3):
        until(lambda: remote.project.container("web")["State"]["Status"] == "exited")
        told = remote.once(code=1).err
        assert "Degraded" in told
        assert "web exited with code 7" in told
        assert "boom" in told
        assert "healed" in told
        assert f"; started again ({each + 1} of 3)" in told
    until(lambda: remote.project.container("web")["State"]["Status"] == "exited")
    records = remote.records()
    told = remote.once(code=1).err
    assert told.count("is left so") == 1
    assert "it was started again each time, and is left so" in told
    assert "Drifted" not in told
    monkeypatch.setattr("deployer.gitops.stacks._COMES_BACK_WITHIN", 0.0)
    time.sleep(6)  # more than five intervals: nothing but a note says that it came back
    assert "is left so" in remote.once("--interval", "1s", code=1).err
    assert remote.records() == records


def test_what_has_crashed_is_not_ready_while_it_runs_again_for_a_moment_whatever_is_pushed(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
):
    """A push that does not touch it, and each round, of a process of its own, finds it running."""
    crash = sleeper(command=["sh", "-c", "while [ ! -e /die ]; do sleep 0.2; done; rm /die; echo boom; exit 7"])
    remote.push({"web": {**crash, "restart": "no"}})
    assert "Ready" in remote.once().err
    remote.project.inside("web", "touch", "/die")
    until(lambda: remote.project.container("web")["State"]["Status"] == "exited")
    assert "; started again (1 of 3)" in remote.once(code=1).err
    remote.repository.commit({"README": "a word"})
    told = remote.once(code=1).err
    assert "Degraded" in told
    assert "web exited with code 7 after" in told
    assert "; started again (1 of 3)" in told
    assert "boom" in told
    remote.push({"web": {**crash, "restart": "no"}, "other": sleeper()})
    told = remote.once(code=1).err
    assert "Ready" not in told
    assert "done: + other[1]; web exited with code 7 after" in told
    monkeypatch.setattr("deployer.gitops.recovering.RECOVERED", 0.0)  # it has run for seconds before
    until(lambda: "Ready" in remote.project.run("sync", remote.repository.url, "--once").err, 120)


def test_what_the_engine_restarts_again_and_again_is_degraded(remote: Remote):
    crash = {"command": ["sh", "-c", "sleep 5; echo boom; exit 7"], "restart": "always"}
    remote.push({"web": sleeper(**crash, healthcheck={"test": ["CMD", "true"], "interval": "300ms"})})
    remote.once()
    until(lambda: remote.project.container("web")["RestartCount"] > 1, 60)
    told = remote.once(code=1).err
    assert "Degraded" in told
    assert "web keeps restarting: it exited with code 7" in told
    assert "last health check" not in told  # for it passes
    assert "boom" in told


def test_what_ends_well_again_and_again_is_told_with_its_end(remote: Remote):
    remote.push({"web": sleeper(command=["sleep", "1"])})
    remote.once()
    for _ in range(4):
        until(lambda: remote.project.container("web")["State"]["Status"] == "exited")
        told = remote.project.run("sync", remote.repository.url, "--once").err
    assert "the same comes back after each apply" in told
    assert "web exited with code 0 after" in told


def test_what_is_left_is_told_once_in_the_same_words(remote: Remote):
    """Round after round of one process."""
    remote.push({"web": sleeper(command=["sh", "-c", "sleep 1; exit 7"], restart="no")})
    process = remote.start()
    until(lambda: len(remote.records()) == 4 and remote.is_idle(), 60)
    time.sleep(6)
    process.send_signal(signal.SIGTERM)
    told = ended(process).err
    assert "is left so" in told
    assert "is left so; " not in told


def test_an_invalid_commit_is_degraded_though_something_was_changed_by_hand(remote: Remote):
    remote.push({"web": sleeper()})
    remote.once()
    remote.repository.commit({"stack.yaml": "services: ["})
    remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
    told = remote.once("--heal", "report", code=1).err
    assert f"{remote.project.name}: Degraded" in told
    assert "changed by hand, and left so, as the rule says: + web[1]" in told


def test_a_revert_is_applied(remote: Remote):
    port = free_port()
    remote.push(web("one", port))
    remote.once()
    remote.push({"web": {**page("two", port), **BAD}})
    remote.once(code=1)
    remote.repository.git("revert", "--no-edit", "HEAD")
    remote.repository.push()
    assert "Ready" in remote.once().err
    assert fetched(port) == "one"


def test_what_ran_before_a_bad_commit_is_healed_all_the_same(remote: Remote):
    port = free_port()
    remote.push(web("one", port))
    remote.once()
    remote.push({"web": {**page("two", port), **BAD}})
    remote.once(code=1)
    remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
    remote.once(code=1)
    assert fetched(port) == "one"


def test_what_of_a_bad_commit_came_about_is_taken_back(remote: Remote):
    """What does not depend on the failure was done; the stack is to be as one commit has it, and not as two."""
    good = sleeper(environment={"V": "1"})
    remote.push({"good": good, "bad": sleeper()})
    remote.once()
    remote.push({"good": sleeper(environment={"V": "2"}), "bad": {**sleeper(), **BAD}})
    remote.once(code=1)
    assert "V=1" in remote.project.container("good")["Config"]["Env"]


def test_a_commit_that_is_no_stack_changes_nothing(remote: Remote):
    port = free_port()
    remote.push(web("one", port))
    remote.once()
    remote.repository.commit({"stack.yaml": "services: ["})
    assert "Degraded" in remote.once(code=1).err
    assert fetched(port) == "one"
    remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
    remote.once(code=1)
    assert fetched(port) == "one"


def test_a_force_push_is_followed(remote: Remote):
    port = free_port()
    first = remote.push(web("one", port))
    remote.push(web("two", port))
    remote.once()
    remote.repository.git("reset", "--quiet", "--hard", first)
    remote.project.write(web("three", port))
    remote.repository.git("commit", "--quiet", "--all", "-m", "another")
    remote.repository.push("--force")
    remote.once()
    assert fetched(port) == "three"


def test_with_a_dead_remote_drift_is_healed(remote: Remote):
    remote.push({"web": sleeper()})
    remote.once()
    remote.repository.go_away()
    remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
    result = remote.once(code=1)
    assert "does not appear to be a git repository" in result.err
    assert remote.project.container("web")["State"]["Running"]
    remote.repository.come_back()
    remote.must_be_settled()


def test_a_hostile_commit_is_refused_and_the_last_one_kept(remote: Remote):
    remote.push({"web": sleeper()})
    remote.once()
    os.symlink("/etc", remote.repository.work / "leak")
    remote.push({"web": sleeper(environment={"V": "2"})})
    result = remote.once(code=1)
    assert "leads out of the repository" in result.err
    assert "V=2" not in remote.project.container("web")["Config"]["Env"]


@pytest.fixture
def signed(remote: Remote, tmp_path: Path) -> Path:
    """A file of allowed signers; what is committed is signed by one of them."""
    key, signers = tmp_path / "key", tmp_path / "signers"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ann@example.org", "-f", key], check=True)
    signers.write_text(f"ann@example.org {key.with_suffix('.pub').read_text()}")
    remote.repository.settings += ["-c", "gpg.format=ssh", "-c", f"user.signingkey={key}", "-c", "commit.gpgsign=true"]
    return signers


def test_a_stack_is_healed_though_the_head_is_refused_and_the_state_lost(remote: Remote, signed: Path, tmp_path: Path):
    """The engine knows what was applied last, and the remote still has it."""
    remote.push({"web": sleeper()})
    remote.once("--require-signed", str(signed))
    remote.repository.settings += ["-c", "commit.gpgsign=false"]
    remote.push({"web": sleeper(environment={"V": "2"})})
    shutil.rmtree(tmp_path / "state")
    remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
    told = remote.once("--require-signed", str(signed), code=1).err
    assert f"{remote.project.name}: Degraded" in told
    assert "is not signed" in told
    assert "healed: " in told
    assert "V=2" not in remote.project.container("web")["Config"]["Env"]


def test_or_it_is_told_what_is_missing(remote: Remote, tmp_path: Path):
    commit = remote.push({"web": sleeper()})
    remote.once()
    shutil.rmtree(tmp_path / "state")
    remote.repository.go_away()
    told = remote.once(code=1).err
    assert f"{remote.project.name}: Degraded" in told
    assert f"{commit[:12]}, which was applied last, cannot be had from the repository" in told


def test_without_replacing_only_what_replaces_nothing_is_done(remote: Remote):
    remote.push({"web": sleeper()})
    remote.once("--auto", "no-replace")
    before = remote.project.id_of("web")
    remote.push({"web": sleeper(), "more": sleeper()})
    remote.once("--auto", "no-replace")
    assert remote.project.container("more")["State"]["Running"]
    remote.push({"web": sleeper(environment={"V": "2"}), "more": sleeper()})
    assert "Drifted" in remote.once("--auto", "no-replace", code=1).err
    assert remote.project.id_of("web") == before
    remote.once()
    assert remote.project.id_of("web") != before


def test_a_stack_whose_file_is_gone_goes_only_where_that_is_said(remote: Remote):
    data = {"volumes": ["data:/data"]}
    remote.project.write({"web": sleeper(**data)}, volumes={"data": {}})
    apps = remote.repository.work / "apps/shop"
    apps.mkdir(parents=True)
    (remote.repository.work / "stack.yaml").rename(apps / "stack.yaml")
    remote.repository.commit()
    remote.once("--path", "apps/*")
    assert len(remote.project.containers()) == 1
    remote.repository.commit({"apps/shop/stack.yaml": None, "README": "nothing here"})
    assert "Drifted" in remote.once("--path", "apps/*", code=1).err
    assert len(remote.project.containers()) == 1
    remote.once("--path", "apps/*", "--prune", code=1)  # it has no stack file at all now
    assert remote.project.containers() == set()
    assert len(remote.project.volumes()) == 1


def test_a_stack_that_a_person_applied_is_not_forgotten_when_its_file_goes(remote: Remote):
    remote.push({"web": sleeper()})
    remote.once("--auto", "off", code=1)
    remote.project.apply()
    assert "Ready" in remote.once("--auto", "off").err
    remote.repository.commit({"stack.yaml": None, "README": "nothing here"})
    told = remote.once("--auto", "off", code=1).err
    assert f"{remote.project.name}: Drifted" in told
    assert "stack.yaml is gone from the branch" in told
    for auto in ("off", "no-replace"):
        assert "waits for a person" in remote.once("--auto", auto, "--prune", code=1).err
    assert remote.project.containers()
    told = remote.once("--prune", code=1).err
    assert "and the stack is removed" in told
    assert remote.project.containers() == set()


def test_a_stack_that_has_another_name_now_is_not_forgotten(remote: Remote):
    """The one that it was is told of until somebody removes it; --prune does."""
    remote.push({"web": sleeper()})
    remote.once()
    name = f"{remote.project.name}-new"
    remote.push({"web": sleeper()}, name=name)
    told = remote.once(code=1).err
    assert f"stack.yaml is called {name} now" in told
    assert f"deployer -p {remote.project.name} destroy" in told
    assert len(remote.project.containers()) == 1
    lines = [json.loads(line) for line in remote.once("--format", "json", code=1).out.splitlines()]
    assert {each["stack"]: each["path"] for each in lines if each["event"] == "condition"} == {
        remote.project.name: "stack.yaml",
        name: "stack.yaml",
    }
    remote.once("--prune")
    assert remote.project.containers() == set()
    assert remote.project.run("-p", name, "destroy", "--yes").code == 0


def test_nor_is_one_that_a_person_applied(remote: Remote):
    """However often the new one was looked at since."""
    remote.push({"web": sleeper()})
    assert remote.project.run("apply", "--yes").code == 0
    remote.once()
    name = f"{remote.project.name}-new"
    remote.push({"web": sleeper()}, name=name)
    for _ in range(3):
        assert f"stack.yaml is called {name} now" in remote.once(code=1).err
    assert remote.project.run("-p", name, "destroy", "--yes").code == 0


def test_who_is_busy_with_the_old_name_is_busy_with_that_alone(remote: Remote):
    """It was called back, and a person is removing the stack that it was called for a while."""
    stays = sleeper()
    remote.push({"web": stays})
    remote.once()
    name = f"{remote.project.name}-new"
    remote.push({"web": stays}, name=name)
    remote.once(code=1)
    remote.push({"web": stays})
    assert f"{name}: Drifted" in remote.once(code=1).err
    engine = remote.project.engine
    labels = engine.inspect_volume(f"{name}.deployer.r1")["Labels"]
    engine.create_volume(f"{name}.deployer.r2", labels=labels)  # as who is at work there has it
    told = remote.once(code=1).err
    engine.remove_volume(f"{name}.deployer.r2")
    assert f"{remote.project.name}: Ready" in told
    assert f"{name}: Progressing" in told
    assert f"another apply of {name} is at work" in told
    assert f"deployer -p {remote.project.name} destroy" not in told
    assert remote.project.run("-p", name, "destroy", "--yes").code == 0


def test_the_one_that_it_was_stays_until_the_new_one_is_ready(remote: Remote):
    """They may want the same port, and then the new one cannot come up."""
    port = free_port()
    remote.push(web("one", port))
    remote.once()
    name = f"{remote.project.name}-new"
    remote.push(web("one", port), name=name)
    told = remote.once("--prune", code=1).err
    assert "stays until that is ready" in told
    assert fetched(port) == "one"
    assert f"{name}: Degraded" in remote.once("--prune", code=1).err
    assert fetched(port) == "one"
    assert remote.project.run("-p", name, "destroy", "--yes").code == 0


def test_and_the_new_one_is_tried_again_once_that_is_out_of_its_way(remote: Remote):
    port = free_port()
    remote.push(web("one", port))
    remote.once()
    name = f"{remote.project.name}-new"
    remote.push(web("two", port), name=name)
    remote.once(code=1)
    failed = remote.once(code=1).err
    assert f"{name}: Degraded" in failed
    assert "Progressing" not in failed
    remote.project.run("-p", remote.project.name, "destroy", "--yes")
    assert f"{name}: Ready" in remote.once().err
    assert fetched(port) == "two"
    assert remote.project.run("-p", name, "destroy", "--yes").code == 0


def test_what_failed_for_another_reason_is_not_tried_again_for_another_stack(
    make_project: Callable[..., Project], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first, other, repository = two_stacks(make_project, tmp_path)
    first.write({"web": {**sleeper(), **BAD}})
    other.write({"web": sleeper()})
    repository.commit()
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert first.run("sync", repository.url, "--once", "--path", "apps/*").code == 1
    assert len([each for each in first.records() if not each.endswith(".done")]) == 1


def test_an_apply_that_is_at_work_is_left_alone(remote: Remote):
    """A person's, or another agent's: what it has begun is neither drift nor anything to recover."""
    remote.push({"web": sleeper()})
    remote.once()
    slow = {"test": ["CMD", "test", "-e", "/tmp/ok"], "interval": "500ms", "retries": 200}
    remote.push({"web": sleeper(command=["sh", "-c", "sleep 5; touch /tmp/ok; sleep 1000"], healthcheck=slow)})
    person = remote.project.start("apply", "--yes")
    until(lambda: f"{remote.project.name}-web-1.next" in remote.project.containers())
    assert "Progressing" in remote.once(code=1).err
    assert ended(person).code == 0
    remote.must_be_settled()


def test_what_is_the_agents_own_is_in_no_stack(remote: Remote, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEPLOYER_GIT_CREDENTIALS", "me:gitpassw0rd")
    remote.push({"web": sleeper(environment={"A": "x${DEPLOYER_GIT_CREDENTIALS:-}"})})
    remote.once()
    assert "A=x" in remote.project.container("web")["Config"]["Env"]


def test_a_plan_that_comes_back_is_told_and_not_repeated_for_ever(remote: Remote):
    """Somebody removes it again and again."""
    remote.push({"web": sleeper()})
    remote.once()
    for _ in range(3):
        remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
        remote.once()
    remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
    assert "comes back" in remote.once(code=1).err
    remote.push({"web": sleeper(environment={"V": "2"})})
    remote.once()
    assert remote.project.container("web")["State"]["Running"]


def test_a_mounted_file_is_that_of_the_commit(remote: Remote):
    mounts = {"volumes": ["./conf:/conf:ro"]}
    remote.repository.write({"conf/a": "1"})
    remote.push({"web": sleeper(**mounts)})
    remote.once()
    before = remote.project.id_of("web")
    remote.repository.commit({"conf/a": "2"})
    remote.once()
    assert remote.project.inside("web", "cat", "/conf/a") == (0, "2")
    assert remote.project.id_of("web") == before


MOUNTED = {"volumes": ["./conf:/conf:ro"], "network_mode": "none"}


def mounted_of(remote: Remote) -> str:
    """The file that the service sees."""
    code, text = remote.project.inside("web", "cat", "/conf/a")
    assert code == 0
    return text


def two_commits(remote: Remote) -> str:
    """The first one is applied, the second one changes a mounted file alone: it is the one that is good, and given."""
    remote.repository.write({"conf/a": "1"})
    remote.push({"web": sleeper(**MOUNTED)})
    remote.once()
    good = remote.repository.commit({"conf/a": "2"})
    assert f"Ready at {good[:12]}" in remote.once().err
    return good


def test_a_commit_that_fails_leaves_mounted_files_as_the_last_good_one_had_them(remote: Remote):
    """Though no revision was made for it; each of these is another process."""
    good = two_commits(remote)
    remote.repository.write({"conf/a": "3"})
    remote.push({"web": sleeper(**MOUNTED, **BAD)})
    for _ in range(2):
        assert f"Degraded at {good[:12]}" in remote.once(code=1).err
        assert mounted_of(remote) == "2"
    remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
    remote.once(code=1)
    assert mounted_of(remote) == "2"


def test_so_does_one_that_is_no_stack(remote: Remote):
    good = two_commits(remote)
    remote.repository.commit({"conf/a": "3", "stack.yaml": "services: ["})
    assert f"Degraded at {good[:12]}" in remote.once(code=1).err
    assert mounted_of(remote) == "2"


@pytest.mark.parametrize("auto", ["off", "no-replace"])
def test_and_one_that_waits(remote: Remote, auto: str):
    good = two_commits(remote)
    remote.repository.write({"conf/a": "3"})
    waits = remote.push({"web": sleeper(**MOUNTED, environment={"A": "new"})})
    for _ in range(2):
        told = remote.once("--auto", auto, code=1).err
        assert f"Drifted at {good[:12]}: {waits[:12]} waits for a person" in told
        assert "~ web[1] replace: environment.A" in told
        assert mounted_of(remote) == "2"


def test_without_the_state_it_is_the_commit_of_the_last_revision(remote: Remote, tmp_path: Path):
    two_commits(remote)
    remote.repository.write({"conf/a": "3"})
    remote.push({"web": sleeper(**MOUNTED, **BAD)})
    for each in (tmp_path / "state").rglob("good.json"):
        each.unlink()
    remote.once(code=1)
    assert mounted_of(remote) == "1"


def test_what_a_person_has_applied_since_then_is_the_good_one(remote: Remote):
    two_commits(remote)
    applied = remote.push({"web": sleeper(**MOUNTED, environment={"A": "person"})})
    remote.project.apply()
    remote.once()
    remote.push({"web": sleeper(**MOUNTED, **BAD)})
    assert f"Degraded at {applied[:12]}" in remote.once(code=1).err
    assert "A=person" in remote.project.container("web")["Config"]["Env"]


def test_a_commit_that_changes_mounted_files_alone_waits_where_none_is_applied(remote: Remote):
    good = two_commits(remote)
    waits = remote.repository.commit({"conf/a": "3"})
    told = f"Drifted at {good[:12]}: {waits[:12]} waits for a person, as --auto says: "
    for _ in range(2):
        assert f"{told}mounted: conf/a" in remote.once("--auto", "off", code=1).err
        assert mounted_of(remote) == "2"
    remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
    assert told in remote.once("--auto", "off", code=1).err
    assert mounted_of(remote) == "2"
    assert f"Ready at {waits[:12]}" in remote.once("--auto", "no-replace").err
    assert mounted_of(remote) == "3"


def test_its_files_are_in_place_at_no_time(remote: Remote):
    """Nobody sees them for a moment."""
    two_commits(remote)
    remote.repository.commit({"conf/a": "3", "conf/b": "new"})
    found = Path(remote.project.container("web")["Mounts"][0]["Source"])
    before = {each: each.stat().st_ctime_ns for each in (found, *found.iterdir())}
    remote.once("--auto", "off", code=1)
    assert {each: each.stat().st_ctime_ns for each in (found, *found.iterdir())} == before


def test_a_commit_is_looked_at_aside_only_where_containers_would_see_it(remote: Remote, tmp_path: Path):
    """Else it is put in place and planned once."""
    two_commits(remote)

    def asides() -> list[Path]:
        return [each for kind in ("stacks", "index") for each in (tmp_path / "state").rglob(f"{kind}/aside-*")]

    def is_taken(commit: str) -> bool:
        found = json.loads(next((tmp_path / "state").rglob("good.json")).read_text())
        return found[remote.project.name][0] == commit

    process = remote.start()
    try:
        commit = remote.repository.commit({"README": "words"})
        until(lambda: is_taken(commit), 60)
        time.sleep(2)
        for each in asides():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        commit = remote.repository.commit({"README": "other words"})
        until(lambda: is_taken(commit), 60)
        assert asides() == []
        commit = remote.repository.commit({"conf/a": "3"})
        until(lambda: is_taken(commit), 60)
        assert asides() != []
    finally:
        process.send_signal(signal.SIGTERM)
        ended(process)
    assert mounted_of(remote) == "3"


def test_a_commit_that_changes_nothing_mounted_is_ready_though_none_is_applied(remote: Remote):
    two_commits(remote)
    commit = remote.repository.commit({"README": "words"})
    assert f"Ready at {commit[:12]}" in remote.once("--auto", "off").err


def test_the_history_names_the_commit(remote: Remote):
    commit = remote.push({"web": sleeper()})
    remote.once()
    entry = json.loads(remote.project.run("history", "--format", "json").out)["revisions"][-1]
    assert (entry["commit"], entry["command"]) == (commit, "apply by sync")


def test_a_checkout_and_the_agent_have_one_origin(remote: Remote):
    """So an apply by hand is none by somebody else."""
    remote.push({"web": sleeper()})
    remote.once()
    remote.project.write({"web": sleeper(environment={"V": "2"})})
    remote.project.apply()
    assert "V=2" in remote.project.container("web")["Config"]["Env"]


def test_events_are_json_lines(remote: Remote):
    remote.push({"web": sleeper()})
    lines = [json.loads(line) for line in remote.once("--format", "json").out.splitlines()]
    assert {"commit", "condition", "progress"} <= {each["event"] for each in lines}
    last = [each for each in lines if each["event"] == "condition"][-1]
    assert (last["condition"], last["reason"], last["stack"]) == ("Ready", "InStep", remote.project.name)


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    with listener() as (url, bodies):
        yield f"{url}/s3cr3t", bodies


def test_somebody_is_told_of_a_new_condition(
    remote: Remote, webhook: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
):
    url, bodies = webhook
    monkeypatch.setenv("DEPLOYER_NOTIFY_URL", url)
    remote.push({"web": sleeper()})
    remote.once()
    assert len(bodies) == 1
    monkeypatch.setenv("DEPLOYER_NOTIFY_URL", url)
    bad = remote.push({"web": sleeper(**dying("echo TOKEN=hunter2; echo boom; exit 3"))})
    result = remote.once("--format", "json", code=1)
    assert len(bodies) == 2
    assert f"{remote.project.name}: Degraded" in bodies[-1]["text"]
    assert bad[:12] in bodies[-1]["text"]
    assert "boom" in bodies[-1]["text"]
    assert "hunter2" not in bodies[-1]["text"]
    assert "boom" in result.out
    assert "hunter2" not in result.out
    assert "s3cr3t" not in result.err + result.out


def test_of_each_commit_that_fails_in_a_row_somebody_is_told_once(
    remote: Remote, webhook: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
):
    url, bodies = webhook
    told: list[str] = []
    for push in (
        lambda: remote.push({"web": sleeper()}),
        lambda: remote.push({"web": sleeper(**BAD)}),
        lambda: remote.push({"web": sleeper(**dying("exit 4"))}),
        lambda: remote.repository.commit({"stack.yaml": "services: ["}),
    ):
        told.append(push())
        for _ in range(2):
            monkeypatch.setenv("DEPLOYER_NOTIFY_URL", url)
            remote.once(code=1 if len(told) > 1 else 0)
    texts = [body["text"] for body in bodies]
    assert len(texts) == 4
    for text, commit in zip(texts[1:], told[1:], strict=True):
        assert "Degraded (was" in text
        assert commit[:12] in text
    assert "exited with code 3" in texts[1]
    assert "exited with code 4" in texts[2]


def test_a_repository_that_is_out_of_reach_for_long_is_told_and_that_it_is_back(
    remote: Remote, webhook: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
):
    """Each round is a process of its own, and quiet, as from cron."""
    url, bodies = webhook

    def quiet(code: int) -> str:
        monkeypatch.setenv("DEPLOYER_NOTIFY_URL", url)
        result = remote.project.run("--quiet", "sync", remote.repository.url, "--once")
        assert result.code == code
        return result.err

    remote.push({"web": sleeper()})
    assert quiet(0) == ""
    remote.repository.go_away()
    assert "git fetch failed" in quiet(1)
    assert len(bodies) == 1
    monkeypatch.setattr("deployer.gitops.told.LASTS", 0.0)
    for _ in range(2):
        assert "git fetch failed" in quiet(1)
    remote.repository.come_back()
    assert quiet(0) == ""
    texts = [body["text"] for body in bodies]
    assert len(texts) == 3
    assert texts[1].startswith(f"{remote.repository.url}: Degraded at ")
    assert "git fetch failed" in texts[1]
    assert texts[2].startswith(f"{remote.repository.url}: Ready (was Degraded) at ")
    assert "this is over: git fetch failed" in texts[2]


def test_somebody_is_told_when_it_happens_and_not_at_the_end_of_the_round(
    make_project: Callable[..., Project],
    tmp_path: Path,
    webhook: tuple[str, list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
):
    first, other, repository = two_stacks(make_project, tmp_path)
    first.write({"web": sleeper()})
    slow = {"test": ["CMD", "test", "-e", "/ok"], "interval": "200ms", "retries": 1000}
    other.write({"web": sleeper(healthcheck=slow)})
    repository.commit()
    monkeypatch.setenv("DEPLOYER_NOTIFY_URL", webhook[0])
    process = first.start("sync", repository.url, "--once", "--path", "apps/*")
    until(lambda: bool(other.containers()), 60)
    until(lambda: bool(webhook[1]), 20)
    assert webhook[1][0]["text"].startswith(f"{first.name}: Ready")
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    ended(process)


def test_the_loop_applies_what_is_pushed_and_ends_on_sigterm(remote: Remote):
    port = free_port()
    remote.push(web("one", port))
    process = remote.start()
    assert fetched(port, 60) == "one"
    remote.push(web("two", port))
    until(lambda: fetched(port) == "two" and remote.is_idle(), 60)
    process.send_signal(signal.SIGTERM)
    result = ended(process)
    assert result.code == 0
    assert result.err.endswith("the agent ends: stopped by SIGTERM; 1 of 1 stacks Ready\n")


def test_what_is_over_is_said_with_what_it_was(remote: Remote):
    remote.push({"web": sleeper()})
    process = remote.start()
    until(lambda: len(remote.records()) == 1 and remote.is_idle(), 60)
    remote.repository.go_away()
    time.sleep(5)
    remote.repository.come_back()
    told = ""
    for line in process.stderr:
        told += line
        if "this is over: git fetch failed" in line:
            break
    process.send_signal(signal.SIGTERM)
    ended(process)
    assert "this is over: git fetch failed" in told


def test_sigterm_while_it_applies_ends_what_is_in_flight(remote: Remote):
    remote.push({"web": sleeper()})
    remote.once()
    remote.push({"web": sleeper(healthcheck={"test": ["CMD", "false"], "interval": "1s", "retries": 100})})
    process = remote.start()
    until(lambda: any(each.endswith(".next") for each in remote.project.containers()), 60)
    process.send_signal(signal.SIGTERM)
    result = ended(process)
    assert result.code == 130
    assert "the agent ends: stopped by SIGTERM; what was in flight has ended or was put back" in result.err
    assert not [each for each in remote.project.containers() if each.endswith(".next")]
    assert remote.project.container("web")["State"]["Running"]
    # Nothing says that the commit is bad: it is tried again.
    remote.push({"web": sleeper(environment={"V": "3"})})
    remote.must_be_settled()


def test_a_second_one_aborts_and_that_is_the_last_line_too(remote: Remote):
    remote.push({"web": sleeper(healthcheck={"test": ["CMD", "false"], "interval": "1s", "retries": 100})})
    process = remote.start()
    until(lambda: remote.project.containers() != set(), 60)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    result = ended(process)
    assert result.code == 130
    assert "the agent ends: stopped by" in result.err.splitlines()[-1]
    assert "what was in flight is left as it is" in result.err.splitlines()[-1]
    assert "Traceback" not in result.err


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_any_moment_it_is_never_wrong(remote: Remote, seed: int):
    chance = random.Random(seed)
    port = free_port()
    remote.repository.write({"conf/a": "0"})
    remote.push(web("0", port))
    remote.once()
    for number in range(1, 5):
        bad = number == 2
        remote.repository.write({"conf/a": str(number)})
        services = web(str(number), port)
        remote.push({"web": {**services["web"], **BAD}} if bad else services)
        process = remote.start()
        time.sleep(chance.uniform(0.3, 4.0))
        process.kill()
        process.communicate()
        # Whoever is killed between the stop and the start leaves it stopped, until it is started anew, as an agent is.
        remote.once(code=1 if bad else 0)
        assert fetched(port) == str(number - 1 if bad else number)
        assert len(remote.project.containers()) == 1
    remote.must_be_settled()


def two_stacks(make_project: Callable[..., Project], tmp_path: Path) -> tuple[Project, Project, Repository]:
    first, other = make_project("remote/work/apps/a"), make_project("remote/work/apps/b", f"e2e-b{os.getpid()}")
    repository = Repository(tmp_path / "remote")
    repository.bare.mkdir(parents=True)
    repository.git("init", "--quiet", "--bare", "--initial-branch=main", folder=repository.bare)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("remote", "add", "origin", repository.url)
    return first, other, repository


def test_one_stack_that_fails_holds_up_no_other(
    make_project: Callable[..., Project], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first, other, repository = two_stacks(make_project, tmp_path)
    first.write({"web": {**sleeper(), **BAD}})
    other.write({"web": sleeper()})
    repository.commit()
    monkeypatch.chdir(tmp_path)
    result = first.run("sync", repository.url, "--once", "--path", "apps/*")
    assert result.code == 1
    assert f"{first.name}: Degraded" in result.err
    assert f"{other.name}: Ready" in result.err
    assert other.container("web")["State"]["Running"]


def test_of_two_agents_with_one_folder_the_second_one_is_busy(remote: Remote):
    remote.push({"web": sleeper()})
    process = remote.start()
    until(lambda: len(remote.records()) == 1 and remote.is_idle(), 60)
    assert "another agent works in" in remote.once(code=75).err
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 0


def test_two_agents_with_folders_of_their_own_agree_but_for_what_is_mounted(remote: Remote, tmp_path: Path):
    """Each mounts its own copy of the files. That they replace each other's containers has an end, and is told."""
    remote.repository.write({"conf/a": "1"})
    remote.push({"web": sleeper()})
    states = [("--state", str(tmp_path / name)) for name in ("one", "two")]
    for state in states:
        remote.once(*state)
    assert len(remote.records()) == 1
    remote.push({"web": sleeper(volumes=["./conf:/conf:ro"])})
    told = ""
    for _ in range(4):
        for state in states:
            told = remote.project.run("sync", remote.repository.url, "--once", *state).err
    assert "comes back" in told
    assert len(remote.records()) <= 6


def test_what_is_encrypted_in_the_repository_is_decrypted_on_its_way(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The key is the agent's alone, and what it opens lies in none of its folders. Without it the commit is told."""
    key = pyrage.x25519.Identity.generate()
    sealed = pyrage.encrypt(b"f1le secret", [key.to_public()])
    (remote.project.folder / "pw.age").write_bytes(sealed)
    service = sleeper(secrets=["pw"], environment={"A": "x${SOPS_AGE_KEY:-}"})
    remote.push({"web": service}, secrets={"pw": {"file": "./pw.age"}})
    monkeypatch.delenv("SOPS_AGE_KEY_FILE", raising=False)
    result = remote.once(code=1)
    assert "Degraded" in result.err
    assert "pw.age is encrypted by age, and no age key is given" in result.err
    monkeypatch.setenv("SOPS_AGE_KEY", str(key))
    remote.must_be_settled()
    assert remote.project.inside("web", "cat", "/run/secrets/pw")[1] == "f1le secret"
    assert "A=x" in remote.project.container("web")["Config"]["Env"]
    kept = b"".join(each.read_bytes() for each in (tmp_path / "state").rglob("*") if each.is_file())
    assert sealed in kept
    assert b"f1le secret" not in kept
    assert str(key).encode() not in kept


FULL = """#!{python}
import os, sys
if {word!r} in sys.argv and os.path.exists({flag!r}):
    sys.exit("fatal: write error: No space left on device")
os.execv({git!r}, sys.argv)
"""


@pytest.mark.parametrize("word", ["fetch", "read-tree"])
def test_a_full_disk_changes_nothing(remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str):
    port = free_port()
    remote.push(web("one", port))
    remote.once()
    flag, folder = tmp_path / "full", tmp_path / "bin"
    folder.mkdir()
    text = FULL.format(python=sys.executable, word=word, flag=str(flag), git=shutil.which("git"))
    (folder / "git").write_text(text)
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    remote.push(web("two", port))
    flag.touch()
    assert "No space left on device" in remote.once(code=1).err
    assert fetched(port) == "one"
    flag.unlink()
    remote.once()
    assert fetched(port) == "two"


def test_an_engine_that_is_away_is_told(remote: Remote, tmp_path: Path):
    remote.push({"web": sleeper()})
    result = remote.once("--engine", f"unix://{tmp_path}/nowhere.sock", code=1)
    assert "nowhere.sock" in result.err
    remote.must_be_settled()


def test_a_stack_whose_file_comes_back_is_kept_in_order_again(remote: Remote):
    """What was done by hand while it was gone is undone, and what the file says now is applied."""
    remote.push({"web": sleeper()})
    process = remote.start()
    told: list[str] = []

    def listen() -> None:
        for line in process.stderr:
            told.append(line)

    listening = threading.Thread(target=listen)
    listening.start()

    def is_gone(times: int) -> bool:
        return "".join(told).count("stack.yaml is gone from the branch") == times

    text = (remote.repository.work / "stack.yaml").read_text()
    try:
        until(lambda: len(remote.records()) == 1 and remote.is_idle(), 60)
        remote.repository.commit({"stack.yaml": None, "README": "nothing here"})
        until(lambda: is_gone(1), 60)
        remote.project.engine.remove_container(remote.project.container_name("web"), force=True)
        time.sleep(3)
        assert remote.project.containers() == set()
        remote.repository.commit({"stack.yaml": text})
        until(lambda: remote.project.containers() != set() and remote.is_idle(), 60)
        remote.repository.commit({"stack.yaml": None})
        until(lambda: is_gone(2), 60)
        remote.push({"web": sleeper(environment={"A": "new"})})
        until(lambda: len(remote.records()) == 3 and remote.is_idle(), 60)
        until(lambda: f"{remote.project.name}: Ready" in "".join(told[-2:]), 60)
    finally:
        process.send_signal(signal.SIGTERM)
        listening.join(60)
        process.communicate(timeout=60)
    assert "A=new" in remote.project.container("web")["Config"]["Env"]
    assert is_gone(2)


@pytest.mark.parametrize("data", [True, False])
def test_that_a_person_has_removed_a_stack_whose_file_is_gone_is_told_once(
    remote: Remote, webhook: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch, data: bool
):
    """Nothing knows of it after that, so whoever waits for its end hears of it now."""
    volumes = {"volumes": {"data": {}}} if data else {}
    service = sleeper(volumes=["data:/data"]) if data else sleeper()
    remote.push({"web": service}, **volumes)
    remote.once()
    remote.repository.commit({"stack.yaml": None, "README": "nothing here"})
    monkeypatch.setenv("DEPLOYER_NOTIFY_URL", webhook[0])
    remote.once(code=1)
    assert remote.project.run("-p", remote.project.name, "destroy", "--yes").code == 0
    monkeypatch.setenv("DEPLOYER_NOTIFY_URL", webhook[0])
    told = remote.once(code=1).err
    said = f"somebody has removed the stack{'; its data stays' if data else ''}"
    assert f"{remote.project.name}: Ready: {said}\n" in told
    monkeypatch.setenv("DEPLOYER_NOTIFY_URL", webhook[0])
    assert remote.project.name not in remote.once(code=1).err
    assert [each["text"].splitlines()[1] for each in webhook[1]][1:] == [said]


def test_the_loop_tells_that_a_stack_was_removed_in_its_next_round(remote: Remote):
    remote.push({"web": sleeper()})
    process = remote.start("--format", "json")
    try:
        until(lambda: len(remote.records()) == 1 and remote.is_idle(), 60)
        remote.repository.commit({"stack.yaml": None, "README": "nothing here"})
        events = map(json.loads, process.stdout)
        next(each for each in events if each.get("reason") == "FileGone")
        assert remote.project.run("-p", remote.project.name, "destroy", "--yes").code == 0
        assert next(each for each in events if each.get("reason") == "Removed")["stack"] == remote.project.name
    finally:
        process.send_signal(signal.SIGTERM)
        ended(process)
