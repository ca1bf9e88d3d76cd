"""Connections that break and answers that never come: what can be done is done, and what became of it is said."""

from __future__ import annotations

import threading

import pytest

from tests.e2e.kill import killed_at
from tests.e2e.project import Project, dying, networked
from tests.e2e.proxy import BROKEN, Instead, Proxy, Request

pytestmark = pytest.mark.engine


def test_an_apply_gets_over_connections_that_break(project: Project, proxy: Proxy) -> None:
    """Every request is carried out, and its answer lost; only the second one gets an answer."""
    project.write({"web": networked(networks=["front", "back"])}, networks={"front": {}, "back": {}})
    asked: set[tuple[str, bytes]] = set()

    def lose(request: Request) -> Instead | None:
        what = (request.target, request.body)
        if what in asked:
            return None
        asked.add(what)
        return Instead()

    proxy.after = lose
    project.apply("--engine", proxy.url)
    project.must_be_settled()
    project.write({"web": networked(networks=["front", "back"], user="1000")}, networks={"front": {}, "back": {}})
    project.apply("--engine", proxy.url)
    project.must_be_settled()
    assert project.containers() == {project.container_name("web")}


def test_a_request_that_never_gets_an_answer_is_put_back(project: Project, proxy: Proxy) -> None:
    """The engine is there, but whoever starts this container is cut off, each time."""
    project.write({"web": networked()})
    project.apply()
    before = project.id_of("web")
    project.write({"web": networked(user="1000")})
    proxy.before = lambda request: Instead() if request.path.endswith(".next/start") else None
    result = project.apply("--engine", proxy.url, code=69)
    assert result.told("as before") == {"service.web[1]"}
    assert (project.id_of("web"), project.container("web")["State"]["Status"]) == (before, "running")
    assert project.containers() == {project.container_name("web")}


def test_an_engine_that_hangs_is_given_up_when_the_time_is_over(project: Project, proxy: Proxy) -> None:
    """With what was asked of it last, and has never been done; the next apply goes on."""
    project.write({"web": networked(network_mode="none")})
    never = threading.Event()

    def hang(request: Request) -> Instead | None:
        if not request.path.endswith("/start"):
            return None
        never.wait(120)
        return Instead()  # else it would be started beneath the next apply

    proxy.before = hang
    result = project.run_apart("apply", "--yes", "--timeout", "5s", "--engine", proxy.url)
    never.set()
    assert result.code == 69, result.err
    assert f"did not answer in time: start {project.container_name('web')}" in result.err
    assert result.told("half done") == {"service.web[1]"}
    project.apply()
    project.must_be_settled()


def test_what_is_put_back_is_asked_for_again_where_the_engine_breaks_down(project: Project, proxy: Proxy) -> None:
    """The new container exits, and the engine fails to start the old one; asked a moment later, it does."""
    project.write({"web": networked()})
    project.apply()
    before = project.id_of("web")
    project.write({"web": networked(**dying())})
    broken: list[str] = []

    def refuse(request: Request) -> Instead | None:
        if broken or not request.path.endswith("/start") or ".next" in request.path:
            return None
        broken.append(request.path)
        return BROKEN

    proxy.before = refuse
    result = project.apply("--engine", proxy.url, code=1)
    assert broken
    assert result.told("as before") == {"service.web[1]"}
    assert (project.id_of("web"), project.container("web")["State"]["Status"]) == (before, "running")


def test_a_container_that_a_dead_apply_stopped_is_up_again_where_the_next_one_fails(
    project: Project, proxy: Proxy
) -> None:
    """Before it has touched that container, even."""
    project.write({"web": networked(restart="always")})
    project.apply()
    before = project.id_of("web")
    project.write({"web": networked(restart="always", user="1000")})
    killed_at(project, proxy, "/start", "after")
    proxy.listen()
    proxy.before = lambda request: BROKEN if request.path == "/containers/create" else None
    result = project.apply("--engine", proxy.url, code=1)
    assert "the disk burns" in result.err
    container = project.container("web")
    assert (project.id_of("web"), container["State"]["Status"]) == (before, "running")
    assert container["HostConfig"]["RestartPolicy"]["Name"] == "always"
    project.apply()
    project.must_be_settled()


def test_what_a_dead_apply_left_is_removed_though_the_engine_breaks_down_at_it(project: Project, proxy: Proxy) -> None:
    """Asked a moment later it is gone: nothing is away for longer than that."""
    project.write({"web": networked(restart="always")})
    project.apply()
    project.write({"web": networked(restart="always", user="1000")})
    killed_at(project, proxy, "/start", "after")
    proxy.listen()
    broken: list[str] = []

    def refuse(request: Request) -> Instead | None:
        if broken or request.method != "DELETE":
            return None
        broken.append(request.path)
        return BROKEN

    proxy.before = refuse
    project.apply("--engine", proxy.url)
    assert broken
    project.must_be_settled()
