"""`apply` does nothing that the plan does not say: the calls that are made are the calls that were planned."""

from __future__ import annotations

import io
import json
import posixpath
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.project import BASE, Project, free_port, page, sleeper
from tests.e2e.proxy import Proxy, Request
from tests.e2e.registry import PROGRAM, registry_in

pytestmark = pytest.mark.engine

WAITS = ("wait until", "look for")


def test_the_calls_of_a_first_apply_are_those_planned(project: Project, proxy: Proxy) -> None:
    """Networks, volumes, containers in two networks, dependencies: one request for each step."""
    services = {
        "db": sleeper(volumes=["data:/data"], networks=["back"]),
        "web": sleeper(networks=["front", "back"], depends_on=["db"], deploy={"replicas": 2}),
    }
    project.write(services, networks={"front": {}, "back": {}}, volumes={"data": {}})
    the_calls_are_those_planned(project, proxy, {"create": 6})


def test_the_calls_of_a_replacement_are_those_planned(project: Project, proxy: Proxy) -> None:
    project.write({"web": page("one", free_port(), restart="always"), "other": sleeper()})
    project.apply()
    project.write({"web": page("two", free_port(), restart="always"), "other": sleeper()})
    the_calls_are_those_planned(project, proxy, {"replace": 1})


def test_the_calls_of_an_update_are_those_planned(project: Project, proxy: Proxy) -> None:
    """A limit and a further network, in place."""
    networks = {"front": {}, "back": {}}
    project.write({"web": sleeper(mem_limit="32m", networks=["front"])}, networks=networks)
    project.apply()
    project.write({"web": sleeper(mem_limit="64m", networks=["front", "back"])}, networks=networks)
    the_calls_are_those_planned(project, proxy, {"update": 1})


def test_the_calls_of_removals_are_those_planned(project: Project, proxy: Proxy) -> None:
    networks = {"front": {}}
    project.write({"web": sleeper(networks=["front"], restart="always"), "db": sleeper()}, networks=networks)
    project.apply()
    project.write({"db": sleeper()})
    the_calls_are_those_planned(project, proxy, {"remove": 2})


def test_the_calls_of_a_network_made_anew_are_those_planned(project: Project, proxy: Proxy) -> None:
    services = {"web": sleeper(networks=["front"]), "api": sleeper(networks=["back", "front"])}
    project.write(services, networks={"front": {}, "back": {}})
    project.apply()
    project.write(services, networks={"front": {"labels": {"tier": "1"}}, "back": {}})
    the_calls_are_those_planned(project, proxy, {"replace": 3})


def test_the_calls_of_secrets_are_those_planned(project: Project, proxy: Proxy) -> None:
    """Copied in before the start, and what the old container had of them removed with it."""
    secrets = {"pw": {"content": "one"}, "key": {"content": "two"}}
    services = {"db": sleeper(secrets=["pw", {"source": "key", "target": "/etc/key"}])}
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
    project.write({"web": sleeper(image="web")}, builds={"web": {"context": "./web", "tag": f"{project.name}-web:1"}})
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
        project.write({"web": sleeper(image=image)}, registries=registries)
        proxy.forget()
        the_calls_are_those_planned(project, proxy, {"pull": 1, "create": 2, "remove": 1})


def the_calls_are_those_planned(project: Project, proxy: Proxy, summary: dict[str, int]) -> None:
    plan = project.plan_json()
    assert {action: many for action, many in plan["summary"].items() if many and action != "unchanged"} == summary
    listed = project.engine.containers(all=True)
    names = {each["Id"]: each["Names"][0].lstrip("/") for each in listed}
    names |= {mount["Name"]: names[each["Id"]] for each in listed for mount in each["Mounts"] if "Name" in mount}
    project.apply("--engine", proxy.url)
    made = [call_of(request, names) for request in proxy.written]
    planned = [[step for step in change["steps"] if not step.startswith(WAITS)] for change in plan["changes"]]
    assert Counter(made) == Counter(step for steps in planned for step in steps)
    for steps in planned:
        assert [call for call in made if call in steps] == steps, "each change's calls, in its order"
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
            stays = body == {"RestartPolicy": {"Name": "unless-stopped"}}
            return f"{'let stopped stay' if stays else 'update'} {names.get(container, container)}"
        case "POST", "containers", [container, verb]:
            return f"{verb} {names.get(container, container)}"
        case "DELETE", "containers", [container]:
            return f"remove {names.get(container, container)}"
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
