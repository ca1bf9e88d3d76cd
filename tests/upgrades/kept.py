"""What a fixture keeps of an engine, and the plan that comes of it: no engine, and nothing that stands for one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from deployer.plan.model import Plan
from deployer.plan.planner import make_plan
from deployer.resources.as_read import with_bound, with_digests
from deployer.resources.desired import BoundContent, Desired
from deployer.resources.from_stack import desired
from deployer.resources.identity import APPLIED, CONFIG_HASH, is_record
from deployer.resources.inspected import container_of, image_of
from deployer.resources.listed import networks_of, volume_of
from deployer.resources.observed import Observed
from deployer.resources.owners import with_owner
from deployer.resources.record_labels import records_of, updates_of
from deployer.resources.wire import EngineInfo
from deployer.stack.load import load
from deployer.stack.model import Stack

HERE = Path(__file__).parent
FORMATS = sorted(folder.name for folder in HERE.iterdir() if (folder / "state.json").exists())

STACK = "upgrades"
FOLDER = "/srv/upgrades"
ORIGIN = "example.com/shop//stack.yaml"
FILES = {"db_password": "fixture", "shop.conf": "b\n"}


@dataclass
class Kept:
    """A fixture: the stack file's text, and what the engine showed."""

    text: str
    state: dict[str, Any]

    def container(self, service: str) -> dict[str, Any]:
        label = "com.docker.compose.service"
        return next(each for each in self.state["containers"] if each["Config"]["Labels"][label] == service)

    def record(self, name: str) -> dict[str, Any]:
        return next(each for each in self.state["volumes"] if each["Name"] == f"{STACK}.deployer.{name}")

    @property
    def stack(self) -> Stack:
        return stack_of(self.text)

    @property
    def desired(self) -> Desired:
        return desired_of(self.text)

    @property
    def observed(self) -> Observed:
        context = self.desired.context
        containers = [container_of(inspect, context) for inspect in self.state["containers"]]
        own = {each.id: each for each in containers}
        volumes = sorted(self.state["volumes"], key=lambda each: each["Name"])
        records = records_of(volumes, STACK)
        networks, twins = networks_of(self.state["networks"], STACK, set())
        images = {name: image_of(each) for each in self.state["images"] for name in (each["Id"], *each["RepoTags"])}
        return Observed(
            engine=EngineInfo("unix:///var/run/docker.sock", self.state["engine"]["Version"], "1.41"),
            containers=[with_owner(each, own, {}) for each in containers],
            neighbours={},
            networks=networks,
            volumes={each["Name"]: volume_of(each, STACK) for each in volumes if not is_record(each["Name"])},
            images=images,
            registry_answers={},
            records=replace(records, updates=updates_of(records, own.keys(), lambda *_: False)),
            twins=twins,
        )

    @property
    def plan(self) -> Plan:
        return make_plan(self.desired, self.observed, self.stack.place)


def kept(name: str) -> Kept:
    """A fixture, fresh from its files."""
    folder = HERE / name
    return Kept((folder / "stack.yaml").read_text(), json.loads((folder / "state.json").read_text()))


@cache
def stack_of(text: str) -> Stack:
    return load(text=text, file="stack.yaml", folder=FOLDER, environment={}, read_env_file=lambda *_: "")


@cache
def desired_of(text: str) -> Desired:
    return as_read(stack_of(text))


def as_read(stack: Stack) -> Desired:
    """As it is once secrets, configs and mounted files have been read."""
    texts = {"secrets.db_password": FILES["db_password"], "configs.site": "listen 80"}
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    return with_bound(with_digests(desired(stack, ORIGIN, {}), digests), _read)


def _read(_: str, known: BoundContent) -> BoundContent:
    files = {"shop.conf": f"file:{hashlib.sha256(FILES['shop.conf'].encode()).hexdigest()}"}
    digest = hashlib.sha256(json.dumps([False, sorted(files.items())]).encode()).hexdigest()
    return replace(known, digest=digest, files=files)


def relabel(inspect: dict[str, Any], label: str, text: str) -> None:
    """Write a label anew; what was applied, with the hash that goes with it."""
    labels = inspect["Config"]["Labels"]
    labels[label] = text
    if label == APPLIED:
        labels[CONFIG_HASH] = hashlib.sha256(text.encode()).hexdigest()
