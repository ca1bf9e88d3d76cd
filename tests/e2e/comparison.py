"""The same edits, and the same changes by hand, answered by Docker Compose and by deployer: the rows of a table.

`python -m tests.e2e.comparison` writes them into docs/compared.md; a test runs them and holds that page to it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

from deployer.fields.container_names import container_name
from tests.e2e.project import BASE, ROOT

Json = Mapping[str, Any]
PAGE = ROOT / "docs" / "compared.md"
QUICK = {"deploy": {"update_config": {"monitor": "50ms"}}}
SLEEPS = {"image": BASE, "command": ["sleep", "1000"], "stop_grace_period": "0s"}
SAME_IMAGE = "compared-same:1"
MOVING = "its-own:moving"
"""Stands for an image of each stack's own, whose tag moves."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What a service says before and after; `quick` where it may say besides how long a new container is watched."""

    name: str
    what: str
    before: Json
    after: Json
    quick: bool = True


@dataclass(frozen=True, slots=True)
class ByHand:
    """What is done to a service's container behind the tools' backs, and how to tell that it was set right."""

    name: str
    what: str
    says: Json
    act: Callable[[APIClient, str, str], None]
    right: Callable[[Json, str], bool]


NEEDLESS = (
    Edit("memory", "a memory limit", {"mem_limit": "32m"}, {"mem_limit": "64m"}),
    Edit("cpus", "a limit of processors", {"cpus": 0.5}, {"cpus": 0.25}),
    Edit("pids", "a limit of processes", {"pids_limit": 100}, {"pids_limit": 200}),
    Edit("restart", "the restart policy", {"restart": "on-failure"}, {"restart": "unless-stopped"}),
    Edit("alias", "an alias more", {"networks": {"front": {}}}, {"networks": {"front": {"aliases": ["shop"]}}}),
    Edit("network", "a network more", {"networks": ["front"]}, {"networks": ["front", "back"]}),
    Edit(
        "alias-order",
        "aliases in another order",
        {"networks": {"front": {"aliases": ["a1", "a2"]}}},
        {"networks": {"front": {"aliases": ["a2", "a1"]}}},
    ),
    Edit("image", "another tag of the same image", {}, {"image": SAME_IMAGE}),
    Edit("update", "how updates go", {}, {"deploy": {"update_config": {"order": "stop-first"}}}, quick=False),
    Edit("replicas", "the default, said", {}, {"deploy": {"replicas": 1}}, quick=False),
    Edit("policy-said", "the default, said", {}, {"restart": "no"}),
    Edit("driver-said", "the default, said", {}, {"logging": {"driver": "json-file"}}),
    Edit("init-said", "the default, said", {}, {"init": False}),
    Edit(
        "limit-moved",
        "the other key for it",
        {"mem_limit": "32m", "deploy": {}},
        {"deploy": {"resources": {"limits": {"memory": "32m"}}}},
        quick=False,
    ),
    Edit("signal", "a signal, spelled otherwise", {"stop_signal": "SIGUSR1"}, {"stop_signal": "USR1"}),
    Edit("cap", "a capability, spelled otherwise", {"cap_add": ["NET_ADMIN"]}, {"cap_add": ["CAP_NET_ADMIN"]}),
    Edit(
        "caps",
        "capabilities in another order",
        {"cap_add": ["NET_ADMIN", "SYS_TIME"]},
        {"cap_add": ["SYS_TIME", "NET_ADMIN"]},
    ),
    Edit("expose", "a port, spelled otherwise", {"expose": ["80"]}, {"expose": ["80/tcp"]}),
    Edit(
        "ports",
        "ports in another order",
        {"ports": ["127.0.0.1::80", "127.0.0.1::81"]},
        {"ports": ["127.0.0.1::81", "127.0.0.1::80"]},
    ),
    Edit("groups", "groups in another order", {"group_add": ["5", "6"]}, {"group_add": ["6", "5"]}),
    Edit("size", "a size, spelled otherwise", {"tmpfs": ["/x:size=1m"]}, {"tmpfs": ["/x:size=1024k"]}),
    Edit("folder", "a folder, spelled otherwise", {"working_dir": "/tmp"}, {"working_dir": "/tmp/"}),
    Edit(
        "mounts",
        "mounts in another order",
        {"volumes": ["data:/a", "./b:/b"]},
        {"volumes": ["./b:/b", "data:/a"]},
    ),
    Edit(
        "mount",
        "the long form",
        {"volumes": ["data:/a"]},
        {"volumes": [{"type": "volume", "source": "data", "target": "/a"}]},
    ),
    Edit("ulimit", "the long form", {"ulimits": {"nofile": 100}}, {"ulimits": {"nofile": {"soft": 100, "hard": 100}}}),
    Edit("volume", "another key, the same volume", {"volumes": ["old:/a"]}, {"volumes": ["new:/a"]}),
)
"""Compose makes a new container for each of these."""

ALIKE = (
    Edit("env-order", "variables in another order", {"environment": ["A=1", "B=2"]}, {"environment": ["B=2", "A=1"]}),
    Edit("env-form", "a mapping for a list", {"environment": ["A=1", "B=2"]}, {"environment": {"A": 1, "B": 2}}),
    Edit("env-file", "a file with the same content", {"env_file": "one.env"}, {"env_file": "two.env"}),
    Edit("label-order", "labels in another order", {"labels": ["a=1", "b=2"]}, {"labels": ["b=2", "a=1"]}),
    Edit("unit", "a size in another unit", {"mem_limit": "1g"}, {"mem_limit": "1024m"}),
    Edit("path", "a longer path to the same folder", {"volumes": ["./b:/b"]}, {"volumes": ["./b/../b:/b"]}),
    Edit("text", "a text for a list", {"command": ["sleep", "1000"]}, {"command": "sleep 1000"}),
    Edit("waits", "what it waits for", {}, {"depends_on": ["memory"]}),
    Edit("value", "a variable's value", {"environment": {"A": 1}}, {"environment": {"A": 2}}),
    Edit("grace", "how long a stop may take", {}, {"stop_grace_period": "1s"}),
    Edit("less", "a network less", {"networks": ["front", "back"]}, {"networks": ["front"]}),
)
"""Compose and deployer do the same."""


def _update(**body: Any) -> Callable[[APIClient, str, str], None]:
    def act(api: APIClient, container: str, _: str) -> None:
        api._result(api._post_json(api._url("/containers/{0}/update", container), data=body), True)

    return act


def _renamed(api: APIClient, container: str, stack: str) -> None:
    api.rename(container, f"{stack}-other")


def _connected(api: APIClient, container: str, stack: str) -> None:
    api.connect_container_to_network(container, f"{stack}_back")


def _disconnected(api: APIClient, container: str, stack: str) -> None:
    api.disconnect_container_from_network(container, f"{stack}_back")


def _under_another_alias(api: APIClient, container: str, stack: str) -> None:
    api.disconnect_container_from_network(container, f"{stack}_front")
    api.connect_container_to_network(container, f"{stack}_front", aliases=["other"])


def _made_by_hand(api: APIClient, container: str, stack: str) -> None:
    """With its labels, as what copies a container does, and another environment."""
    found = api.inspect_container(container)
    api.remove_container(container, force=True)
    networks = {"EndpointsConfig": {f"{stack}_default": {}}}
    config = {key: value for key, value in found["Config"].items() if key != "Hostname"}
    body = {**config, "Env": ["BY=hand"], "HostConfig": found["HostConfig"], "NetworkingConfig": networks}
    api.start(api.create_container_from_config(body, found["Name"].lstrip("/"))["Id"])


def _stopped(api: APIClient, container: str, _: str) -> None:
    api.stop(container, 0)


def _moved(api: APIClient, container: str, stack: str) -> None:
    api.commit(container, *_moving(stack).split(":"), changes="LABEL moved=yes")


def _moving(stack: str) -> str:
    return f"{stack}:moving"


def _networks(inspect: Json) -> set[str]:
    return {name.rpartition("_")[2] for name in inspect["NetworkSettings"]["Networks"]}


UNSEEN = (
    ByHand(
        "by-memory",
        "`docker update --memory 64m --memory-swap 128m`",
        {"mem_limit": "32m"},
        _update(Memory=64 << 20, MemorySwap=128 << 20),
        lambda found, _: found["HostConfig"]["Memory"] == 32 << 20,
    ),
    ByHand(
        "by-cpus",
        "`docker update --cpus 0.25`",
        {"cpus": 0.5},
        _update(NanoCpus=250_000_000),
        lambda found, _: found["HostConfig"]["NanoCpus"] == 500_000_000,
    ),
    ByHand(
        "by-pids",
        "`docker update --pids-limit 50`",
        {"pids_limit": 100},
        _update(PidsLimit=50),
        lambda found, _: found["HostConfig"]["PidsLimit"] == 100,
    ),
    ByHand(
        "by-policy",
        "`docker update --restart always`",
        {"restart": "on-failure"},
        _update(RestartPolicy={"Name": "always"}),
        lambda found, _: found["HostConfig"]["RestartPolicy"]["Name"] == "on-failure",
    ),
    ByHand(
        "by-name",
        "`docker rename`",
        {},
        _renamed,
        lambda found, stack: found["Name"] == f"/{container_name(stack, 'by-name', 1)}",
    ),
    ByHand(
        "by-network",
        "`docker network connect`",
        {"networks": ["front"]},
        _connected,
        lambda found, _: _networks(found) == {"front"},
    ),
    ByHand(
        "by-alias",
        "connected again under another alias",
        {"networks": {"front": {"aliases": ["shop"]}}},
        _under_another_alias,
        lambda found, _: any(
            "shop" in (each["Aliases"] or ()) for each in found["NetworkSettings"]["Networks"].values()
        ),
    ),
    ByHand(
        "by-copy",
        "made again with another environment, and its labels",
        {},
        _made_by_hand,
        lambda found, _: "BY=hand" not in found["Config"]["Env"],
    ),
)
"""Compose does not see these."""

SEEN = (
    ByHand(
        "by-disconnect",
        "`docker network disconnect`",
        {"networks": ["front", "back"]},
        _disconnected,
        lambda found, _: _networks(found) == {"front", "back"},
    ),
    ByHand("by-stop", "`docker stop`", {}, _stopped, lambda found, _: found["State"]["Running"]),
    ByHand(
        "by-tag",
        "`docker tag`: its tag names another image",
        {"image": MOVING},
        _moved,
        lambda found, _: "moved" in found["Config"]["Labels"],
    ),
)
"""Compose sees these as deployer does."""

PAUSED = "by-pause"
EDITS, BY_HAND = (*NEEDLESS, *ALIKE), (*UNSEEN, *SEEN)


def stack_file(stack: str, *, edited: bool) -> str:
    """All of it in one stack, before the edits or after."""
    services: dict[str, Json] = {PAUSED: SLEEPS}
    for edit in EDITS:
        services[edit.name] = {**SLEEPS, **(QUICK if edit.quick else {}), **(edit.after if edited else edit.before)}
    for each in BY_HAND:
        services[each.name] = {**SLEEPS, **QUICK, **each.says}
    volumes = {"data": {}, **({"new": {"name": f"{stack}_old"}} if edited else {"old": {}})}
    text = json.dumps({"name": stack, "services": services, "networks": {"front": {}, "back": {}}, "volumes": volumes})
    return text.replace(MOVING, _moving(stack))


@dataclass(frozen=True, slots=True)
class Tool:
    """One of the two, its stack in a folder of its own, and the engine."""

    api: APIClient
    folder: Path
    stack: str
    up: tuple[str, ...]

    def write(self, *, edited: bool) -> None:
        (self.folder / "compose.yaml").write_text(stack_file(self.stack, edited=edited))

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        return subprocess.run(command or self.up, cwd=self.folder, env=environment, capture_output=True, text=True)

    def must(self, *command: str) -> str:
        done = self.run(*command)
        assert done.returncode == 0, f"{' '.join(command or self.up)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def containers(self) -> dict[str, Json]:
        found = self.api.containers(all=True, filters={"label": f"com.docker.compose.project={self.stack}"})
        by_service = {each["Labels"]["com.docker.compose.service"]: each["Id"] for each in found}
        with ThreadPoolExecutor(4) as pool:
            return dict(zip(by_service, pool.map(self.api.inspect_container, by_service.values()), strict=True))

    def _remove(self, container: str) -> None:
        with suppress(NotFound):
            self.api.remove_container(container, force=True, v=True)

    def remove(self) -> None:
        found = self.api.containers(all=True, filters={"label": f"com.docker.compose.project={self.stack}"})
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._remove, (each["Id"] for each in found)))
        for network in self.api.networks():
            if network["Name"].startswith(f"{self.stack}_"):
                with suppress(APIError):
                    self.api.remove_network(network["Id"])
        for volume in self.api.volumes()["Volumes"] or []:
            if volume["Name"].startswith((f"{self.stack}_", f"{self.stack}.")):
                self.api.remove_volume(volume["Name"])


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool did, and the container's short id, or both where it is another one now."""

    act: str
    ids: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.act} `{' → '.join(self.ids)}`"


def _short(container: Json) -> str:
    return container["Id"][:12]


def _answer(before: Json, after: Json, unchanged: str, in_place: str = "") -> Answer:
    """`in_place` is what became of it where it is the same container, running as it ran."""
    if before["Id"] != after["Id"]:
        return Answer("a new container", (_short(before), _short(after)))
    started = before["State"]["StartedAt"] != after["State"]["StartedAt"]
    return Answer("started" if started else in_place or unchanged, (_short(after),))


ACTIONS = {"update": "in place", "rename": "renamed"}


def _rows(tool: Tool, planned: Callable[[], Mapping[str, str]]) -> dict[str, Answer]:
    """Apply, change the file and the containers, apply, look. `planned` are the actions that the tool foretells."""
    tool.write(edited=False)
    tool.must()
    tool.write(edited=True)
    first = tool.containers()
    for each in BY_HAND:
        each.act(tool.api, first[each.name]["Id"], tool.stack)
    before, actions = tool.containers(), planned()
    tool.must()
    after = tool.containers()
    found = {
        each.name: _answer(before[each.name], after[each.name], "nothing", ACTIONS.get(actions.get(each.name, ""), ""))
        for each in EDITS
    }
    for each in BY_HAND:
        right = each.right(after[each.name], tool.stack)
        act = ACTIONS.get(actions.get(each.name, ""), "") if right else "not seen"
        found[each.name] = _answer(before[each.name], after[each.name], "not seen", act)
    tool.api.pause(after[PAUSED]["Id"])
    failed = tool.run().returncode != 0
    last = tool.containers()[PAUSED]
    found[PAUSED] = Answer("`up` fails" if failed else "unpaused", (_short(last),))
    assert last["State"]["Paused"] == failed
    return found


def _planned(tool: Tool) -> dict[str, str]:
    changes = json.loads(tool.must(sys.executable, "-m", "deployer", "plan", "--format", "json"))["changes"]
    services = (each for each in changes if each["address"].startswith("service."))
    return {each["address"].removeprefix("service.").partition("[")[0]: each["action"] for each in services}


def compared(api: APIClient, compose: Sequence[str], folder: Path, name: str) -> dict[str, tuple[Answer, Answer]]:
    """What Compose and deployer did, by the name of the edit or change. Both run at once, each with its own stack."""
    apply = (sys.executable, "-m", "deployer", "apply", "--yes")
    tools = [
        Tool(api, folder / "theirs", f"{name}-theirs", (*compose, "up", "-d")),
        Tool(api, folder / "ours", f"{name}-ours", apply),
    ]
    api.tag(BASE, *SAME_IMAGE.split(":"))
    for tool in tools:
        api.tag(BASE, *_moving(tool.stack).split(":"))
        (tool.folder / "b").mkdir(parents=True)
        for file in ("one.env", "two.env"):
            (tool.folder / file).write_text("A=1\n")
    try:
        with ThreadPoolExecutor(2) as pool:
            theirs = pool.submit(_rows, tools[0], dict)
            ours = pool.submit(_rows, tools[1], lambda: _planned(tools[1]))
            return {each: (theirs.result()[each], ours.result()[each]) for each in theirs.result()}
    finally:
        for tool in tools:
            tool.remove()
        for image in (SAME_IMAGE, *(_moving(tool.stack) for tool in tools)):
            with suppress(APIError):
                api.remove_image(image, force=True)


# The page


def tables(rows: Mapping[str, tuple[Answer, Answer]]) -> dict[str, list[str]]:
    """The lines of each table, by the marker that it has in the page."""
    edits = ["| edit | before | after | Compose | deployer |", "|---|---|---|---|---|"]
    by_hand = ["| by hand | Compose | deployer |", "|---|---|---|"]
    paused = f"| `docker pause` | {rows[PAUSED][0]} | {rows[PAUSED][1]} |"
    return {
        "needless": [*edits, *(_edit(each, rows) for each in NEEDLESS)],
        "alike": [*edits, *(_edit(each, rows) for each in ALIKE)],
        "unseen": [*by_hand, *(_by_hand(each, rows) for each in UNSEEN), paused],
        "seen": [*by_hand, *(_by_hand(each, rows) for each in SEEN)],
    }


def _edit(edit: Edit, rows: Mapping[str, tuple[Answer, Answer]]) -> str:
    theirs, ours = rows[edit.name]
    return f"| {edit.what} | {_written(edit.before)} | {_written(edit.after)} | {theirs} | {ours} |"


def _by_hand(each: ByHand, rows: Mapping[str, tuple[Answer, Answer]]) -> str:
    theirs, ours = rows[each.name]
    return f"| {each.what} | {theirs} | {ours} |"


def _written(says: Json) -> str:
    said = {key: value for key, value in says.items() if value != {}}
    return f"`{_flow(said)[1:-1]}`" if said else ""


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return json.dumps(value) if not isinstance(value, str) or value in ("no", "1000") else value


def in_page(text: str) -> dict[str, list[str]]:
    """The lines of the tables that the page has."""
    return {
        name: body.strip().splitlines()
        for name, body in re.findall(r"<!-- table: (\w+) -->\n(.*?)<!-- end -->", text, re.DOTALL)
    }


def without_ids(lines: Sequence[str]) -> list[str]:
    """Every run has other ids: that there is one, or two, is what stays."""
    return [re.sub(r"\b[0-9a-f]{12}\b", "ID", line) for line in lines]


def main() -> None:
    host = os.environ.get("DOCKER_HOST") or sys.exit("DOCKER_HOST is not set")
    compose = os.environ.get("DEPLOYER_COMPOSE") or shutil.which("docker-compose") or sys.exit("DEPLOYER_COMPOSE: none")
    with tempfile.TemporaryDirectory() as folder:
        made = tables(compared(APIClient(host, version="auto"), [compose], Path(folder), f"compared-{os.getpid()}"))
    text = PAGE.read_text()
    for name, lines in made.items():
        table = "\n".join(lines)
        text = re.sub(
            rf"(<!-- table: {name} -->\n).*?(<!-- end -->)",
            lambda found, table=table: f"{found[1]}\n{table}\n\n{found[2]}",
            text,
            flags=re.DOTALL,
        )
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
