"""Drafts made by hand, and a model of the engine that is just large enough to carry out a runbook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pytest

from deployer.plan.draft import Draft
from deployer.plan.model import Action, Call, Change, Step
from deployer.resources.observed import ObservedContainer

Make = Callable[..., ObservedContainer]


@pytest.fixture
def container() -> Make:
    """An observed container of a service, running unless said otherwise."""

    def make(
        service: str = "web", number: int = 1, *, status: str = "running", policy: str = "no"
    ) -> ObservedContainer:
        name = f"shop-{service}-{number}"
        raw = {
            "HostConfig": {"RestartPolicy": {"Name": policy, "MaximumRetryCount": 0}},
            "NetworkSettings": {"Networks": {}},
            "Config": {"Labels": {}},
        }
        return ObservedContainer(
            id=f"id-of-{name}",
            name=name,
            service=service,
            number=number,
            status=status,
            exit_code=0,
            health="",
            started_at="",
            image_id="sha256:1",
            image_reference="busybox",
            values=MappingProxyType({"restart": policy, "volumes": (), "networks": (), "network_mode": ""}),
            network_ids={},
            anonymous={},
            applied=None,
            origin=None,
            replaces="",
            raw=raw,
        )

    return make


@dataclass
class Thing:
    """A container of the model: what it is called, whether it runs, under which policy."""

    name: str
    status: str = "created"
    policy: str = "no"


@dataclass
class Model:
    """An engine that knows containers only; `fails` names the calls that it refuses."""

    things: dict[str, Thing] = field(default_factory=dict[str, Thing])

    def find(self, target: str) -> Thing:
        return next(thing for id, thing in self.things.items() if target in (id, thing.name))

    def perform(self, step: Step) -> None:
        match step.call:
            case Call.CREATE:
                assert all(thing.name != step.target for thing in self.things.values()), "the name is taken"
                policy = step.payload.body.get("HostConfig", {}).get("RestartPolicy", {}).get("Name", "no")
                self.things[f"new-{step.target}"] = Thing(step.target, policy=policy)
            case Call.START:
                self.find(step.target).status = "running"
            case Call.STOP:
                self.find(step.target).status = "exited"
            case Call.PAUSE:
                self.find(step.target).status = "paused"
            case Call.UNPAUSE:
                self.find(step.target).status = "running"
            case Call.LET_STOPPED_STAY | Call.UPDATE:
                self.find(step.target).policy = step.payload["RestartPolicy"]["Name"]
            case Call.REMOVE:
                found = self.find(step.target)
                assert found.status not in ("running", "paused"), "it still runs"
                self.things = {id: thing for id, thing in self.things.items() if thing is not found}
            case Call.RENAME:
                self.find(step.target).name = step.payload
            case _:
                pass

    def restart_engine(self) -> None:
        """What comes up again by itself: `unless-stopped` and `no` let a stopped container be."""
        for thing in self.things.values():
            if thing.policy in ("always", "on-failure") and thing.status == "exited":
                thing.status = "running"


@pytest.fixture
def model() -> Callable[..., Model]:
    """The model, holding the containers observed."""

    def make(*containers: ObservedContainer) -> Model:
        return Model({each.id: Thing(each.name, each.status, each.values["restart"]) for each in containers})

    return make


@pytest.fixture
def draft() -> Callable[..., Draft]:
    """A draft by its address, its action and the calls of its steps, each on a target of the same name."""

    def make(address: str, action: Action, *calls: Call | Step, **more: Any) -> Draft:
        steps = tuple(call if isinstance(call, Step) else Step(call, address) for call in calls)
        made = Draft(Change(address, action, "a test", steps=steps))
        for name, value in more.items():
            setattr(made, name, value)
        return made

    return make
