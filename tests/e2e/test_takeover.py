"""What `docker compose up` has started is taken over: nothing is touched, then one edit is one change."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.project import BASE, Project, free_port
from tests.e2e.test_compose import compose_binary

pytestmark = pytest.mark.engine

Json = Mapping[str, Any]
Services = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Stack:
    """A Compose project, the edit of one service, and the fields that are to be named for it."""

    services: Services
    edit: tuple[str, Json]
    fields: set[str]
    sections: Json = field(default_factory=dict[str, Any])
    files: Mapping[str, str] = field(default_factory=dict[str, str])


def sleeps(**says: Any) -> dict[str, Any]:
    """A service as Compose users write it, that dies at once when it is stopped."""
    return {"image": BASE, "command": ["sleep", "1000"], "stop_grace_period": "0s", **says}


def stacks(name: str) -> dict[str, Stack]:
    """Ten projects that differ in what they use."""
    port = free_port()
    return {
        "networks": Stack(
            {
                "web": sleeps(networks={"front": {"aliases": ["www", "shop"]}, "back": None}),
                "db": sleeps(networks={"back": {"ipv4_address": "10.213.7.9"}}, hostname="database"),
                "cache": sleeps(networks=["back", "elsewhere"]),
                "alone": sleeps(),
            },
            ("web", {"networks": {"front": {"aliases": ["www"]}, "back": None}}),
            {"networks.front"},
            {
                "networks": {
                    "front": {"labels": {"tier": "front"}},
                    "back": {
                        "internal": True,
                        "ipam": {"config": [{"subnet": "10.213.7.0/24", "gateway": "10.213.7.1"}]},
                    },
                    "elsewhere": {"external": True, "name": f"{name}_outside"},
                }
            },
        ),
        "volumes": Stack(
            {
                "db": sleeps(volumes=["data:/data", "/anonymous", "./conf:/conf:ro", "outside:/outside"]),
                "reader": sleeps(
                    volumes=[
                        {"type": "volume", "source": "data", "target": "/data", "read_only": True},
                        {"type": "bind", "source": "./conf", "target": "/conf"},
                        {"type": "tmpfs", "target": "/scratch", "tmpfs": {"size": 1048576, "mode": 0o1770}},
                    ],
                    tmpfs=["/run", "/tmp:size=64k,mode=755"],
                    depends_on=["db"],
                ),
            },
            ("reader", {"tmpfs": ["/run", "/tmp:size=128k,mode=755"]}),
            {"tmpfs./tmp"},
            {
                "volumes": {
                    "data": {"labels": ["kept=yes"]},
                    "outside": {"external": True, "name": f"{name}_outside"},
                }
            },
            {"conf/a": "a"},
        ),
        "secrets": Stack(
            {
                "web": sleeps(
                    secrets=["password", {"source": "password", "target": "/run/secrets/again"}],
                    configs=[{"source": "settings", "target": "/etc/settings"}, "inline"],
                ),
                "other": sleeps(),
            },
            ("web", {"environment": {"PASSWORD_FILE": "/run/secrets/password"}}),
            {"environment.PASSWORD_FILE"},
            {
                "secrets": {"password": {"file": "./password"}},
                "configs": {"settings": {"file": "./settings"}, "inline": {"content": "a: b\n"}},
            },
            {"password": "hunter2", "settings": "x=1\n"},
        ),
        "health": Stack(
            {
                "db": sleeps(healthcheck={"test": "true", "interval": "200ms", "timeout": "2s", "retries": 5}),
                "init": sleeps(command=["true"], depends_on={"db": {"condition": "service_healthy"}}, restart="no"),
                "web": sleeps(
                    depends_on={
                        "db": {"condition": "service_healthy"},
                        "init": {"condition": "service_completed_successfully"},
                    },
                    healthcheck={"disable": True},
                ),
            },
            ("web", {"restart": "unless-stopped"}),
            {"restart"},
        ),
        "scale": Stack(
            {
                "web": sleeps(deploy={"replicas": 3}, expose=[80, "90-91"]),
                "worker": sleeps(scale=2, labels={"tier": "work", "many": "1"}),
            },
            ("web", {"pids_limit": 100}),
            {"pids_limit"},
        ),
        "limits": Stack(
            {
                "web": sleeps(
                    mem_limit="64m",
                    cpus=0.5,
                    pids_limit=200,
                    ulimits={"nofile": {"soft": 100, "hard": 200}, "core": 0},
                    sysctls={"net.core.somaxconn": 64},
                    cap_add=["NET_ADMIN"],
                    cap_drop=["MKNOD"],
                    security_opt=["no-new-privileges:true"],
                    shm_size="32m",
                    logging={"driver": "json-file", "options": {"max-size": "1m", "max-file": "2"}},
                    restart="on-failure:3",
                    read_only=True,
                    group_add=["5"],
                    devices=["/dev/null:/dev/other"],
                ),
                "worker": sleeps(deploy={"resources": {"limits": {"cpus": "0.25", "memory": "32M", "pids": 50}}}),
            },
            ("worker", {"deploy": {"resources": {"limits": {"cpus": "0.5", "memory": "32M", "pids": 50}}}}),
            {"deploy.resources.limits.cpus"},
        ),
        "namespaces": Stack(
            {
                "gateway": sleeps(ports=[f"127.0.0.1:{port}:80"]),
                "app": sleeps(network_mode="service:gateway"),
                "host": sleeps(network_mode="host"),
                "none": sleeps(network_mode="none"),
            },
            ("none", {"environment": ["A=1"]}),
            {"environment.A"},
        ),
        "environment": Stack(
            {
                "web": sleeps(
                    env_file=["one.env", "two.env"],
                    environment={"MODE": "${MODE:-production}", "FROM_ENV": "$IN_DOTENV", "EMPTY": ""},
                    command="sh -c 'echo $$HOME; exec sleep 1000'",
                    entrypoint=[],
                ),
                "list": sleeps(environment=["A=1", "B=two words", "C="], labels=["a.b=c", "bare"]),
            },
            ("list", {"environment": ["A=2", "B=two words", "C="]}),
            {"environment.A"},
            {},
            {"one.env": "A=1\nB=2\n", "two.env": "B=3 # comment\nC='quoted'\n", ".env": "IN_DOTENV=yes\n"},
        ),
        "ports": Stack(
            {
                "web": sleeps(ports=["80", "127.0.0.1::81/udp", "127.0.0.1:39600-39640:82"]),
                "long": sleeps(ports=[{"target": 80, "host_ip": "127.0.0.1", "protocol": "tcp", "mode": "ingress"}]),
            },
            ("long", {"stop_signal": "SIGINT"}),
            {"stop_signal"},
        ),
        "process": Stack(
            {
                "web": sleeps(
                    init=True,
                    tty=True,
                    stdin_open=True,
                    stop_signal="SIGTERM",
                    user="1000:1000",
                    working_dir="/tmp",
                    hostname="web",
                    extra_hosts=["one:10.0.0.1", "gateway:host-gateway"],
                    dns=["9.9.9.9"],
                    dns_search=["example.org"],
                    dns_opt=["ndots:2"],
                    privileged=False,
                ),
                "other": sleeps(stop_grace_period="1m30s", entrypoint=["sleep"], command=["1000"], stop_signal="KILL"),
            },
            ("web", {"extra_hosts": ["one:10.0.0.2", "gateway:host-gateway"]}),
            {"extra_hosts.one"},
        ),
    }


@pytest.fixture
def compose() -> list[str]:
    found = compose_binary()
    if not found:
        pytest.skip("there is no docker compose here; DEPLOYER_COMPOSE names one")
    return found


@pytest.fixture
def outside(project: Project) -> str:
    """A network and a volume that are nobody's."""
    name = f"{project.name}_outside"
    project.engine.create_network(name)
    project.engine.create_volume(name)
    return name


def told(project: Project, *command: str) -> str:
    """What Compose prints on stdout."""
    done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listed(project: Project, compose: list[str]) -> set[tuple[str, str]]:
    """Service and name of all that Compose shows of its project."""
    rows = told(project, *compose, "ps", "--all", "--format", "json").splitlines()
    return {(row["Service"], row["Name"]) for row in map(json.loads, rows)}


def write(project: Project, stack: Stack, services: Services) -> None:
    document = {"name": project.name, **stack.sections, "services": services}
    (project.folder / "compose.yaml").write_text(json.dumps(document, indent=1))


def ids(project: Project) -> dict[str, str]:
    return {name: project.engine.inspect_container(name)["Id"] for name in project.containers()}


KINDS = tuple(stacks("name"))


def write_all(project: Project, stack: Stack) -> None:
    for name, content in stack.files.items():
        (project.folder / name).parent.mkdir(exist_ok=True)
        (project.folder / name).write_text(content)
    write(project, stack, stack.services)


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize("kind", KINDS)
def test_what_compose_started_is_taken_over(project: Project, compose: list[str], kind: str) -> None:
    """Its plan is empty; an edit of one field plans that field; Compose still lists all, and finds nothing missing."""
    stack = stacks(project.name)[kind]
    write_all(project, stack)
    told(project, *compose, "up", "-d")
    began, shown = ids(project), listed(project, compose)

    project.must_be_settled()

    edited, says = stack.edit
    write(project, stack, {**stack.services, edited: {**stack.services[edited], **says}})
    changes = project.changes()
    touched = {address for address in changes if address.startswith(f"service.{edited}[")}
    assert changes.keys() == touched != set(), project.plan_text()
    assert {each["field"] for change in changes.values() for each in change["fields"]} == stack.fields

    project.apply()

    project.must_be_settled()
    after = ids(project)
    assert {name: id for name, id in after.items() if f"-{edited}-" not in name} == {
        name: id for name, id in began.items() if f"-{edited}-" not in name
    }
    assert listed(project, compose) == shown
    told(project, *compose, "up", "-d", "--no-recreate")
    assert ids(project) == after
    project.must_be_settled()


def test_a_build_of_composes_is_made_once_more_and_its_container_replaced_only_if_the_image_differs(
    project: Project, compose: list[str]
) -> None:
    """Nothing on the engine tells what went into Compose's image; what does not run it is left alone."""
    build = {"context": "./web", "args": {"WHO": "us"}}
    files = {"web/Dockerfile": f"FROM {BASE}\nARG WHO\nENV WHO=$WHO\nCOPY file /file\n", "web/file": "x"}
    web = {key: value for key, value in sleeps(build=build).items() if key != "image"}
    services = {"web": web, "other": sleeps(depends_on=["web"])}
    stack = Stack(services, ("other", {}), set(), files=files)
    write_all(project, stack)
    told(project, *compose, "up", "-d")
    began, shown = ids(project), listed(project, compose)

    changes = project.changes()
    assert {address: each["action"] for address, each in changes.items()} == {
        "build.web": "build",
        "service.web[1]": "replace",
    }
    assert changes["service.web[1]"]["known_after"] == "build.web"

    project.apply()

    project.must_be_settled()
    assert ids(project)[project.container_name("other")] == began[project.container_name("other")]
    assert listed(project, compose) == shown
    told(project, *compose, "up", "-d", "--no-recreate")
    project.must_be_settled()


def test_a_name_that_compose_gave_is_changed_in_place(project: Project, compose: list[str]) -> None:
    """Compose made it an alias, too: that goes with it, and the links of others follow."""
    one, two = f"{project.name}.one", f"{project.name}.two"
    services = {"db": sleeps(container_name=one), "web": sleeps(links=["db:base"])}
    stack = Stack(services, ("db", {"container_name": two}), {"container_name"})
    write_all(project, stack)
    told(project, *compose, "up", "-d")
    began = set(ids(project).values())
    project.must_be_settled()
    write(project, stack, {**services, "db": sleeps(container_name=two)})
    assert {name: each["action"] for name, each in project.changes().items()} == {
        "service.db[1]": "rename",
        "service.web[1]": "update",
    }
    project.apply()
    project.must_be_settled()
    assert set(ids(project).values()) == began
    reached = {name: project.inside("web", "ping", "-c1", "-W1", name)[0] == 0 for name in (one, two, "db", "base")}
    assert reached == {one: False, two: True, "db": True, "base": True}
    assert ("db", two) in listed(project, compose)
    told(project, *compose, "up", "-d", "--no-recreate")
    assert set(ids(project).values()) == began
