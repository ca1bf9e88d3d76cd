"""A plan in which everything happens."""

from __future__ import annotations

import pytest

from deployer.errors import Place
from deployer.fields.field import Effect
from deployer.plan.model import Action, Call, Cause, Change, FieldChange, Gap, Part, Plan, Step
from deployer.resources.wire import EngineInfo

ENGINE = EngineInfo("unix:///var/run/docker.sock", "28.5.2", "1.51")

IMAGE = FieldChange("image", "peng-flaskweb:1.0 @ 3f2a91", "(built above)", (Cause.BUILD,), Effect.REPLACE)
DEBUG = FieldChange(
    "environment.DEBUG",
    '"0"',
    '"1"',
    (Cause.EDIT,),
    Effect.REPLACE,
    applied='"0"',
    applied_known=True,
    at=Place("stack.yaml", 31, 7),
)
MEMORY = FieldChange(
    "mem_limit", "256m", "512m", (Cause.DRIFT,), Effect.IN_PLACE, applied="512m", applied_known=True, applied_by=7
)
STATE = FieldChange(
    "state", "exited (1)", "running", (Cause.DRIFT,), Effect.RESTART, applied="running", applied_known=True
)
GAP = Gap(31, 41, (Part("stop", 0, 10, "stop_grace_period"), Part("start", 1, 1), Part("first health check", 30, 30)))
APP = FieldChange("context/app.py", None, None, (Cause.EDIT,), Effect.REPLACE, note="changed")
OLD = "4f" * 32


def web(number: int) -> Change:
    return Change(
        f"service.web[{number}]",
        Action.REPLACE,
        "image",
        (IMAGE, DEBUG),
        (
            Step(Call.STOP, OLD, {"Env": ["DB_PASSWORD=hunter2"]}, name=f"shop-web-{number}"),
            Step(Call.START, f"shop-web-{number}.next"),
        ),
        detail="start-first, no gap expected",
        known_after="build.web",
    )


CHANGES = (
    Change(
        "build.web",
        Action.BUILD,
        "context/app.py",
        (APP,),
        (Step(Call.BUILD, "web"),),
        detail="./web, 14 files: app.py and 1 more changed",
    ),
    Change("push.web->private", Action.PUSH, "", detail="192.168.11.37:5000/peng-flaskweb:1.0"),
    web(1),
    web(2),
    Change("service.db[1]", Action.UPDATE, "mem_limit", (MEMORY,), detail="in place, no restart"),
    Change("service.old[1]", Action.REMOVE, "no longer in the stack"),
    Change("volume.data", Action.KEPT, "no longer in the stack", detail="flask-shop_data"),
)
UNCHANGED = ("network.front", "service.api[1]", "service.api[2]", "service.registry[1]", "volume.registry")


def plan_of(*changes: Change, revision: int = 7, unchanged: tuple[str, ...] = UNCHANGED) -> Plan:
    return Plan("flask-shop", "there", ENGINE, revision, changes, (), unchanged, f"sha256:{'0' * 64}")


@pytest.fixture
def shop() -> Plan:
    """The plan that the manual shows."""
    return plan_of(*CHANGES)


@pytest.fixture
def everything() -> Plan:
    """Every action and every cause, and values that are unset and sensitive."""
    every_action = [Change(f"service.x[{n}]", action, "why", detail="how") for n, action in enumerate(Action, 1)]
    every_cause = [FieldChange(f"field-{cause}", None, "1", (cause,), Effect.REPLACE) for cause in Cause]
    secret = FieldChange(
        "environment.DB_PASSWORD", "never", "seen", (Cause.EDIT,), Effect.NONE, "at all", True, sensitive=True
    )
    both = FieldChange(
        "cpus", None, "2", (Cause.EDIT, Cause.DRIFT), Effect.RESTART, "1", True, Place("stack.yaml", 3, 1), applied_by=7
    )
    fields = (*every_cause, secret, both, APP, STATE)
    return plan_of(*every_action, Change("service.y[1]", Action.REPLACE, "cpus", fields, group="g", gap=GAP))
