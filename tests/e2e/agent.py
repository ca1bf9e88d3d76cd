"""The agent of examples/gitops as a container, and the repository that it follows."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient

from tests.e2e.project import ROOT, Project, free_port
from tests.gitops.repository import Repository

IMAGE = "deployer:local"
"""As the example calls it."""

PATIENCE = 120.0
"""Seconds in which what is pushed comes about, on a machine that is busy."""


@pytest.fixture(scope="session")
def agent_image(engine: APIClient) -> str:
    """deployer's own image, of the code here. Where scripts/wheels has been, no package index is needed."""
    arguments = {"PIP_NO_INDEX": "1"} if (ROOT / "wheels").is_dir() else {}
    said = list(engine.build(str(ROOT), tag=IMAGE, buildargs=arguments, rm=True, forcerm=True, decode=True))
    failed = [each["error"] for each in said if "error" in each]
    assert not failed, failed
    return IMAGE


@dataclass(frozen=True)
class Agent:
    """`shop` is a stack that it deploys, `own` the one in which it runs; both are in the repository."""

    repository: Repository
    shop: Project
    own: Project
    port: int
    chance: random.Random

    def push(self, services: dict[str, Any], message: str = "a change") -> str:
        self.shop.write(services)
        return self.repository.commit(message=message)

    def change_itself(self, **fields: Any) -> None:
        """What goes over the example's stack file. The repository is mounted where it is on the host, whose name and
        id the agent knows: so it is one repository for the agent and for us.
        """
        mounts = [f"{each}:{each}:ro" for each in (self.repository.folder, Path("/etc/machine-id")) if each.exists()]
        soon = {"interval": "2s", "start_period": "1s"}  # each is a Python of its own
        service = {"volumes": mounts, "hostname": os.uname().nodename, "healthcheck": soon, **fields}
        over = {"name": self.own.name, "services": {"agent": service}}
        (self.own.folder / "stack.override.yaml").write_text(json.dumps(over))

    @property
    def container(self) -> str:
        return self.own.container_name("agent")

    def kill(self) -> None:
        self.own.engine.kill(self.container, "KILL")

    def start(self) -> None:
        self.own.engine.start(self.container)

    def deputies(self) -> list[dict[str, Any]]:
        return self.own.engine.containers(all=True, filters={"label": f"io.deployer.deputy={self.container}"})

    def is_alone(self) -> bool:
        """One agent, and no deputy any more."""
        return self.own.containers() == {self.container} and not self.deputies()

    def log(self) -> str:
        return self.own.engine.logs(self.container).decode()

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=10) as answer:
            return json.load(answer)

    def says(self, project: Project) -> dict[str, Any]:
        """What it knows of a stack; nothing while it does not answer."""
        try:
            return self.ask(f"api/stacks/{project.name}")
        except (OSError, ValueError):
            return {}

    def await_ready(self, project: Project, commit: str) -> None:
        self._await(project, lambda told: (told.get("condition"), told.get("commit")) == ("Ready", commit))

    def await_failure(self, project: Project, commit: str) -> None:
        """That it is told of a commit, and what ran before is in step."""

        def is_told(told: dict[str, Any]) -> bool:
            begins = str(told.get("message")).startswith(commit[:12])
            return begins and told["condition"] == "Degraded" and told["commit"] != commit

        self._await(project, is_told)

    def _await(self, project: Project, true: Callable[[dict[str, Any]], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true(told := self.says(project)):
            brief = {name: value for name, value in told.items() if name not in ("plan", "history")}
            assert time.monotonic() < deadline, f"{brief}\n{self.log()}"
            time.sleep(0.1)


@pytest.fixture
def agent(
    agent_image: str, make_project: Callable[..., Project], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Agent:
    """It is not started yet."""
    tmp_path.chmod(0o755)  # for the agent, which is nobody special
    repository = Repository(tmp_path / "remote").begin()
    (repository.folder / "credentials").write_text("a token of no use\n")
    shop = make_project("remote/work/shop")
    own = make_project("remote/work/agent", f"{shop.name}-agent")
    shutil.copy(ROOT / "examples/gitops/stack.yaml", own.folder)
    socket, port = os.environ["DOCKER_HOST"].removeprefix("unix://"), free_port()
    variables = {
        "REPOSITORY": repository.url,
        "DOCKER_GID": os.stat(socket).st_gid,
        "DOCKER_SOCKET": socket,
        "AGENT_FOLDER": repository.folder,
        "AGENT_PORT": port,
        "AGENT_IMAGE": agent_image,
        "INTERVAL": "1s",
    }
    for name in variables:  # the shell's own go before the file's
        monkeypatch.delenv(name, raising=False)
    (own.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    made = Agent(repository, shop, own, port, random.Random(7))
    made.change_itself()
    return made
