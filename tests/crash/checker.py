"""What is wrong after a scenario: a sentence for each thing that is not as it must be."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

from deployer.fields.mounts import is_anonymous
from deployer.resources import identity
from tests.crash.scenarios import Fact, Fault, Scenario
from tests.e2e.project import BASE, Project, Result, until
from tests.e2e.proxy import Request

Containers = Mapping[str, Mapping[str, Any]]
"""By service, as inspect shows them."""


@dataclass(slots=True)
class Seen:
    """The volumes without a name of all containers that were made, whoever made them and whatever became of them: the
    engine does not say whose one is once its container is gone.
    """

    engine: APIClient
    volumes: set[str] = field(default_factory=set[str])

    def note(self, request: Request) -> None:
        """A container that was just made: the client does not know it yet."""
        if request.path == "/containers/create":
            with suppress(NotFound):
                self.volumes |= anonymous_of(self.engine.inspect_container(request.query["name"]))

    def left(self) -> set[str]:
        there = {volume["Name"] for volume in self.engine.volumes()["Volumes"] or []}
        return self.volumes & there

    def remove_everything(self) -> None:
        for volume in self.left():
            with suppress(APIError):
                self.engine.remove_volume(volume)


def anonymous_of(container: Mapping[str, Any]) -> set[str]:
    return {mount["Name"] for mount in container["Mounts"] if is_anonymous(mount.get("Name", ""))}


def wrong(scenario: Scenario, project: Project, seen: Seen, before: Containers) -> list[str]:
    """Everything that is wrong; nothing where the point survived."""
    found = [*_plan(scenario, project), *_left_over(scenario, project, seen)]
    if not scenario.gone and not found:
        found += [*_the_same(scenario, project, before)]
    return found + [problem for fact in scenario.facts for problem in _fact(scenario, fact, project)]


def at_once(scenario: Scenario, project: Project, result: Result, fault: Fault) -> Iterator[str]:
    """What is wrong before any other command, where deployer has outlived it: it says what became of it, and what was
    up is up, unless it was to go. From an engine that hangs no container can be had back.
    """
    run = scenario.killed
    if "Traceback" in result.err:
        yield f"a traceback:\n{result.err}"
    if result.code not in (run.code, 1, 69):
        yield f"exit {result.code}, not {run.code}, 1 or 69\n{result.out}{result.err}"
    if result.code and not result.err:
        yield f"exit {result.code}, and no word of it"
    if scenario.before and fault is not Fault.HANGS and run.command[0] not in ("destroy", "stop"):
        for service in scenario.before.services.keys() & run.services.keys():
            if not _running(project, service):
                yield f"{service} was up, and is down\n{result.out}{result.err}"


def _running(project: Project, service: str) -> bool:
    labels = [f"{identity.PROJECT}={project.name}", f"{identity.SERVICE}={service}"]
    return bool(project.engine.containers(filters={"label": labels, "status": "running"}))


def _plan(scenario: Scenario, project: Project) -> Iterator[str]:
    if not scenario.gone:
        result = project.run("plan", "--detailed-exitcode")
        if result.code:
            yield f"the plan is not empty: exit {result.code}\n{result.out}{result.err}"


def _left_over(scenario: Scenario, project: Project, seen: Seen) -> Iterator[str]:
    last = scenario.after[-1]
    services = {} if scenario.gone else last.services
    names = [(name, number + 1) for name, each in services.items() for number in range(each.get("scale", 1))]
    expected = sorted(project.container_name(*each) for each in names)
    with suppress(AssertionError):
        until(lambda: _containers(project) == expected, 10)  # one that removes itself may still be at it
    yield from _differ("containers", _containers(project), expected)
    networks = last.sections.get("networks", {}) if services else ()
    yield from _differ("networks", _networks(project), sorted(f"{project.name}_{each}" for each in networks))
    volumes = scenario.kept if scenario.gone else last.sections.get("volumes", {})
    yield from _differ("volumes", sorted(project.volumes()), sorted(f"{project.name}_{each}" for each in volumes))
    used = {volume for each in names for volume in anonymous_of(project.container(*each))}
    yield from _differ("volumes without a name", sorted(seen.left()), sorted(used))
    yield from _images(scenario, project)
    yield from _records(scenario, project)


def _differ(what: str, found: Sequence[object], expected: Sequence[object]) -> Iterator[str]:
    if found != expected:
        yield f"{what}: {found}, and there should be {expected}"


def _containers(project: Project) -> list[str]:
    """All that bear the stack's label or name, or were left by its builds."""
    by_label = [identity.PROJECT, "crash-test"]
    found = {
        each["Id"]: each["Names"][0].lstrip("/")
        for label in by_label
        for each in project.engine.containers(all=True, filters={"label": f"{label}={project.name}"})
    }
    return sorted(found.values())


def _networks(project: Project) -> list[str]:
    """With the twins, which Engine 20.10 can make."""
    return sorted(each["Name"] for each in project.engine.networks() if each["Name"].startswith(f"{project.name}_"))


def _images(scenario: Scenario, project: Project) -> Iterator[str]:
    """One image a build, under its own tags; layers that no image has are left over."""
    found = project.engine.images(filters={"label": f"crash-test={project.name}"})
    tags = {tag.rpartition(":")[0].rpartition("/")[2] for image in found for tag in image["RepoTags"] or ["<none>:"]}
    builds = scenario.after[-1].sections.get("builds", {})
    wanted = {*builds, *(f"{project.name}-{name}" for name, build in builds.items() if "push" in build)}
    many = len(builds) if scenario.builds_again and len(found) > len(builds) else len(found)
    yield from _differ("images", [many, *sorted(tags)], [len(builds), *sorted(wanted)])


def _records(scenario: Scenario, project: Project) -> Iterator[str]:
    records = project.records()
    numbers = sorted(int(found[1]) for name in records if (found := re.search(r"\.r(\d+)$", name)))
    open_ones = [number for number in numbers if identity.done_name(project.name, number) not in records]
    if open_ones:
        yield f"records without an end: {open_ones} of {numbers}"
    if scenario.gone and not scenario.kept and records:
        yield f"records of a stack that is gone: {sorted(records)}"


def _the_same(scenario: Scenario, project: Project, before: Containers) -> Iterator[str]:
    for service in (*scenario.same, *scenario.untouched):
        was, now = before[service], project.container(service)
        if was["Id"] != now["Id"]:
            yield f"{service} is another container"
        elif service in scenario.untouched and was["State"]["StartedAt"] != now["State"]["StartedAt"]:
            yield f"{service} was restarted, and nothing of it was to change"
        elif was["HostConfig"]["RestartPolicy"] != now["HostConfig"]["RestartPolicy"] and service in scenario.same:
            yield f"{service}: its restart policy is {now['HostConfig']['RestartPolicy']}"


def _fact(scenario: Scenario, fact: Fact, project: Project) -> Iterator[str]:
    text = (
        _kept(scenario, fact, project)
        if scenario.gone
        else _read(project, project.container_name(fact.service), fact.path)
    )
    if text is not None and text != fact.text:
        yield f"{fact.service}: {fact.path} holds {text!r}, not {fact.text!r}"


def _kept(scenario: Scenario, fact: Fact, project: Project) -> str | None:
    """What a volume holds that outlived its containers; None where it was to go."""
    folder, _, name = fact.path.lstrip("/").partition("/")
    if folder not in scenario.kept:
        return None
    mount = {"Type": "volume", "Source": f"{project.name}_{folder}", "Target": "/kept"}
    reader = project.engine.create_container_from_config({"Image": BASE, "HostConfig": {"Mounts": [mount]}})["Id"]
    try:
        return _read(project, reader, f"/kept/{name}")
    finally:
        project.engine.remove_container(reader)


def _read(project: Project, container: str, path: str) -> str:
    """A file in a container, or why it cannot be read."""
    try:
        chunks, _ = project.engine.get_archive(container, path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            entry = tar.extractfile(tar.getmembers()[0])
            return entry.read().decode() if entry else "no file"
    except NotFound as error:
        return str(error)
