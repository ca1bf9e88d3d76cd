"""`apply` does nothing that the plan does not say: the calls that are made are the calls that were planned."""

from __future__ import annotations

import io
import json
import posixpath
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from deployer.fields.copies import FOLDER
from deployer.plan.model import Plan
from deployer.reconcile import apply
from tests.e2e.kill import killed_at
from tests.e2e.project import BASE, Project, free_port, networked, page
from tests.e2e.proxy import Proxy, Request
from tests.e2e.registry import PROGRAM, registry_in

pytestmark = pytest.mark.engine

WAITS = ("wait until", "check the host ports")


def test_the_calls_of_a_first_apply_are_those_planned(project: Project, proxy: Proxy) -> None:
    """Networks, volumes, containers in two networks, dependencies: one request for each step."""
    services = {
        "db": networked(volumes=["data:/data"], networks=["back"]),
        "web": networked(networks=["front", "back"], depends_on=["db"], deploy={"replicas": 2}),
    }
    project.write(services, networks={"front": {}, "back": {}}, volumes={"data": {}})
    the_calls_are_those_planned(project, proxy, {"create": 6})


def test_the_calls_of_a_replacement_are_those_planned(project: Project, proxy: Proxy) -> None:
    project.write({"web": page("one", free_port(), restart="always"), "other": networked()})
    project.apply()
    project.write({"web": page("two", free_port(), restart="always"), "other": networked()})
    the_calls_are_those_planned(project, proxy, {"replace": 1})


def test_the_calls_of_an_update_are_those_planned(project: Project, proxy: Proxy) -> None:
    """A limit and a further network, in place."""
    networks = {"front": {}, "back": {}}
    project.write({"web": networked(mem_limit="32m", networks=["front"])}, networks=networks)
    project.apply()
    project.write({"web": networked(mem_limit="64m", networks=["front", "back"])}, networks=networks)
    the_calls_are_those_planned(project, proxy, {"update": 1})


def test_the_calls_of_removals_are_those_planned(project: Project, proxy: Proxy) -> None:
    networks = {"front": {}}
    project.write({"web": networked(networks=["front"], restart="always"), "db": networked()}, networks=networks)
    project.apply()
    project.write({"db": networked()})
    the_calls_are_those_planned(project, proxy, {"remove": 2})


def test_the_calls_of_a_network_made_anew_are_those_planned(project: Project, proxy: Proxy) -> None:
    services = {"web": networked(networks=["front"]), "api": networked(networks=["back", "front"])}
    project.write(services, networks={"front": {}, "back": {}})
    project.apply()
    project.write(services, networks={"front": {"labels": {"tier": "1"}}, "back": {}})
    the_calls_are_those_planned(project, proxy, {"replace": 3})


def test_the_calls_of_secrets_are_those_planned(project: Project, proxy: Proxy) -> None:
    """Copied in before the start, and what the old container had of them removed with it."""
    secrets = {"pw": {"content": "one"}, "key": {"content": "two"}}
    services = {"db": networked(secrets=["pw", {"source": "key", "target": "/etc/key"}])}
    project.write(services, secrets=secrets)
    the_calls_are_those_planned(project, proxy, {"create": 2})
    project.write(services, secrets={**secrets, "pw": {"content": "three"}})
    proxy.forget()
    the_calls_are_those_planned(project, proxy, {"replace": 1})
    project.write()
    proxy.forget()
    the_calls_are_those_planned(project, proxy, {"remove": 2})


def test_the_calls_of_a_build_are_those_planned(project: Project, proxy: Proxy) -> None:
    project.files(Dockerfile=f"FROM {BASE}\nCOPY page /page\n", page="one")
    project.write({"web": networked(image="web")}, builds={"web": {"context": "./web", "tag": f"{project.name}-web:1"}})
    the_calls_are_those_planned(project, proxy, {"build": 1, "create": 2})


@pytest.mark.skipif(not PROGRAM, reason="needs docker-registry: scripts/packages docker-registry")
@pytest.mark.usefixtures("clean_images")
def test_the_calls_of_a_push_are_those_planned(project: Project, proxy: Proxy, tmp_path: Path) -> None:
    """And those of a pull; questions to registries change nothing."""
    project.files(Dockerfile=f"FROM {BASE}\nCOPY page /page\n", page="one")
    with registry_in(tmp_path / "registry") as registry:
        registries = {"private": {"address": registry.address}}
        build = {"context": "./web", "tag": f"{project.name}-web:1", "push": "private"}
        project.write({}, builds={"web": build}, registries=registries)
        the_calls_are_those_planned(project, proxy, {"build": 1, "push": 1})
        image = f"{registry.address}/{project.name}-web:1"
        project.engine.remove_image(image)
        project.write({"web": networked(image=image)}, registries=registries)
        proxy.forget()
        the_calls_are_those_planned(project, proxy, {"pull": 1, "create": 2})


def test_the_calls_of_scaling_are_those_planned(project: Project, proxy: Proxy, carried_out: list[Plan]) -> None:
    """Up and down, by the file and by `scale`."""
    project.write({"web": networked(networks=["front", "back"])}, networks={"front": {}, "back": {}})
    project.apply()
    three = networked(networks=["front", "back"], deploy={"replicas": 3})
    project.write({"web": three}, networks={"front": {}, "back": {}})
    the_calls_are_those_planned(project, proxy, {"create": 2})
    calls_of(project, proxy, carried_out, {"remove": 2}, "scale", "web=1")
    calls_of(project, proxy, carried_out, {"create": 1}, "scale", "web=2")


def test_the_calls_of_a_replacement_in_several_networks_are_those_planned(project: Project, proxy: Proxy) -> None:
    """With a volume without a name, which goes over, and a limit besides."""
    networks = {name: {} for name in ("front", "back", "side")}
    web = networked(networks=list(networks), volumes=["/kept"], mem_limit="32m", restart="on-failure")
    project.write({"web": web}, networks=networks)
    project.apply()
    project.write({"web": {**web, "environment": {"MODE": "new"}, "mem_limit": "64m"}}, networks=networks)
    the_calls_are_those_planned(project, proxy, {"replace": 1})


def test_the_calls_of_a_trade_of_ports_are_those_planned(project: Project, proxy: Proxy) -> None:
    one, two = free_port(), free_port()
    project.write({"red": page("red", one), "blue": page("blue", two, restart="always")})
    project.apply()
    project.write({"red": page("red", two), "blue": page("blue", one, restart="always")})
    the_calls_are_those_planned(project, proxy, {"replace": 2})


def test_the_calls_of_what_follows_another_one_are_those_planned(project: Project, proxy: Proxy) -> None:
    """One in its network is made anew with it, one that depends on it with `restart` is started anew."""
    follower = networked(depends_on={"db": {"condition": "service_started", "restart": True}})
    services = {"side": networked(network_mode="service:db"), "web": follower}
    project.write({"db": networked(), **services})
    project.apply()
    project.write({"db": networked(environment={"MODE": "new"}), **services})
    the_calls_are_those_planned(project, proxy, {"replace": 2, "restart": 1})


def test_the_calls_that_mend_drift_are_those_planned(project: Project, proxy: Proxy) -> None:
    """Stopped, paused, renamed, taken out of a network, removed."""
    services = {name: networked(networks=["front", "back"]) for name in ("one", "two", "three", "four", "five")}
    project.write(services, networks={"front": {}, "back": {}})
    project.apply()
    project.engine.stop(project.id_of("one"), timeout=0)
    project.engine.pause(project.id_of("two"))
    project.engine.rename(project.id_of("three"), f"{project.name}-other")
    project.engine.disconnect_container_from_network(project.id_of("four"), f"{project.name}_front")
    project.engine.remove_container(project.id_of("five"), force=True)
    the_calls_are_those_planned(project, proxy, {"start": 1, "unpause": 1, "rename": 1, "update": 1, "create": 1})


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_calls_after_a_killed_apply_are_those_planned(when: str, project: Project, proxy: Proxy) -> None:
    """It is dead before or after the start of the successor. What has ended, or was only made, is stopped all the same:
    the start that the dead apply asked for may come late.
    """
    project.write({"web": networked(restart="always")})
    project.apply()
    project.write({"web": networked(restart="always", environment={"MODE": "new"})})
    killed_at(project, proxy, "/start", when)
    proxy.forget()
    proxy.listen()
    plan = project.plan_json()
    left, web = (
        next(
            each["steps"] for each in plan["changes"] if each["address"] == "service.web[1]" and each["action"] == what
        )
        for what in ("recover", "replace")
    )
    assert f"stop {project.name}-web-1.next" in left
    assert f"stop {project.name}-web-1" in web
    the_calls_are_those_planned(project, proxy, {"recover": 2, "replace": 1})


def test_the_calls_of_a_one_shot_that_runs_again_are_those_planned(project: Project, proxy: Proxy) -> None:
    """Its volume was removed, and with that what it did."""
    job = {"image": BASE, "command": ["true"], "restart": "no", "volumes": ["data:/data"]}
    project.write({"job": job}, volumes={"data": {}})
    project.apply()
    project.engine.remove_container(project.id_of("job"))
    project.engine.remove_volume(f"{project.name}_data")
    the_calls_are_those_planned(project, proxy, {"create": 2})


def test_the_calls_of_a_destroy_are_those_planned(project: Project, proxy: Proxy, carried_out: list[Plan]) -> None:
    """What holds data stays, and goes with `--volumes`."""
    services = {
        "db": networked(volumes=["data:/data", "/kept"], networks=["front"], secrets=["pw"], restart="always"),
        "web": networked(networks=["front"], depends_on=["db"]),
    }
    sections = {"networks": {"front": {}}, "volumes": {"data": {}}, "secrets": {"pw": {"content": "one"}}}
    project.write(services, **sections)
    project.apply()
    calls_of(project, proxy, carried_out, {"remove": 3, "kept": 1}, "destroy", "--yes")
    project.apply()
    calls_of(project, proxy, carried_out, {"remove": 4}, "destroy", "--yes", "--volumes")


def test_the_calls_of_the_everyday_verbs_are_those_planned(
    project: Project, proxy: Proxy, carried_out: list[Plan]
) -> None:
    services = {"db": networked(), "web": networked(depends_on=["db"], deploy={"replicas": 2})}
    project.write(services)
    project.apply()
    for verb, action in (
        *(("stop", "stop"), ("start", "start"), ("restart", "restart"), ("pause", "pause"), ("unpause", "unpause")),
        *(("kill", "kill"), ("start", "start")),
    ):
        calls_of(project, proxy, carried_out, {action: 3}, verb)
    calls_of(project, proxy, carried_out, {"remove": 2}, "rm", "--force", "--stop", "web")


def test_the_calls_of_a_part_are_those_planned(project: Project, proxy: Proxy, carried_out: list[Plan]) -> None:
    """A build alone starts nothing."""
    project.files(Dockerfile=f"FROM {BASE}\nCOPY page /page\n", page="one")
    project.write({"web": networked(image="web", depends_on=["db"]), "db": networked()}, builds={"web": "./web"})
    calls_of(project, proxy, carried_out, {"build": 1}, "build")


@pytest.fixture
def carried_out(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans as they are carried out, whichever command makes them."""
    plans: list[Plan] = []
    carry_out = apply.carry_out

    def noted(plan: Plan, *more: Any, **named: Any) -> Any:
        plans.append(plan)
        return carry_out(plan, *more, **named)

    monkeypatch.setattr(apply, "carry_out", noted)
    return plans


def calls_of(project: Project, proxy: Proxy, carried_out: list[Plan], summary: dict[str, int], *command: str) -> None:
    """A command makes the calls of the plan that it carries out, and no others."""
    names = names_of(project)
    proxy.forget()
    carried_out.clear()
    result = project.run(*command, "--engine", proxy.url)
    assert result.code == 0, result.err
    [plan] = carried_out
    assert {action: many for action, many in plan.summary.items() if action != "unchanged"} == summary
    the_same([call_of(each, names) for each in proxy.written], [list(map(str, each.steps)) for each in plan.changes])


def names_of(project: Project) -> dict[str, str]:
    """Of containers by their ids, and by the volume of their secrets."""
    listed = project.engine.containers(all=True)
    names = {each["Id"]: each["Names"][0].lstrip("/") for each in listed}
    mounts = [(mount, each["Id"]) for each in listed for mount in each["Mounts"] if mount["Destination"] == FOLDER]
    return names | {mount["Name"]: names[id] for mount, id in mounts}


def the_same(made: list[str], planned: list[list[str]]) -> None:
    planned = [[step for step in steps if not step.startswith(WAITS)] for steps in planned]
    assert Counter(made) == Counter(step for steps in planned for step in steps)
    for steps in planned:
        assert [call for call in made if call in steps] == steps, "each change's calls, in its order"


def the_calls_are_those_planned(project: Project, proxy: Proxy, summary: dict[str, int]) -> None:
    plan = project.plan_json()
    assert {action: many for action, many in plan["summary"].items() if many and action != "unchanged"} == summary
    names = names_of(project)
    project.apply("--engine", proxy.url)
    the_same([call_of(request, names) for request in proxy.written], [change["steps"] for change in plan["changes"]])
    project.must_be_settled()


def call_of(request: Request, names: dict[str, str]) -> str:
    """A request as the plan writes its step."""
    body = json.loads(request.body) if request.body[:1] == b"{" else {}
    what, *rest = request.path.strip("/").split("/")
    match request.method, what, rest:
        case "POST", "containers", ["create"]:
            return f"create {request.query['name']}"
        case "POST", "containers", [container, "rename"]:
            return f"rename {names.get(container, container)} to {request.query['name']}"
        case "POST", "containers", [container, "update"]:
            if body == {"RestartPolicy": {"Name": "unless-stopped"}}:
                stays = "to unless-stopped, so that it stays stopped"
                return f"set the restart policy of {names.get(container, container)} {stays}"
            return f"update {names.get(container, container)}"
        case "POST", "containers", [container, verb]:
            return f"{verb} {names.get(container, container)}"
        case "DELETE", "containers", [container]:
            with_volumes = " with its volumes" if request.query.get("v") == "1" else ""
            return f"remove {names.get(container, container)}{with_volumes}"
        case "PUT", "containers", [container, "archive"]:
            with tarfile.open(fileobj=io.BytesIO(request.body)) as tar:
                files = ", ".join(posixpath.join(request.query["path"], name) for name in tar.getnames())
            return f"copy into {container} {files}"
        case "POST", "networks", ["create"]:
            return f"create network {body['Name']}"
        case "POST", "networks", [network, verb]:
            toward = "to" if verb == "connect" else "from"
            return f"{verb} {names.get(body['Container'], body['Container'])} {toward} {network}"
        case "POST", "volumes", ["create"]:
            return f"create volume {body['Name']}"
        case "DELETE", "volumes", [name] if name in names:
            return f"remove the secrets of {names[name]}"
        case "DELETE", "images", [*reference]:
            return f"remove image {'/'.join(reference)}"
        case "DELETE", "networks" | "volumes", [name]:
            return f"remove {what[:-1]} {name}"
        case "POST", "build", []:
            return f"build {request.query['t'].partition('/')[2].partition(':')[0]}"
        case "POST", "images", ["create"]:
            return f"pull {request.query['fromImage']}:{request.query['tag']}"
        case "POST", "images", [*repository, "push"]:
            return f"push {'/'.join(repository)}:{request.query['tag']}"
        case "POST", "images", [*_, "tag"]:
            return f"tag {request.query['repo']}:{request.query['tag']}"
    raise AssertionError(f"no step makes this request: {request.method} {request.target}")
