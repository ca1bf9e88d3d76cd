"""The agent deploys the stack in which it runs: another container carries out what stops its own."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.e2e.agent import PATIENCE, Agent, agent, agent_image
from tests.e2e.project import BASE, sleeper, until

pytestmark = pytest.mark.engine

__all__ = ["agent", "agent_image"]


def begun(agent: Agent) -> str:
    """The commit at which it has deployed a stack and itself."""
    commit = agent.push({"web": sleeper()})
    agent.own.apply()
    agent.await_ready(agent.own, commit)
    agent.await_ready(agent.shop, commit)
    return agent.own.id_of("agent")


def changed(agent: Agent, **fields: Any) -> str:
    agent.change_itself(**fields)
    return agent.repository.commit()


def must_be_alone_and_in_step(agent: Agent) -> None:
    until(agent.is_alone, PATIENCE)
    agent.own.must_be_settled()
    agent.shop.must_be_settled()
    until(lambda: agent.own.container("agent")["State"]["Health"]["Status"] == "healthy", PATIENCE)


def test_a_commit_that_changes_the_agent_replaces_it(agent: Agent):
    before = begun(agent)
    commit = changed(agent, environment={"STEP": "2"})
    agent.await_ready(agent.own, commit)
    assert agent.own.id_of("agent") != before
    assert "STEP=2" in agent.own.container("agent")["Config"]["Env"]
    must_be_alone_and_in_step(agent)
    entry = agent.says(agent.own)["history"][-1]
    assert (entry["commit"], entry["command"], entry["result"]) == (commit, "apply by sync", "succeeded")


def test_a_commit_that_breaks_the_agent_is_put_back(agent: Agent):
    before = begun(agent)
    bad = changed(agent, command=["sync", "--no-such-option"])
    agent.await_failure(agent.own, bad)
    assert agent.own.id_of("agent") == before
    until(agent.is_alone, PATIENCE)
    assert "No such option" in "\n".join(agent.says(agent.own)["lines"])
    agent.repository.git("revert", "--no-edit", "HEAD")
    agent.await_ready(agent.own, agent.repository.push())
    assert agent.own.id_of("agent") == before


def test_a_commit_by_which_it_would_find_no_repository_is_put_back(agent: Agent):
    """It answers, and would do so for ever.."""
    before = begun(agent)
    variables = agent.own.folder / ".env"
    variables.write_text(variables.read_text().replace(agent.repository.url, f"{agent.repository.url}-nowhere"))
    bad = agent.repository.commit()
    agent.await_failure(agent.own, bad)
    assert agent.own.id_of("agent") == before
    until(agent.is_alone, PATIENCE)
    assert "does not appear to be a git repository" in "\n".join(agent.says(agent.own)["lines"])
    assert "does not appear to be a git repository" in agent.log()


def test_a_deputy_that_is_killed_is_started_again_and_goes_on(agent: Agent, request: pytest.FixtureRequest):
    begun(agent)
    for step in range(request.config.getoption("--kills")):
        commit = changed(agent, environment={"STEP": str(step)})
        until(agent.deputies, PATIENCE)
        time.sleep(agent.chance.uniform(0.0, 5.0))
        crash(agent, agent.deputies())
        agent.await_ready(agent.own, commit)
        assert f"STEP={step}" in agent.own.container("agent")["Config"]["Env"]
        must_be_alone_and_in_step(agent)


def crash(agent: Agent, containers: list[dict[str, Any]]) -> None:
    """As where memory runs out: a container that is killed by way of the engine is meant to stay dead."""
    for each in containers:
        pid = agent.own.engine.inspect_container(each["Id"])["State"]["Pid"]
        if pid:
            host = agent.own.engine.create_host_config(pid_mode="host", auto_remove=True)
            command = ["kill", "-9", str(pid)]
            made = agent.own.engine.create_container(BASE, command, host_config=host)
            agent.own.engine.start(made)


def test_a_destroy_does_not_stop_the_container_that_it_runs_in(agent: Agent):
    begun(agent)
    before = agent.own.records()
    command = ["python", "-m", "deployer", "-p", agent.own.name, "destroy", "--yes"]
    code, said = agent.own.inside("agent", *command)
    assert code == 65
    assert "would stop the container that deployer itself runs in" in said
    assert agent.own.records() == before
    assert agent.own.container("agent")["State"]["Running"]
