"""Who carries out a plan that stops the agent's own container: a second container like it, for one round.

The deputy has the agent's image, mounts, networks and rights, and is in no stack. The agent lets go of the clone and
waits. Whichever of the two is killed meanwhile, the engine starts a deputy again that did not come to its end, and that
one goes on with what is half done, as any apply does. The agent that is there at the end removes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from deployer.errors import DeployerError
from deployer.fields.container_names import SUCCESSOR
from deployer.fields.field import section
from deployer.gitops.crashes import lines_of
from deployer.gitops.rules import Reason
from deployer.plan.model import Call
from deployer.reconcile.holder import own_container
from deployer.reconcile.waits import describe, failed

if TYPE_CHECKING:
    from deployer.gitops.status import StackStatus
    from deployer.plan.model import Plan
    from deployer.reconcile.protocol import Engine, Json

LABEL = "io.deployer.deputy"
"""On a deputy: the name of the container that it stands in for."""

VARIABLE = "DEPLOYER_DEPUTY"
"""A process that has it is one."""

LOOKS_EVERY = 1.0
"""Seconds between two looks at a deputy that is at work."""

_TRIES = 5
_ALIVE = ("running", "restarting", "paused")
_SAME = (
    *("CapAdd", "CapDrop", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts", "GroupAdd", "Init", "Memory", "NetworkMode"),
    *("LogConfig", "ReadonlyRootfs", "Runtime", "SecurityOpt", "Tmpfs", "UsernsMode"),
)
_PASSES = (Reason.BUSY, Reason.INTERRUPTED, Reason.UNREACHABLE)


def is_needed(engine: Engine, plan: Plan) -> bool:
    """Whether whoever carries it out here is stopped by it."""
    own = own_container(engine)
    return own is not None and plan.ends(own["Id"])


def begin(engine: Engine, plan: Plan) -> None:
    """Start one. Raises DeployerError, and leaves none then, unless it has begun all the same."""
    own = own_container(engine)
    if own is None:
        return
    going = {step.target for change in plan.changes for step in change.steps if step.call is Call.REMOVE_NETWORK}
    staying = [name for name in section(own, "NetworkSettings").get("Networks") or {} if name not in going]
    body = body_of(own, staying, [sys.executable, *sys.orig_argv[1:], "--once"])
    made = engine.create_container(_name(own), body)
    try:
        for network in staying:
            if network != body["HostConfig"]["NetworkMode"]:
                engine.connect(network, made, {})
        engine.start_container(made)
    except DeployerError:
        with suppress(DeployerError):  # of one that runs the engine refuses it
            engine.remove_container(made)
        raise


def body_of(own: Json, networks: Sequence[str], command: Sequence[str]) -> dict[str, Any]:
    """What creates the deputy of a container, as its inspect shows it, in these of its networks: one that the plan
    makes anew must have nobody in it. Its secrets are in a mount, as all else is that it needs.
    """
    config, host = section(own, "Config"), section(own, "HostConfig")
    same = {key: host[key] for key in _SAME if host.get(key)}
    if host["NetworkMode"] not in networks and section(own, "NetworkSettings").get("Networks"):
        same["NetworkMode"] = next(iter(networks), "default")
    return {
        "Image": own["Image"],
        "Entrypoint": list(command),
        "Env": [*(config.get("Env") or ()), f"{VARIABLE}=1"],
        "User": config.get("User", ""),
        "WorkingDir": config.get("WorkingDir", ""),
        "Hostname": "" if host["NetworkMode"].startswith("container:") else config.get("Hostname", ""),
        "Labels": {LABEL: _stands_for(own)},
        "HostConfig": {
            **same,
            "VolumesFrom": [own["Id"]],
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": _TRIES},
        },
    }


def at_work(engine: Engine) -> tuple[bool, int | None, tuple[str, ...]]:
    """Whether the deputy of this container is at work; and the exit code of one that no longer is, which then goes,
    with the end of its log where it did not end well.
    """
    own = own_container(engine)
    found = engine.container(_name(own)) if own else None
    if found is None or LABEL not in (section(found, "Config").get("Labels") or {}):
        return False, None, ()
    state = section(found, "State")
    if state["Status"] in _ALIVE:
        return True, None, ()
    code = int(state["ExitCode"])
    lines = lines_of([failed(engine, "deputy", found["Id"], describe(found))]) if code else ()
    engine.remove_container(found["Id"])
    return False, code, lines


def is_over(stacks: Iterable[StackStatus]) -> bool:
    """Whether a deputy has done what it was there for, well or badly: another round would change nothing."""
    return not any(each.reason in _PASSES for each in stacks)


def _name(own: Json) -> str:
    return f"{_stands_for(own)}-deputy"


def _stands_for(own: Json) -> str:
    """An agent and its successor have one name in the end."""
    return str(own["Name"]).lstrip("/").removesuffix(SUCCESSOR)
