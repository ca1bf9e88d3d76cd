"""A stack on the engine that DOCKER_HOST names: written, planned, applied, looked at and changed by hand."""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import DeployerError
from deployer.fields.container_names import container_name
from deployer.plan.model import Change, Plan
from deployer.plan.planner import Options
from deployer.project import Project
from deployer.reconcile import apply as reconcile
from deployer.reconcile.protocol import Engine
from deployer.reconcile.run import Outcome
from deployer.resources import identity
from deployer.wiring import Choices, connect, load_stack

Json = Mapping[str, Any]
BASE = "busybox:1.37"

DECLARED: Json = {"secrets": {"example": {"content": "one"}}, "configs": {"example": {"content": "two"}}}
"""What the examples of the rows refer to."""


def block_yaml(document: Json) -> tuple[str, dict[str, int]]:
    """A stack file with every key on a line of its own, and the line of each by its dotted path."""
    text: list[str] = []
    lines: dict[str, int] = {}

    def write(mapping: Json, path: str, indent: str) -> None:
        for key, value in mapping.items():
            nested = isinstance(value, Mapping) and value
            text.append(f"{indent}{json.dumps(key)}:{'' if nested else ' ' + json.dumps(value)}")
            lines[f"{path}{key}"] = len(text)
            if nested:
                write(value, f"{path}{key}.", indent + "  ")

    write(document, "", "")
    return "\n".join(text) + "\n", lines


@dataclass
class LiveStack:
    """One stack file in a folder of its own, and what the engine has of it."""

    engine: Engine
    folder: Path
    name: str
    lines: dict[str, int] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.folder / "stack.yaml"

    def write(self, services: Json | None = None, **sections: Json) -> None:
        document = {"name": self.name, "services": services or {}, **DECLARED, **sections}
        text, self.lines = block_yaml(document)
        self.file.write_text(text)

    def project(self) -> Project:
        return Project(*load_stack(Choices((str(self.file),))))

    def plan(self) -> Plan:
        return self.project().plan(self.engine)[0]

    def changes(self) -> dict[str, Change]:
        """What the plan would change, by address; data that is kept is no change."""
        return {change.address: change for change in self.plan().changes if change.action != "kept"}

    def apply(self) -> Outcome:
        project = self.project()

        def look(holding: int = 0) -> reconcile.Planned:
            return project.plan(self.engine, holding=holding)

        return reconcile.apply(self.engine, look(), self._job(project, look))

    def destroy(self, *, volumes: bool = False) -> Outcome:
        project = self.project()

        def look(holding: int = 0) -> reconcile.Planned:
            return project.plan_destroy(self.engine, Options(volumes=volumes), holding)

        return reconcile.apply(self.engine, look(), self._job(project, look))

    def _job(self, project: Project, look: Callable[[int], reconcile.Planned]) -> reconcile.Job:
        return reconcile.Job(
            look=look,
            agreed=lambda _: True,
            tell=lambda _: None,
            sources=project.sources,
        )

    def must_apply(self) -> None:
        """Apply, and find nothing left to do."""
        outcome = self.apply()
        assert not outcome.errors, [str(error) for error in outcome.errors]
        assert differences(self.changes()) == {}

    def container(self, service: str, number: int = 1) -> Json:
        name = container_name(self.name, service, number)
        found = self.engine.container(name)
        assert found, f"there is no container {name}"
        return found

    def remove_everything(self) -> None:
        """Containers, networks and volumes that bear the stack's labels or its name; a busy engine is asked again."""
        for wait in (1, 2, 4, 0):
            try:
                self._remove_what_is_left()
            except DeployerError as error:
                time.sleep(wait)
                refused = str(error)
            else:
                return
        # Engine 20.10 under load may hold a network for an endpoint whose container is gone, until it restarts.
        warnings.warn(f"something of {self.name} is left behind: {refused}", stacklevel=2)

    def _remove_what_is_left(self) -> None:
        def ours(listed: Json, name: str) -> bool:
            labels = listed.get("Labels") or {}
            return labels.get(identity.PROJECT) == self.name or name.startswith((f"{self.name}_", f"{self.name}."))

        def remove(listed: Json) -> None:
            self.engine.remove_container(listed["Id"], force=True, volumes=True)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(remove, (it for it in self.engine.containers() if ours(it, it["Names"][0].lstrip("/")))))
        for network in self.engine.networks():
            if ours(network, network["Name"]):
                self.engine.remove_network(network["Id"])
        for volume in self.engine.volumes():
            if ours(volume, volume["Name"]):
                self.engine.remove_volume(volume["Name"])


def differences(changes: Mapping[str, Change]) -> dict[str, list[str]]:
    """What a plan says of each address, short enough for the message of a failed assertion."""
    return {
        address: [f"{each.field}: {each.before} -> {each.after} ({', '.join(each.causes)})" for each in change.fields]
        or [change.action]
        for address, change in changes.items()
    }


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine of the environment. The law is nothing without one, so it fails rather than being skipped."""
    if not os.environ.get("DOCKER_HOST"):
        pytest.fail("DOCKER_HOST is not set: `scripts/engine start` starts an engine and says what to export")
    connected = connect(Choices())
    if connected.image(BASE) is None:
        pytest.fail(f"the engine has no image {BASE}: scripts/base-images brings it")
    yield connected
    connected.close()  # pyright: ignore[reportAttributeAccessIssue]


@pytest.fixture(scope="session")
def live_stack(
    engine: Engine, image: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], LiveStack]]:
    """Makes stacks whose names only this run uses; whatever becomes of the test, nothing of them stays.

    It is undone before the images are, which cannot go while containers run them.
    """
    assert image
    made: list[LiveStack] = []

    def make(suffix: str) -> LiveStack:
        name = f"law-{os.getpid()}-{suffix}"
        made.append(LiveStack(engine, tmp_path_factory.mktemp(suffix), name))
        return made[-1]

    yield make
    for stack in made:
        stack.remove_everything()


@pytest.fixture(scope="session")
def image(engine: Engine) -> Iterator[Callable[..., str]]:
    """Builds an image on the base image from further Dockerfile lines; gives its reference."""
    made: list[str] = []

    def build(suffix: str, *lines: str) -> str:
        reference = f"law-{os.getpid()}:{suffix}"
        dockerfile = "\n".join([f"FROM {BASE}", *lines, ""]).encode()
        tar_file = io.BytesIO()
        with tarfile.open(fileobj=tar_file, mode="w") as tar:
            entry = tarfile.TarInfo("Dockerfile")
            entry.size = len(dockerfile)
            tar.addfile(entry, io.BytesIO(dockerfile))
        tar_file.seek(0)
        made.append(reference)
        engine.build(tar_file, {"t": reference, "rm": True, "forcerm": True}, lambda _: None)
        return reference

    yield build
    for reference in made:
        engine.remove_image(reference)


@pytest.fixture(scope="session")
def images(image: Callable[..., str]) -> tuple[str, str]:
    """Two images that differ in their ids alone, and sleep."""
    return tuple(image(tag, 'CMD ["sleep", "1000"]', f"RUN touch /{tag}") for tag in ("a", "b"))  # pyright: ignore[reportReturnType]
