"""What only Swarm carries out: taken as Compose takes it, and told, so that nobody relies on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from deployer.errors import Diagnostic
from deployer.fields.kinds import Count, Duration, Model, Text
from deployer.stack.places import Places

SWARM_ONLY = (
    "labels",
    "rollback_config",
    "placement",
    "endpoint_mode",
    "restart_policy.delay",
    "restart_policy.window",
    "resources.reservations.cpus",
)
"""Keys of `deploy`."""


class RollbackConfig(Model):
    """How Swarm takes an update back."""

    parallelism: Count | None = Field(default=None, description="How many at a time.")
    delay: Duration | None = Field(default=None, description="How long between two.")
    failure_action: Text | None = Field(default=None, description="What a failure leads to.")
    monitor: Duration | None = Field(default=None, description="How long each is watched.")
    max_failure_ratio: float | None = Field(default=None, description="How many may fail.")
    order: Text | None = Field(default=None, description="stop-first or start-first.")


class Preference(Model):
    spread: Text = Field(description="Over which labels of nodes.")


class Placement(Model):
    """On which nodes Swarm runs it."""

    constraints: tuple[Text, ...] | None = Field(default=None, description="What a node must be.")
    preferences: tuple[Preference, ...] | None = Field(default=None, description="How it is spread over nodes.")
    max_replicas_per_node: Count | None = Field(default=None, description="How many a node may have.")


def swarm_only(deploys: Mapping[str, Any], places: Places) -> Iterator[Diagnostic]:
    """`deploys` are the models of `deploy`, by service."""
    for service, deploy in deploys.items():
        for key in SWARM_ONLY:
            path = ("services", service, "deploy", *key.split("."))
            value = deploy
            for part in key.split("."):
                value = getattr(value, part, None)
            if value is not None:
                yield Diagnostic(
                    "swarm-only",
                    f"{'.'.join(path)} has a meaning only in Swarm: it does nothing here",
                    places.key(*path),
                    "take it out; labels of containers are the service's own `labels`"
                    if key == "labels"
                    else "take it out",
                )
