"""Random stacks, random edits of them, and what people do behind deployer's back: plain data, no engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "c", "d", "e")
NETWORKS = ("back", "front")
VOLUMES = ("cache", "data")
DEFAULT = "default"
CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")


@dataclass(frozen=True)
class Service:
    """What a service says, in few words. `mode` is `service:NAME` or `none` in place of networks; `needs` are earlier
    services, each with the condition that is asked for where it makes sense.
    """

    image: str = "busybox:1"
    program: str = "serve"
    edition: int = 0
    memory: int = 0
    restart: str = ""
    replicas: int = 1
    networks: frozenset[str] = frozenset()
    mode: str = ""
    address: int = 0
    port: int = 0
    volume: str = ""
    nameless: bool = False
    check: bool = False
    secret: bool = False
    needs: Mapping[str, str] = field(default_factory=dict[str, str])
    follows: bool = False
    mounts_of: str = ""


@dataclass(frozen=True)
class Stack:
    """Services by name; the edition of each network, which is a label of it; what the build and the secret hold."""

    services: Mapping[str, Service]
    networks: Mapping[str, int]
    build: str = "one"
    secret: str = "one"

    @property
    def contents(self) -> dict[str, str]:
        return {"builds.app": self.build, "secrets.key": self.secret}

    @property
    def document(self) -> dict[str, Any]:
        """As it stands in the file, less what cannot be said together."""
        taken: set[Any] = set()
        services = {name: self._service(name, taken) for name in sorted(self.services)}
        used = {net for said in services.values() for net in said.get("networks", ())} | set(self.networks)
        networks = {name: self._network(name) for name in sorted(used - {DEFAULT})}
        document: dict[str, Any] = {"services": services, "networks": networks}
        document["volumes"] = {name: {} for name in VOLUMES}
        document["builds"] = {"app": "./app"}
        document["secrets"] = {"key": {"content": "its digest counts"}}
        return document

    def _network(self, name: str) -> dict[str, Any]:
        subnet = {"ipam": {"config": [{"subnet": "10.9.0.0/24"}]}} if name == "front" else {}
        return {**subnet, "labels": {"edition": str(self.networks.get(name, 0))}}

    def _service(self, name: str, taken: set[Any]) -> dict[str, Any]:
        said = self.services[name]
        works = said.program == "work"
        earlier = {other: each for other, each in self.services.items() if other < name}
        keys: dict[str, Any] = {"image": said.image, "command": [said.program]}
        keys["environment"] = {"EDITION": str(said.edition)}
        keys |= {"mem_limit": f"{said.memory}m"} if said.memory else {}
        restart = ("on-failure" if said.restart == "on-failure" else "no") if works else said.restart
        keys |= {"restart": restart} if restart else {}
        keys |= {"healthcheck": {"test": ["CMD", "true"]}} if said.check and not works else {}
        keys |= {"secrets": ["key"]} if said.secret else {}
        mounts = [f"{said.volume}:/data"] if said.volume else []
        keys |= {"volumes": [*mounts, *(["/nameless"] if said.nameless else [])]}
        owner = said.mode.partition(":")[2]
        alone = self._is_followed(name)
        if (owner in earlier and earlier[owner].program != "work") or said.mode == "none":
            keys["network_mode"] = said.mode
        else:
            keys |= self._outside(name, taken)
            alone = alone or bool(said.port or (said.address and "front" in said.networks))
        if said.mounts_of in earlier:
            keys["volumes_from"] = [said.mounts_of]
        needs = {
            other: {"condition": _condition(asked, earlier[other]), "restart": said.follows}
            for other, asked in sorted(said.needs.items())
            if other in earlier
        }
        keys |= {"depends_on": needs} if needs else {}
        keys |= {"deploy": {"replicas": said.replicas}} if said.replicas > 1 and not alone else {}
        return keys

    def _outside(self, name: str, taken: set[Any]) -> dict[str, Any]:
        said, found = self.services[name], dict[str, Any]()
        if said.networks:
            found["networks"] = {each: {} for each in sorted(said.networks)}
        if said.address and "front" in said.networks and said.address not in taken:
            taken.add(said.address)
            found["networks"]["front"] = {"ipv4_address": f"10.9.0.{said.address}"}
        if said.port and said.port not in taken:
            taken.add(said.port)
            found["ports"] = [f"{said.port}:80"]
        return found

    def _is_followed(self, name: str) -> bool:
        """Of a service with several containers nobody can say whose network or mounts are meant."""
        return any(name in (each.mode.partition(":")[2], each.mounts_of) for each in self.services.values())


def _condition(asked: str, of: Service) -> str:
    if of.program == "work":
        return CONDITIONS[2] if asked != CONDITIONS[0] else asked
    return asked if asked == CONDITIONS[0] or (asked == CONDITIONS[1] and of.check) else CONDITIONS[0]


PROGRAMS = ("serve", "serve-politely", "serve-stubbornly", "work")

TRAITS: Mapping[str, st.SearchStrategy[Any]] = {
    "image": st.sampled_from(["busybox:1", "keeper:1", "app"]),
    "program": st.sampled_from(PROGRAMS),
    "edition": st.integers(0, 2),
    "memory": st.sampled_from([0, 32, 64]),
    "restart": st.sampled_from(["", "no", "always", "unless-stopped", "on-failure"]),
    "replicas": st.integers(1, 3),
    "networks": st.frozensets(st.sampled_from(NETWORKS)),
    "mode": st.sampled_from(["", "", "", "none", *(f"service:{name}" for name in NAMES[:3])]),
    "address": st.sampled_from([0, 0, 5, 6]),
    "port": st.sampled_from([0, 0, 8001, 8002]),
    "volume": st.sampled_from(["", "", *VOLUMES]),
    "nameless": st.booleans(),
    "check": st.booleans(),
    "secret": st.booleans(),
    "needs": st.dictionaries(st.sampled_from(NAMES[:4]), st.sampled_from(CONDITIONS), max_size=2),
    "follows": st.booleans(),
    "mounts_of": st.sampled_from(["", "", "", *NAMES[:2]]),
}

some_service = st.builds(Service, **TRAITS)

EDITIONS = st.dictionaries(st.sampled_from(NETWORKS), st.integers(0, 1))


def some_stack() -> st.SearchStrategy[Stack]:
    services = st.dictionaries(st.sampled_from(NAMES), some_service, min_size=1, max_size=5)
    return st.builds(Stack, services, EDITIONS)


@st.composite
def edited(draw: st.DrawFn, stack: Stack) -> Stack:
    """The stack with a few things otherwise: a trait of a service, a service more or less, a network, a content."""
    services = dict(stack.services)
    for _ in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(NAMES))
        match draw(st.integers(0, 5)) if name in services else 1:
            case 0:
                del services[name]
            case 1:
                services[name] = draw(some_service)
            case _:
                trait = draw(st.sampled_from(sorted(TRAITS)))
                services[name] = replace(services[name], **{trait: draw(TRAITS[trait])})
    services = services or dict(stack.services)
    networks = draw(st.sampled_from([stack.networks, stack.networks, {}, {"back": 1}, {"front": 1}]))
    contents = st.sampled_from(["one", "one", "one#again", "two"])
    return Stack(services, networks, draw(contents), draw(st.sampled_from(["one", "one", "two"])))


@dataclass(frozen=True)
class Deed:
    """Something done by hand, to the thing of that number among those of its kind."""

    what: str
    which: int


BY_HAND = (
    *("stop", "kill", "pause", "remove", "remove with volumes", "rename", "start", "restart"),
    *("set a limit", "set a policy", "leave", "join", "remove a network", "remove a volume", "remove an image"),
)
FOREIGN = ("take a name", "take a port", "take a network")

some_deeds = st.lists(st.builds(Deed, st.sampled_from([*BY_HAND, *FOREIGN]), st.integers(0, 7)), max_size=3)
