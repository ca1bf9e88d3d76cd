"""A case from beginning to end: stacks applied one after the other, cut off, interfered with; what is wrong then."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deployer.errors import InvalidStack
from deployer.fields.container_names import SUCCESSOR, container_name
from deployer.fields.copies import FOLDER
from deployer.fields.mounts import is_anonymous
from deployer.plan.model import Plan
from deployer.reconcile.run import Outcome
from deployer.resources import identity
from tests.model import by_hand
from tests.model.clock import Clock
from tests.model.deployer_on_model import Deployer, Document, Killed, load, passing
from tests.model.engine import ModelEngine
from tests.model.programs import program_of
from tests.model.stacks import Deed, Stack
from tests.model.things import OWN_NETWORKS, anonymous_volumes, image
from tests.model.watch import Watch, containers, number_of, service_of

IMAGES: Mapping[str, Sequence[str]] = {"busybox:1": (), "keeper:1": ("/keep",)}
"""What the registry has, with the volumes that each declares."""


_WHOSE_VOLUMES = ("image", "volumes", "volumes_from", "deploy")

Kept = tuple[str, int, str]
"""A service, the number of a replica, and a path in it."""


@dataclass
class Play:
    """An engine, deployer on it, and who watches. `order` seeds the order of steps; 0 is deployer's own."""

    order: int = 0
    engine: ModelEngine = field(default_factory=lambda: ModelEngine(Clock()))
    story: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        for reference, volumes in IMAGES.items():
            self.engine.registry[reference] = image(reference, reference, volumes)
        self.engine.local.update(self.engine.registry)
        self._random = random.Random(self.order) if self.order else None
        self.data: frozenset[str] = frozenset()
        self._kept: dict[Kept, str] = {}
        self._since: list[Stack] = []
        self._removed = False

    def apply(self, stack: Stack, *, kill: int | None = None, fail: int | None = None) -> Outcome | None:
        """None where deployer was killed, or its plan refuses. All that is wrong meanwhile is an AssertionError."""
        watch = Watch(self.engine, kill, fail, self.data)
        self._since.append(stack)
        before: dict[str, dict[str, Any]] = {}
        plans: list[Plan] = []

        def begin(document: Document, plan: Plan) -> None:
            watch.begin(document, plan)
            plans.append(plan)
            before.update({each["Id"]: self.engine.container(each["Id"]) for each in containers(self.engine)})
            self.story += [f"plan: {_shown(plan)}"]

        deployer = Deployer(self.engine, self._random, watch.told, begin)
        outcome: Outcome | None = None
        self.engine.before, self.engine.after = watch.before, watch.after
        try:
            outcome = deployer.apply(stack.document, stack.contents)
            self.story.append(f"apply ended: {[str(each) for each in outcome.errors]}")
        except Killed:
            self.story.append("killed")
        except InvalidStack as error:
            self.story.append(f"refused: {error}")
        self.engine.before = self.engine.after = lambda *_: None
        wrong = list(watch.wrong)
        if outcome and plans:
            wrong += _touched(self.engine, plans[-1], before)
            wrong += _not_put_back(self.engine, outcome, before)
            wrong += _begun(self.engine, outcome, before)
            wrong += _not_done(outcome, plans[-1])
        self.must_be_none(wrong)
        return outcome

    def by_hand(self, deeds: Sequence[Deed]) -> None:
        for deed in deeds:
            self.story.append(f"by hand: {deed.what} ({deed.which})")
            self._removed = self._removed or deed.what.startswith("remove")
            by_hand.do(self.engine, deed)

    def delete_records(self) -> None:
        self.story.append("the records are deleted")
        for name in [each for each in self.engine.vols if ".deployer." in each]:
            del self.engine.vols[name]

    def must_settle(self, stack: Stack) -> None:
        """An apply with nobody in its way reaches what the stack says, and leaves nothing to do."""
        if by_hand.leave(self.engine):
            self.story.append("somebody else left")
        outcome = self.apply(stack)
        if outcome is None:
            self.must_be_none(["the plan refuses, and nobody is in its way"])
            return
        plan, _ = Deployer(self.engine).plan(stack.document, stack.contents)
        wrong = [f"the apply failed: {error}" for error in outcome.errors]
        wrong += [] if plan.is_empty else [f"the plan is not empty: {_shown(plan)}"]
        self.must_be_none(wrong or [*_not_as_it_should_be(self.engine, stack), *self._left_behind()])
        self._since, self._removed, self._kept = [stack], False, _nameless(self.engine)
        self.data |= anonymous_volumes(self.engine)

    def _left_behind(self) -> Iterator[str]:
        """Volumes without a name hold data, too: who replaces a container has them, where it was so all the time."""
        now = {} if self._removed else _nameless(self.engine)
        for kept in self._kept.keys() & now.keys():
            services = [each.document["services"].get(kept[0]) for each in self._since]
            same = {str([each.get(key) for key in _WHOSE_VOLUMES]) for each in services if each}
            if all(services) and len(same) == 1 and now[kept] != self._kept[kept]:
                yield f"{kept[0]}[{kept[1]}] has another volume at {kept[2]}, and its data stays behind"

    def must_be_none(self, wrong: Sequence[str]) -> None:
        assert not wrong, "\n".join([*dict.fromkeys(wrong), "", "what happened:", *self.story])


def playing(play: Callable[[Play], None], order: int) -> None:
    """The play, with the engine's clock as everybody's."""
    one = Play(order)
    with passing(one.engine.clock):
        play(one)


def is_sound(stack: Stack) -> bool:
    """Whether deployer takes it for a stack at all."""
    try:
        load(stack.document)
    except InvalidStack:
        return False
    return True


def _shown(plan: Plan) -> str:
    told = [
        f"{change.address} {change.action} [{change.reason}]: {', '.join(map(str, change.steps))}"
        for change in plan.changes
    ]
    return "; ".join(told) or "nothing"


def _touched(engine: ModelEngine, plan: Plan, before: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What the plan says stays as it is: neither replaced nor restarted."""
    changed = {change.address for change in plan.changes}
    for id, was in before.items():
        address = identity.container_address(service_of(was), number_of(was))
        if address not in plan.unchanged or address in changed:
            continue
        now = engine.container(id)
        if now is None:
            yield f"{address} is not in the plan, and was removed"
        elif now["State"]["StartedAt"] != was["State"]["StartedAt"] or now["Name"] != was["Name"]:
            yield f"{address} is not in the plan, and was touched"


def _not_put_back(engine: ModelEngine, outcome: Outcome, before: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What failed is as it was: the same containers, running or not as they were. What a dead run left is not."""
    for address in outcome.put_back:
        were = [each for each in before.values() if _address(each) == address]
        if len(were) > 1 or any(each["State"]["Status"] == "created" for each in were):
            continue
        now = [each["Id"] for each in containers(engine) if _address(each) == address]
        if sorted(now) != sorted(each["Id"] for each in were):
            yield f"{address} was put back, and its containers are others: {len(were)} before, {len(now)} now"
        for was in (each for each in were if each["Id"] in now):
            found = engine.container(was["Id"])
            assert found
            for what, one, other in zip(_STANDS, _stand(was), _stand(found), strict=True):
                if one != other:
                    yield f"{address} was put back, and its {what} was {one} and is {other}"


def _begun(engine: ModelEngine, outcome: Outcome, before: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Of what was not begun each container that was in service runs on. What a dead run left is not."""
    for was in (each for each in before.values() if _address(each) in outcome.not_begun):
        found = engine.container(was["Id"])
        in_service = was["State"]["Status"] == "running" and not was["Name"].endswith(SUCCESSOR)
        if in_service and (found is None or found["State"]["StartedAt"] != was["State"]["StartedAt"]):
            yield f"{_address(was)} was not begun, and was touched"


def _nameless(engine: ModelEngine) -> dict[Kept, str]:
    """The volumes without a name, less those of secrets and of others."""
    return {
        (service_of(each), number_of(each), mount["Destination"]): mount["Name"]
        for each in containers(engine)
        for mount in each["Mounts"]
        if is_anonymous(mount["Name"]) and mount["Destination"] != FOLDER and not each["HostConfig"].get("VolumesFrom")
    }


def _address(found: Mapping[str, Any]) -> str:
    return identity.container_address(service_of(found), number_of(found))


_STANDS = ("name", "state", "restart policy", "memory", "networks", "mounts")


def _stand(found: Mapping[str, Any]) -> tuple[Any, ...]:
    host = found["HostConfig"]
    status = found["State"]["Status"]
    networks = {
        name: (sorted(each.get("Aliases") or ()), each.get("IPAMConfig"))
        for name, each in found["NetworkSettings"]["Networks"].items()
    }
    mounts = [(each["Destination"], each["Name"]) for each in found["Mounts"]]
    return found["Name"], status, host["RestartPolicy"]["Name"], host.get("Memory", 0), networks, mounts


def _not_done(outcome: Outcome, plan: Plan) -> Iterator[str]:
    """Each change is told once, and all are done where nothing failed."""
    told = [*outcome.done, *outcome.skipped, *outcome.put_back, *outcome.half_done, *outcome.not_begun]
    said = [change.address for change in plan.changes if change.action != "kept"]
    if sorted(set(told)) != sorted(set(said)):
        yield f"the outcome tells of {sorted(told)}, and the plan has {sorted(said)}"
    if not outcome.errors and (outcome.put_back or outcome.half_done or outcome.not_begun):
        yield f"nothing failed, and not all is done: {outcome}"


def _not_as_it_should_be(engine: ModelEngine, stack: Stack) -> Iterator[str]:
    """By what the file says and the engine shows, and not by any plan."""
    services: Mapping[str, Any] = stack.document["services"]
    there = containers(engine)
    for name, said in services.items():
        mine = [each for each in there if service_of(each) == name]
        wanted = said.get("deploy", {}).get("replicas", 1)
        if len(mine) != wanted:
            yield f"{name} has {len(mine)} containers, and there should be {wanted}"
        for each in mine:
            yield from _wrong_in(engine, each, said)
    if left := {service_of(each) for each in there} - services.keys():
        yield f"containers are left of {sorted(left)}"
    networks = sorted(each["Name"] for each in engine.nets.values() if each["Name"] not in OWN_NETWORKS)
    wanted_networks = {*stack.document["networks"], *_default(services)}
    if networks != sorted(f"shop_{each}" for each in wanted_networks):
        yield f"the networks are {networks}, and there should be {sorted(wanted_networks)}"


def _default(services: Mapping[str, Any]) -> set[str]:
    return {"default" for said in services.values() if not said.get("networks") and "network_mode" not in said}


def _wrong_in(engine: ModelEngine, found: Mapping[str, Any], said: Mapping[str, Any]) -> Iterator[str]:
    name, state = found["Name"][1:], found["State"]
    if name != container_name("shop", service_of(found), number_of(found)):
        yield f"a container is called {name}"
    ends = program_of(said["command"]).ends is not None
    if state["Status"] != "running" and not (ends and state["ExitCode"] == 0):
        polite = said.get("restart") in ("no", "on-failure") and state["ExitCode"] == 0
        yield from () if polite else [f"{name} is {state['Status']}"]
    for network, settings in found["NetworkSettings"]["Networks"].items():
        if settings["NetworkID"] not in engine.nets:
            yield f"{name} is in the network {network}, which is gone"
    mode = found["HostConfig"]["NetworkMode"]
    if mode.startswith("container:") and state["Running"]:
        owner = engine.container(mode.partition(":")[2])
        if owner is None or owner["State"]["StartedAt"] > state["StartedAt"]:
            yield f"{name} has no network: its owner is gone, or was started anew"
