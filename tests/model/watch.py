"""Who watches each request of an apply, and tells what must never be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer.fields.copies import COPIES
from deployer.plan import events
from deployer.plan.model import Action, Call, Change, Plan, Step
from deployer.resources import identity
from tests.model.deployer_on_model import Document, Killed
from tests.model.engine import ModelEngine
from tests.model.programs import program_of
from tests.model.things import anonymous_volumes, refuse

REQUESTS = {
    Call.PULL: "pull",
    Call.BUILD: "build",
    Call.TAG: "tag",
    Call.CREATE_NETWORK: "create network",
    Call.REMOVE_NETWORK: "remove network",
    Call.CREATE_VOLUME: "create volume",
    Call.REMOVE_VOLUME: "remove volume",
    Call.REMOVE_COPY: "remove volume",
    Call.REMOVE_IMAGE: "remove image",
    Call.CREATE: "create",
    Call.COPY: "copy",
    Call.CONNECT: "connect",
    Call.DISCONNECT: "disconnect",
    Call.UPDATE: "update",
    Call.LET_STOPPED_STAY: "update",
    Call.STOP: "stop",
    Call.START: "start",
    Call.RESTART: "restart",
    Call.KILL: "kill",
    Call.PAUSE: "pause",
    Call.UNPAUSE: "unpause",
    Call.REMOVE: "remove",
    Call.RENAME: "rename",
}

MAY_ALL_STOP = (Action.RESTART, Action.STOP, Action.KILL)


@dataclass
class Watch:
    """`kill` is the number of the request before which deployer is killed, `fail` that of the one that the engine
    fails at; `data` are the volumes without a name that hold some. `wrong` are sentences.
    """

    engine: ModelEngine
    kill: int | None = None
    fail: int | None = None
    data: frozenset[str] = frozenset()
    volumes_may_go: bool = False
    wrong: list[str] = field(default_factory=list[str])
    document: Document = field(default_factory=dict[str, Any])
    plan: Plan | None = None
    count: int = 0
    failed: bool = False
    _step: Step | None = None
    _made: list[str] = field(default_factory=list[str])
    _there: Mapping[str, int] = field(default_factory=dict[str, int])
    _up: Mapping[str, int] = field(default_factory=dict[str, int])
    _before: set[str] = field(default_factory=set[str])

    def begin(self, document: Document, plan: Plan) -> None:
        """A plan is about to be carried out."""
        self.document, self.plan = document, plan
        ids = set(self.engine.all)
        taken = [each for each in self._running() if each["Config"]["Labels"].get(identity.REPLACES) not in ids]
        self._there, self._up = Counter(map(service_of, containers(self.engine))), Counter(map(service_of, taken))

    def told(self, event: events.Event) -> None:
        match event:
            case events.StepStarted(_, step):
                self._step, self._made = step, []
            case events.StepDone(_, step):
                expected = [REQUESTS[step.call]] if step.call in REQUESTS else []
                made = [each.removesuffix(" with volumes") for each in self._made]
                if made != expected:
                    self.wrong.append(f"the step {step} made the requests {made}")
                self._step = None
            case events.StepFailed():
                self._step, self.failed = None, True
            case _:
                pass

    def before(self, what: str, about: str) -> None:
        self.count += 1
        if self.kill == self.count:
            raise Killed
        if self.fail == self.count and ".deployer." not in about:
            self.failed = True
            raise refuse("out of order", 500)
        self._before = set(self.engine.vols)
        if self._step is None or self.plan is None:
            return
        if what in ("start", "unpause", "restart"):
            self.wrong += self._not_ready_for(about)

    def after(self, what: str, about: str) -> None:
        self._made.append(what)
        gone = self._before - set(self.engine.vols)
        if what == "remove volume" and not self.volumes_may_go and ".deployer." not in about and about in gone:
            self.wrong += [f"the volume {about} was removed"] if about not in self._copies else []
        if lost := gone & self.data - self._copies:
            self.wrong += [f"{what} {about} took data along: {sorted(lost)}"] if not self.volumes_may_go else []
        if what == "create" and (made := self._named() - self._before):
            self.wrong.append(f"create {about} made the volumes {sorted(made)}, which were not there")
        if self._step is not None:
            self.wrong += self._too_many_or_few()

    @property
    def _copies(self) -> set[str]:
        """Of those that are gone nobody can tell any more: they were noted."""
        self._noted |= {name for name, each in self.engine.vols.items() if COPIES in (each["Labels"] or {})}
        return self._noted

    _noted: set[str] = field(default_factory=set[str])

    def _named(self) -> set[str]:
        return set(self.engine.vols) - anonymous_volumes(self.engine)

    def _running(self) -> list[dict[str, Any]]:
        return [each for each in containers(self.engine) if each["State"]["Running"] and not each["State"]["Paused"]]

    def _too_many_or_few(self) -> Iterator[str]:
        """A service that goes on has as many as it had, or is to have: one less while one is replaced, never more.

        Where several change together, all of them stop.
        """
        assert self.plan
        now = Counter(map(service_of, self._running()))
        groups = Counter(change.group for change in self.plan.changes)
        for name, said in self.document.get("services", {}).items():
            wanted, before = said.get("deploy", {}).get("replicas", 1), self._up.get(name, 0)
            if now[name] > max(wanted, self._there.get(name, 0)):
                yield f"{now[name]} containers of {name} run, and there should be {wanted}"
            mine = [each for each in self.plan.changes if each.address.startswith(f"service.{name}[")]
            together = any(groups[each.group] > 1 or each.action in MAY_ALL_STOP for each in mine)
            goes_on = program_of(said["command"]).ends is None
            if goes_on and not together and not self.failed and now[name] < min(wanted, before) - 1:
                yield f"only {now[name]} containers of {name} run, and {before} did"

    def _not_ready_for(self, about: str) -> Iterator[str]:
        """What a container needs that is started now: its dependencies in their conditions."""
        assert self.plan
        found = self.engine.container(about)
        if found is None:
            return
        name = service_of(found)
        services: Mapping[str, Any] = self.document.get("services", {})
        going = (Action.REMOVE, Action.RECOVER)
        staying = {each.address for each in self.plan.changes if each.action not in going or not _removes(each)}
        staying |= set(self.plan.unchanged)
        for target, dependency in services.get(name, {}).get("depends_on", {}).items():
            wanted = services[target].get("deploy", {}).get("replicas", 1)
            there = [each for each in containers(self.engine) if service_of(each) == target]
            well = {number_of(each) for each in there if _is(each, dependency["condition"], services[target])}
            well = {number for number in well if identity.container_address(target, number) in staying}
            if len(well) < wanted:
                yield f"{about} was started before {target}: {dependency['condition']} ({len(well)} of {wanted})"


def _is(found: Mapping[str, Any], condition: str, service: Mapping[str, Any]) -> bool:
    state = found["State"]
    completed = state["Status"] == "exited" and state["ExitCode"] == 0
    match condition:
        case "service_healthy":
            return state["Status"] == "running" and state.get("Health", {}).get("Status") == "healthy"
        case "service_completed_successfully":
            return completed
        case _:
            return state["Status"] == "running" or (completed and service.get("restart") in ("no", "on-failure"))


def _removes(change: Change) -> bool:
    return any(step.call is Call.REMOVE for step in change.steps)


def containers(engine: ModelEngine) -> list[dict[str, Any]]:
    """Those of the stack."""
    return [each for each in engine.all.values() if each["Config"]["Labels"].get(identity.PROJECT) == "shop"]


def service_of(found: Mapping[str, Any]) -> str:
    return found["Config"]["Labels"].get(identity.SERVICE, "")


def number_of(found: Mapping[str, Any]) -> int:
    return int(found["Config"]["Labels"].get(identity.NUMBER, 0))
