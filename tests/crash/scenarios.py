"""What is killed, and what must be true in the end: stacks and runs as plain data, no engine.

A scenario is a stack that stands (`before`), a run that is killed somewhere, and the runs that follow. What must be
there in the end follows from the stack file of the last run; only what no file can say is said besides.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Any

from tests.e2e.project import BASE, sleeper

Sections = Mapping[str, Any]

KEEPS = "crash-keeps:1"
"""An image that declares the volume /keep; the runner makes it."""

KEEPS_MORE = "crash-keeps:2"
"""As KEEPS, and it declares /more."""


class Fault(StrEnum):
    """What goes wrong around a writing request: of deployer itself, or on its way to the engine."""

    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    BROKEN = "500"
    DROPPED_BEFORE = "dropped before"
    DROPPED_AFTER = "dropped after"
    CUT_SHORT = "cut short"
    HANGS = "hangs"

    @property
    def kills(self) -> bool:
        return self in (Fault.KILLED_BEFORE, Fault.KILLED_AFTER)

    @property
    def is_after(self) -> bool:
        """Whether the engine has done it by then."""
        return self in (Fault.KILLED_AFTER, Fault.DROPPED_AFTER, Fault.CUT_SHORT)


@dataclass(frozen=True, slots=True)
class Run:
    """One command with the stack file that it finds; `code` is what it must exit with."""

    services: Sections
    sections: Sections
    command: tuple[str, ...] = ("apply",)
    code: int = 0

    @property
    def is_limited(self) -> bool:
        """Whether it has a `--timeout` for the whole; it asks for consent, too."""
        return self.command[0] in ("apply", "destroy")


@dataclass(frozen=True, slots=True)
class Fact:
    """A file in a service's container: what it holds in the end. With `write`, it is written before the kill."""

    service: str
    path: str
    text: str
    write: bool = True


@dataclass(frozen=True, slots=True)
class Scenario:
    """`same` are services whose container is the one from before, `untouched` those that were never restarted either.

    `gone` says that nothing of the stack is left in the end; `kept` names its volumes that are, by their keys.
    `cut_off` is a run before it that was killed after the request of that number. `pulled` is an image that a registry
    has, and the engine has not. With `builds_again`, older images of a build may stay. Where it is the engine that is
    killed, `lives_on` says whether containers run on without it (live-restore).
    """

    operation: str
    killed: Run
    after: tuple[Run, ...]
    before: Run | None = None
    cut_off: tuple[Run, int] | None = None
    pulled: str = ""
    facts: tuple[Fact, ...] = ()
    same: tuple[str, ...] = ()
    untouched: tuple[str, ...] = ()
    gone: bool = False
    kept: tuple[str, ...] = ()
    builds_again: bool = False
    lives_on: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """A place in a scenario, what goes wrong at the request of that number, and whether the records are there then.

    Where the engine hangs, deployer has so many seconds for all: its `patience`.
    """

    operation: str
    number: int
    fault: Fault
    records: bool = True
    patience: int = 2

    def __str__(self) -> str:
        records = "" if self.records else ", records deleted"
        return f"{self.operation}, {self.fault} at request {self.number}{records}"


PORTS = ("PORT_1", "PORT_2")
"""The runner puts free ports of the host in their place."""

NAME, REGISTRY = "NAME_OF_THE_STACK", "REGISTRY_OF_THE_TEST"
"""As these in theirs."""

STARTED_AT = 8
"""The writing request of a replacement that starts the successor."""

NETWORKS: Sections = {"front": {}, "back": {}}
BYSTANDER = sleeper(network_mode="none")  # an engine has addresses for about thirty networks
DIES = ["sh", "-c", "exit 7"]
NEVER_HEALTHY = {"test": ["CMD", "false"], "interval": "100ms", "retries": 1, "timeout": "2s"}
MIGRATE = ["sh", "-c", "sleep 2; echo migrated >> /data/log; sync"]
NEEDS_MIGRATION = ["sh", "-c", "grep -q migrated /data/log && exec sleep 1000"]
COMPLETED = {"migrate": {"condition": "service_completed_successfully"}}


def contents(text: str) -> Sections:
    """The sections of a secret and a config that hold this."""
    return {"secrets": {"password": {"content": text}}, "configs": {"site": {"content": text}}}


def holds(text: str) -> tuple[Fact, ...]:
    return tuple(Fact("web", path, text, write=False) for path in ("/run/secrets/password", "/site"))


def fresh() -> Scenario:
    """A first apply: a build, a network, a volume, a one-shot that writes into it, and what waits for that."""
    services = {
        "migrate": sleeper(image="tools", command=MIGRATE, restart="no", volumes=["data:/data"], network_mode="none"),
        "web": sleeper(image="tools", command=NEEDS_MIGRATION, volumes=["data:/data"], networks=["front"])
        | {"depends_on": COMPLETED, "secrets": ["password"], "configs": ["site"]},
    }
    sections = {"builds": {"tools": "./web"}, "networks": {"front": {}}, "volumes": {"data": {}}}
    run = Run(services, sections | contents("one"))
    return Scenario(
        "fresh apply",
        run,
        (run,),
        facts=(
            Fact("web", "/data/log", "migrated\n", write=False),
            Fact("web", "/made", "once\n", write=False),
            *holds("one"),
        ),
    )


def _web(**fields: Any) -> dict[str, Any]:
    copied = {"secrets": ["password"], "configs": ["site"]}
    return sleeper(image=KEEPS, restart="always", volumes=["data:/data"], networks=["front", "back"]) | copied | fields


def _run(*words: str, code: int = 0, holding: str = "one", **fields: Any) -> Run:
    services = {"web": _web(**fields), "bystander": BYSTANDER}
    sections = {"networks": NETWORKS, "volumes": {"data": {}}, **contents(holding)}
    return Run(services, sections, words or ("apply",), code)


STANDS = _run()
DATA = (Fact("web", "/data/rows", "1, 2, 3\n"), Fact("web", "/keep/rows", "4, 5, 6\n"))


def replacement() -> Scenario:
    """Stop-first, because a service with volumes is."""
    new = _run(holding="two", image=KEEPS_MORE)
    return Scenario(
        "replacement",
        new,
        (new,),
        before=STANDS,
        facts=(*DATA, *holds("two")),
        untouched=("bystander",),
    )


def put_back(operation: str, after: tuple[Run, ...], **broken: Any) -> Scenario:
    """A replacement whose new container does not work."""
    return Scenario(
        operation,
        _run(code=1, **broken),
        after,
        before=STANDS,
        facts=(*DATA, *holds("one")),
        same=("web",),
        untouched=("bystander",),
    )


def failing_again() -> Scenario:
    """Killed, applied again and failed again: the old container is as it was before either."""
    broken = {"image": KEEPS_MORE, "healthcheck": NEVER_HEALTHY}
    return put_back("put back twice (unhealthy)", (_run(code=1, **broken), STANDS), **broken)


def update() -> Scenario:
    """In place: limits, a policy, and a network joined."""
    before = Run({"web": sleeper(mem_limit="32m", networks=["front"]), "bystander": BYSTANDER}, {"networks": NETWORKS})
    web = sleeper(mem_limit="64m", cpus="0.5", restart="on-failure:3", networks=["front", "back"])
    new = Run({"web": web, "bystander": BYSTANDER}, {"networks": NETWORKS})
    return Scenario(
        "update in place",
        new,
        (new,),
        before=before,
        facts=(Fact("web", "/rows", "7\n"),),
        untouched=("web", "bystander"),
    )


def destroyed() -> Scenario:
    plain = _run(image=BASE)
    destroy = _run("destroy", image=BASE)
    return Scenario(
        "destroy, destroy again", destroy, (destroy,), before=plain, facts=DATA[:1], gone=True, kept=("data",)
    )


def destroyed_with_volumes() -> Scenario:
    destroy = _run("destroy", "--volumes")
    return Scenario("destroy --volumes", destroy, (destroy,), before=STANDS, facts=DATA, gone=True)


def brought_back() -> Scenario:
    """The next apply makes all that the killed destroy took, on the volumes that it left."""
    plain = _run(image=BASE)
    return Scenario(
        "destroy, apply again", _run("destroy", image=BASE), (plain,), before=plain, facts=(*DATA[:1], *holds("one"))
    )


def network_anew() -> Scenario:
    """A network that is made anew under its name, and all that are in it."""
    labels = {"front": {"labels": {"tier": "front"}}, "back": {}}
    services = {"web": _web(image=BASE), "api": sleeper(networks=["front"]), "bystander": BYSTANDER}
    before = Run(services, {"networks": NETWORKS, "volumes": {"data": {}}, **contents("one")})
    new = Run(services, {"networks": labels, "volumes": {"data": {}}, **contents("one")})
    facts = (*DATA[:1], *holds("one"))
    return Scenario("network made anew", new, (new,), before=before, facts=facts, untouched=("bystander",))


def owner_replaced(operation: str, after: Run | None = None, **fields: Any) -> Scenario:
    """A container, and a chain of those that are in its network; its volume has no name."""
    before, new = _owner(), _owner(code=1 if after else 0, **fields)
    facts = (Fact("db", "/data/rows", "1, 2, 3\n"),)
    same = ("db", "web", "probe") if after else ()
    return Scenario(operation, new, (after or new,), before=before, facts=facts, same=same, untouched=("bystander",))


def _owner(code: int = 0, **fields: Any) -> Run:
    services = {
        "db": sleeper(restart="always", volumes=["/data"], networks=["front"]) | fields,
        "web": sleeper(network_mode="service:db", restart="always"),
        "probe": sleeper(network_mode="service:web"),
        "bystander": BYSTANDER,
    }
    return Run(services, {"networks": {"front": {}}}, code=code)


def scaled(operation: str, before: int, after: int) -> Scenario:
    """Those that are there in both are not touched."""

    def run(many: int) -> Run:
        web = sleeper(networks=["front"], scale=many, volumes=["data:/data"])
        return Run({"web": web, "bystander": BYSTANDER}, {"networks": {"front": {}}, "volumes": {"data": {}}})

    return Scenario(
        operation, run(after), (run(after),), before=run(before), facts=DATA[:1], untouched=("web", "bystander")
    )


def ports_traded() -> Scenario:
    """Each takes the port of the other one."""

    def run(web: str, api: str) -> Run:
        services = {
            name: sleeper(ports=[f"127.0.0.1:{port}:80"], networks=["front"], volumes=[f"{name}:/data"])
            for name, port in (("web", web), ("api", api))
        }
        sections = {"networks": {"front": {}}, "volumes": {"web": {}, "api": {}}}
        return Run(services | {"bystander": BYSTANDER}, sections)

    new = run(*reversed(PORTS))
    return Scenario("ports traded", new, (new,), before=run(*PORTS), facts=DATA[:1], untouched=("bystander",))


def verb(*words: str) -> Scenario:
    """Then an apply, which starts what is stopped."""
    standing = _run(image=BASE)
    return Scenario(
        words[0],
        _run(*words, image=BASE),
        (standing,),
        before=standing,
        facts=DATA[:1],
        same=("web",),
        untouched=("bystander",),
    )


def pulled() -> Scenario:
    image = f"{REGISTRY}/{NAME}:1"
    new = Run({"web": sleeper(image=image, network_mode="none"), "bystander": BYSTANDER}, {})
    before = Run({"bystander": BYSTANDER}, {})
    return Scenario("pull", new, (new,), before=before, pulled=image, untouched=("bystander",))


def pushed() -> Scenario:
    build = {"context": "./web", "tag": f"{NAME}-tools:1", "push": ["test"]}
    sections = {"builds": {"tools": build}, "registries": {"test": {"address": REGISTRY, "insecure": True}}}
    new = Run({"web": sleeper(image="tools", network_mode="none"), "bystander": BYSTANDER}, sections)
    before = Run({"bystander": BYSTANDER}, {})
    return Scenario("build and push", new, (new,), before=before, untouched=("bystander",))


def recovery() -> Scenario:
    """The apply that goes on from a killed one: its successor runs, and the old container is stopped."""
    new = _run(holding="two", image=KEEPS_MORE)
    return Scenario(
        "recovery of a replacement",
        new,
        (new,),
        before=STANDS,
        cut_off=(new, STARTED_AT),
        facts=(*DATA, *holds("two")),
        untouched=("bystander",),
    )


def names_traded() -> Scenario:
    """Two services take each other's container name, one with a new container; a third gets that of an orphan."""

    def named(name: str, **fields: Any) -> dict[str, Any]:
        return sleeper(network_mode="none", container_name=f"${{COMPOSE_PROJECT_NAME}}.{name}", **fields)

    before = Run({"web": named("one"), "db": named("two"), "old": named("three"), "bystander": BYSTANDER}, {})
    new = Run({"web": named("two", user="1000"), "db": named("one"), "new": named("three"), "bystander": BYSTANDER}, {})
    return Scenario("names traded", new, (new,), before=before, untouched=("db", "bystander"))


SCENARIOS: Mapping[str, Scenario] = {
    scenario.operation: scenario
    for scenario in (
        fresh(),
        replacement(),
        put_back("put back (exits)", (STANDS,), command=DIES),
        put_back("put back (unhealthy)", (STANDS,), healthcheck=NEVER_HEALTHY),
        failing_again(),
        network_anew(),
        owner_replaced("owner of a network replaced", user="0:1"),
        owner_replaced("owner of a network put back", _owner(), command=DIES),
        names_traded(),
        update(),
        destroyed(),
        destroyed_with_volumes(),
        brought_back(),
        scaled("scale up", 1, 3),
        scaled("scale down", 3, 1),
        ports_traded(),
        pulled(),
        pushed(),
        recovery(),
        verb("stop", "web"),
        verb("restart", "web"),
        verb("run", "--rm", "--no-tty", "web", "true"),
    )
}


ALONE = """
touch /data/two; read me < /proc/sys/kernel/random/uuid
while echo $$me > /data/who; do
  sleep 0.1
  [ "$$(cat /data/who)" = $$me ] || hostname >> /data/two
done
"""


def alone(operation: str, killed: Run, after: Run, **more: Any) -> Scenario:
    """One service whose container writes to `/data/two` when it sees that another one uses the volume too, and one that
    outlives the engine where that has live-restore.
    """
    facts = (Fact("web", "/data/two", "", write=False),)
    return Scenario(operation, killed, (after,), before=_alone(), facts=facts, untouched=("bystander",), **more)


def _alone(code: int = 0, **fields: Any) -> Run:
    web = sleeper(command=["sh", "-c", ALONE], restart="always", volumes=["data:/data"], networks=["front"]) | fields
    return Run({"web": web, "bystander": BYSTANDER}, {"networks": {"front": {}}, "volumes": {"data": {}}}, code=code)


_BROKEN = _alone(code=1, healthcheck=NEVER_HEALTHY)
_NEW = _alone(environment={"MODE": "new"})

ENGINE_KILLED: Mapping[str, Scenario] = {
    scenario.operation: scenario
    for lives, restored in (("", False), (", live-restore", True))
    for scenario in (
        alone(f"replacement, dockerd killed{lives}", _NEW, _NEW, lives_on=restored),
        alone(f"put back, dockerd killed{lives}", _BROKEN, _alone(), same=("web",), lives_on=restored),
    )
}
"""`restart: always`, and the engine itself is killed: never are two containers up on one volume."""

ALL = {**SCENARIOS, **ENGINE_KILLED}


def points(operation: str, requests: int, faults: Collection[Fault]) -> list[Point]:
    """Every point of a scenario whose run makes that many writing requests. Only who is killed leaves records that may
    be deleted before anybody looks, only what has a time limit gives up an engine that hangs, and an engine is killed.
    """
    limited = ALL[operation].killed.is_limited
    tried = [fault for fault in faults if limited or fault is not Fault.HANGS]
    tried = [fault for fault in tried if fault.kills or operation not in ENGINE_KILLED]
    places = product(range(1, requests + 1), tried, (True, False))
    return [Point(operation, *each) for each in places if each[1].kills or each[2]]


def sample(all_points: Sequence[Point], size: int, seed: int) -> list[Point]:
    """As many points, the same for the same seed; each operation has its share, and each fault."""
    shuffled = random.Random(seed).sample(all_points, len(all_points))
    turn: Counter[str] = Counter()
    ranked: list[tuple[int, Point]] = []
    for point in shuffled:
        turn[point.operation] += 1
        turn[point.fault] += 1
        ranked.append((turn[point.operation] + turn[point.fault], point))
    return [point for _, point in sorted(ranked, key=lambda each: each[0])[:size]]
