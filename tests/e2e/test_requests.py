"""What `plan` asks the engine for: one list a kind, one inspect a container and a distinct image, and nothing else."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from docker import APIClient

from deployer.reconcile.turn import GOOD_FOR
from tests.e2e.project import BASE, Project, sleeper
from tests.e2e.proxy import Proxy, Request

pytestmark = pytest.mark.engine

IMAGES = 3
LISTS = {
    "GET /version": 1,
    "GET /containers/json": 1,
    "GET /networks": 1,
    "GET /volumes": 1,
}


def kind(request: Request) -> str:
    """A request by what it asks for: each container's inspect is of one kind."""
    what, *rest = request.path.strip("/").split("/")
    if what in ("containers", "images") and rest[-1] == "json" and len(rest) > 1:
        return f"{request.method} /{what}/.../json"
    return f"{request.method} {request.path}"


def asked(project: Project, proxy: Proxy, *arguments: str) -> Counter[str]:
    proxy.forget()
    result = project.run("plan", "--engine", proxy.url, *arguments)
    assert result.code == 0, result.err
    return Counter(map(kind, proxy.requests))


@pytest.fixture
def tagged(engine: APIClient, project: Project) -> list[str]:
    """The base image under names of its own: tags of one image are inspected one by one, the image once."""
    names = [f"{project.name}-{number}:1" for number in range(IMAGES - 1)]
    for name in names:
        engine.tag(BASE, name.partition(":")[0], "1")
    return [BASE, *names]


def test_a_plan_of_twenty_services_asks_no_more_than_it_must(project: Project, proxy: Proxy, tagged: list[str]) -> None:
    """With networks, volumes and images, whether or not something is to be changed, and never a request that writes."""
    services = {
        f"s{number}": sleeper(
            image=tagged[number % IMAGES],
            networks=[f"n{number % 4}", "shared"],
            volumes=[f"v{number % 5}:/data"],
            mem_limit="16m",
        )
        for number in range(20)
    }
    networks = {"shared": {}, **{f"n{number}": {} for number in range(4)}}
    volumes = {f"v{number}": {} for number in range(5)}
    project.write(services, networks=networks, volumes=volumes)
    old_builds = {"GET /images/json": 1}
    assert asked(project, proxy) == {**LISTS, **old_builds, "GET /images/.../json": IMAGES}
    project.apply()
    there = {**LISTS, "GET /containers/.../json": 20, "GET /images/.../json": IMAGES}
    assert asked(project, proxy, "--detailed-exitcode") == there
    edited = {name: {**service, "mem_limit": "24m"} for name, service in services.items()}
    project.write({**edited, "s0": {**edited["s0"], "environment": {"A": "1"}}}, networks=networks, volumes=volumes)
    assert asked(project, proxy, "--format", "json") == {**there, **old_builds}
    assert proxy.written == []


def test_what_plan_is_handed_cannot_write(project: Project, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """At run time, too: the object has the methods of a Reader and no other."""
    from deployer.project import Project as Planned
    from deployer.reconcile.protocol import Engine, Reader

    handed: list[object] = []
    plan = Planned.plan

    def noting(self: Planned, reader: Reader, *arguments: object, **more: object) -> object:
        handed.append(reader)
        return plan(self, reader, *arguments, **more)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(Planned, "plan", noting)
    project.write({"web": sleeper()})
    for command in ("plan", "status"):
        assert project.run(command, "--engine", proxy.url).code == 0
    reading = {name for name in vars(Reader) if not name.startswith("_")}
    writing = {name for name in vars(Engine) if not name.startswith("_")} - reading
    assert {"create_container", "remove_volume", "pull"} <= writing
    assert len(handed) == 2
    for each in handed:
        public = {name for name in dir(each) if not name.startswith("_")}
        assert public - {"close"} == reading
    assert proxy.written == []


def test_an_apply_and_a_destroy_ask_little_more_than_they_must(project: Project, proxy: Proxy) -> None:
    """A container is created, started and looked at once; stopped, removed, and looked at once."""
    many = 10
    project.write({f"s{number}": sleeper(networks=["front"]) for number in range(many)}, networks={"front": {}})
    inspects, lists = "GET /containers/.../json", ("GET /containers/json", "GET /networks", "GET /images/json")
    for command in ("apply", "destroy"):
        proxy.forget()
        result = project.run(command, "--yes", "--engine", proxy.url)
        assert result.code == 0, result.err
        counted = Counter(map(kind, proxy.requests))
        assert counted[inspects] <= many + 2
        assert all(counted[each] <= 2 for each in lists), counted
        assert len(proxy.written) == 2 * many + 1


def test_the_turn_is_not_looked_at_before_each_request(project: Project, proxy: Proxy) -> None:
    """A look is good for a moment, in which many containers are created."""
    many = 10
    project.write({f"s{number}": sleeper() for number in range(many)})
    began = time.monotonic()
    project.apply("--engine", proxy.url)
    looks = sum(request.path == "/volumes" and request.method == "GET" for request in proxy.requests)
    assert looks <= 4 + (time.monotonic() - began) / GOOD_FOR
