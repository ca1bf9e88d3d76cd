"""Names that services give their containers: nothing restarts for one, and what others know them by follows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.kill import killed_at
from tests.e2e.project import Project, networked
from tests.e2e.proxy import Proxy

pytestmark = pytest.mark.engine


def named(project: Project, name: str, **fields: Any) -> dict[str, Any]:
    return networked(container_name=f"{project.name}.{name}", **fields)


def reaches(project: Project, service: str, *names: str) -> list[str]:
    """Which of the names another container of the network answers to."""
    return [name for name in names if project.inside(service, "ping", "-c1", "-W1", name)[0] == 0]


def stands(project: Project, service: str) -> tuple[str, str]:
    found = project.container(service)
    return found["Id"], found["State"]["StartedAt"]


def test_a_changed_name_is_a_rename_and_nothing_restarts(project: Project) -> None:
    """The plan says so with the line; DNS and links of the others follow, and the old name means nothing any more."""
    one, two, usual = f"{project.name}.one", f"{project.name}.two", f"{project.name}-db-1"
    others = {"web": networked(links=["db:base"]), "side": networked(network_mode="service:db")}
    project.write({"db": named(project, "one"), **others})
    project.apply()
    project.must_be_settled()
    assert project.containers() == {one, project.container_name("web"), project.container_name("side")}
    assert reaches(project, "web", one, "db", "base", usual) == [one, "db", "base", usual]
    before = [stands(project, service) for service in ("db", "web", "side")]
    project.write({"db": named(project, "two"), **others})
    changes = project.changes()
    assert {address: change["action"] for address, change in changes.items()} == {
        "service.db[1]": "rename",
        "service.web[1]": "update",
    }
    (field,) = changes["service.db[1]"]["fields"]
    assert (field["field"], field["before"], field["after"], field["causes"]) == ("container_name", one, two, ["edit"])
    assert field["at"] == f"stack.yaml:{project.lines['services.db.container_name']}"
    (field,) = changes["service.web[1]"]["fields"]
    assert (field["field"], field["causes"]) == ("links", ["dependency"])
    project.apply()
    project.must_be_settled()
    assert [stands(project, service) for service in ("db", "web", "side")] == before
    assert reaches(project, "web", one, two, "db", "base", usual) == [two, "db", "base", usual]
    project.write({"db": networked(), **others})
    project.apply()
    project.must_be_settled()
    assert [stands(project, service) for service in ("db", "web", "side")] == before
    assert reaches(project, "web", one, two, "db", "base", usual) == ["db", "base", usual]


def test_a_container_renamed_by_hand_gets_its_name_back(project: Project) -> None:
    """It is drift, and the same container."""
    project.write({"web": named(project, "one")})
    project.apply()
    before = stands(project, "web")
    project.engine.rename(f"{project.name}.one", f"{project.name}-by-hand")
    (field,) = project.changes()["service.web[1]"]["fields"]
    assert (field["field"], field["causes"], field["applied"]) == ("container_name", ["drift"], f"{project.name}.one")
    project.apply()
    project.must_be_settled()
    assert stands(project, "web") == before


def test_services_trade_their_names(project: Project) -> None:
    """Both in place; then one with a new container; then a service that takes the place of another."""
    project.write({"a": named(project, "one"), "b": named(project, "two")})
    project.apply()
    before = stands(project, "a"), stands(project, "b")
    project.write({"a": named(project, "two"), "b": named(project, "one")})
    project.apply()
    project.must_be_settled()
    assert (stands(project, "a"), stands(project, "b")) == before
    project.write({"a": named(project, "one", user="1000"), "b": named(project, "two")})
    project.apply()
    project.must_be_settled()
    assert stands(project, "b") == before[1]
    project.write({"c": named(project, "one"), "b": named(project, "two")})
    project.apply()
    project.must_be_settled()
    assert project.container("c")["Config"]["Labels"]["com.docker.compose.service"] == "c"
    assert project.containers() == {f"{project.name}.one", f"{project.name}.two"}


def test_one_that_starts_anew_with_another_trades_its_name_with_that(project: Project) -> None:
    """By an edit; then somebody has swapped the names, and the other one is made anew once more."""
    follows = {"depends_on": {"a": {"condition": "service_started", "restart": True}}}
    project.write({"a": named(project, "one"), "b": named(project, "two", **follows)})
    project.apply()
    before = project.id_of("b")
    project.write({"a": named(project, "two", user="1000"), "b": named(project, "one", **follows)})
    project.apply()
    project.must_be_settled()
    for name, to in (("one", "third"), ("two", "one"), ("third", "two")):
        project.engine.rename(f"{project.name}.{name}", f"{project.name}.{to}")
    project.write({"a": named(project, "two", user="1001"), "b": named(project, "one", **follows)})
    project.apply()
    project.must_be_settled()
    assert project.id_of("b") == before


def test_whoever_cannot_take_the_place_of_another_leaves_it_its_name(project: Project) -> None:
    """The new service fails: the old one runs again, under the name that both want."""
    project.write({"old": named(project, "one")})
    project.apply()
    before = project.container("old")["Id"]
    project.write({"new": named(project, "one", command=["sh", "-c", "exit 7"])})
    project.apply(code=1)
    found = project.engine.inspect_container(f"{project.name}.one")
    assert (found["Id"], found["State"]["Status"]) == (before, "running")
    assert project.containers() == {f"{project.name}.one"}


def test_a_name_that_somebody_else_has_is_refused(project: Project) -> None:
    """At the line; nothing is touched."""
    name = f"{project.name}.one"
    made = project.engine.create_container("busybox:1.37", name=name)["Id"]
    project.write({"web": named(project, "one")})
    result = project.apply(code=65)
    assert "error[name-taken]" in result.err
    assert f"stack.yaml:{project.lines['services.web.container_name']}:" in result.err
    assert project.engine.inspect_container(name)["Id"] == made
    assert project.volumes() | project.networks() | project.records() == set()


def test_a_name_that_another_service_keeps_is_refused(project: Project) -> None:
    """It is not part of the plan, so it cannot give its name up."""
    project.write({"old": named(project, "one")})
    project.apply()
    before = stands(project, "old")
    project.write({"new": named(project, "one")})
    result = project.apply("--keep-orphans", code=65)
    assert "service.old[1] is named" in result.err
    project.named["old"] = f"{project.name}.one"
    assert stands(project, "old") == before


@pytest.mark.parametrize("call", ["/create", "/start", "/rename", "DELETE"])
def test_a_killed_replacement_is_brought_to_its_end(call: str, project: Project, proxy: Proxy) -> None:
    """Under the name that is asked for now, whichever it was."""
    project.write({"web": named(project, "one", volumes=["/data"])})
    project.apply()
    assert project.inside("web", "sh", "-c", "echo 1 > /data/rows")[0] == 0
    project.write({"web": named(project, "two", volumes=["/data"], user="0:1")})
    killed_at(project, proxy, call, "after")
    project.apply()
    project.must_be_settled()
    assert project.containers() == {f"{project.name}.two"}
    assert project.inside("web", "cat", "/data/rows") == (0, "1\n")


def test_a_one_off_does_not_take_the_name_of_its_service(project: Project) -> None:
    project.write({"web": named(project, "one")})
    project.apply()
    before = stands(project, "web")
    assert project.run("run", "--rm", "web", "true").code == 0
    assert stands(project, "web") == before
    assert project.run("exec", "web", "true").code == 0
