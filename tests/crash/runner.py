"""Carries out one point on an engine: a stack stands, a run is killed around a request, and the runs that follow."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from docker import APIClient
from docker.errors import APIError

from tests.crash import checker
from tests.crash.meddling import Meddled
from tests.crash.own_engine import OwnEngine
from tests.crash.scenarios import ALL, KEEPS, KEEPS_MORE, NAME, PORTS, REGISTRY, Fault, Point, Run, Scenario
from tests.e2e.project import BASE, Project, Result, ended, free_port
from tests.e2e.proxy import BROKEN, Hook, Instead, Proxy, Request, proxy_before

DOCKERFILE = """FROM {base}
LABEL crash-test={name}
ARG MADE=once
RUN echo $MADE >> /made
COPY page /page
"""


@dataclass(slots=True)
class Verdict:
    """What came of a point. `struck` is the request, "" where it never came; `code` what the run exited with, where it
    outlived that, and `said` what it said then; `wrong` is empty where all is well.
    """

    point: Point | Meddled
    struck: str = ""
    code: int | None = None
    said: str = ""
    wrong: list[str] = field(default_factory=list[str])

    @property
    def was_tried(self) -> bool:
        return self.wrong != [NEVER_CAME]


NEVER_CAME = "the place at which it was to happen never came: the run made fewer requests than when they were counted"
TRIES = 3
"""How often a point is tried: what fails early makes fewer requests, and a slow machine runs out of time before it."""


def try_point(point: Point, dockerd: OwnEngine | None = None) -> Verdict:
    """Let go wrong there what is to; where an engine is given, it is killed in the place of deployer."""
    verdict = _try(point, dockerd)
    for _ in range(TRIES - 1):
        if verdict.was_tried:
            break
        point = replace(point, patience=5 * point.patience)
        verdict = _try(point, dockerd)
    return verdict


def _try(point: Point, dockerd: OwnEngine | None) -> Verdict:
    return on_a_stage(Verdict(point), partial(_tried, point, dockerd))


def on_a_stage(verdict: Verdict, tried: Callable[[Verdict, Project, Proxy, checker.Seen], list[str]]) -> Verdict:
    """The verdict with what was wrong; what is raised, too."""
    try:
        with stage() as (project, proxy, seen):
            verdict.wrong += tried(verdict, project, proxy, seen)
    except Exception:
        verdict.wrong.append(traceback.format_exc())
    return verdict


def _tried(
    point: Point, dockerd: OwnEngine | None, verdict: Verdict, project: Project, proxy: Proxy, seen: checker.Seen
) -> list[str]:
    """What is wrong in the end; the verdict learns where it was killed."""
    scenario = ALL[point.operation]
    before = stand(scenario, project, seen, proxy)
    verdict.struck, result = strike(scenario.killed, project, proxy, seen, point, dockerd)
    if not verdict.struck:
        return [NEVER_CAME]
    if dockerd:
        dockerd.start()
        verdict.wrong += [] if result.code == 69 else [f"without an engine it exited with {result.code}, not 69"]
    if not point.fault.kills:
        verdict.code = result.code
        verdict.wrong += checker.at_once(scenario, project, result, point.fault)
    proxy.listen()
    if not point.records:
        for record in project.records():
            project.engine.remove_volume(record)
    for run in scenario.after:
        result = carry_out(run, project, proxy, seen)
        if result.code != run.code:
            return [f"{' '.join(run.command)}: exit {result.code}, not {run.code}\n{result.out}{result.err}"]
    return checker.wrong(of_those_that_lived(scenario, dockerd), project, seen, before)


def of_those_that_lived(scenario: Scenario, own: OwnEngine | None) -> Scenario:
    """Without live-restore, an engine's end is that of all its containers."""
    return scenario if own is None or own.keeps_containers else replace(scenario, untouched=())


def count(operation: str) -> int:
    """How many writing requests the run makes that is to be killed, when nobody does."""
    scenario = ALL[operation]
    with stage() as (project, proxy, seen):
        stand(scenario, project, seen, proxy)
        result = carry_out(scenario.killed, project, proxy, seen)
        assert result.code == scenario.killed.code, f"exit {result.code}\n{result.out}{result.err}"
        return sum(request.writes for request in proxy.requests)


@contextmanager
def stage() -> Iterator[tuple[Project, Proxy, checker.Seen]]:
    """A folder and a stack name of its own, which nothing outlives, and a proxy before the engine."""
    host = os.environ["DOCKER_HOST"]
    engine = APIClient(host, version="auto")
    with tempfile.TemporaryDirectory(prefix="crash-") as folder, proxy_before(host.removeprefix("unix://")) as proxy:
        os.environ |= {"XDG_CACHE_HOME": f"{folder}/cache", "XDG_STATE_HOME": f"{folder}/state", "NO_COLOR": "1"}
        path = Path(folder, "shop")
        path.mkdir()
        project = Project(engine, path, f"crash-{uuid4().hex[:8]}", ports=tuple(free_port() for _ in PORTS))
        project.files(Dockerfile=DOCKERFILE.format(base=BASE, name=project.name), page="page")
        seen = checker.Seen(engine)
        try:
            yield project, proxy, seen
        finally:
            project.remove_everything()
            seen.remove_everything()
            engine.close()


def stand(scenario: Scenario, project: Project, seen: checker.Seen, proxy: Proxy) -> checker.Containers:
    """Bring up what stands before the kill, with its data; gives its containers."""
    if scenario.pulled:
        _only_in_the_registry(_of_this_stage(scenario.pulled, project), project)
    if not scenario.before:
        return {}
    result = carry_out(scenario.before, project, proxy, seen)
    assert result.code == 0, result.err
    for fact in (fact for fact in scenario.facts if fact.write):
        code, printed = project.inside(fact.service, "sh", "-c", f"printf %s '{fact.text}' > {fact.path}")
        assert code == 0, printed
    standing = {service: project.container(service) for service in scenario.before.services}
    if scenario.cut_off:
        run, number = scenario.cut_off
        struck, result = strike(run, project, proxy, seen, Point(scenario.operation, number, Fault.KILLED_AFTER))
        assert struck, f"it makes no request {number}\n{result.out}{result.err}"
        proxy.listen()
    return standing


def _only_in_the_registry(image: str, project: Project) -> None:
    repository, _, tag = image.rpartition(":")
    project.engine.tag(BASE, repository, tag)
    pushed = list(project.engine.push(repository, tag, stream=True, decode=True))
    assert not any("error" in line for line in pushed), pushed
    project.engine.remove_image(image)


def strike(
    run: Run, project: Project, proxy: Proxy, seen: checker.Seen, point: Point, dockerd: OwnEngine | None = None
) -> tuple[str, Result]:
    """Run, and let the fault happen at that request; gives the request, and what the run came to."""
    write(run, project)
    struck: list[str] = []
    gone = threading.Event()
    processes: list[subprocess.Popen[str]] = []

    def hit(request: Request) -> Instead | None:
        if request.number != point.number or struck:
            return None
        struck.append(f"{request.method} {request.path}")
        if not point.fault.kills:
            return _instead(point.fault, processes[0])
        (dockerd or processes[0]).kill()
        proxy.cut()
        gone.set()
        return None

    follow(proxy, seen, **{"after" if point.fault.is_after else "before": hit})
    limit = ("--timeout", f"{point.patience}s") if point.fault is Fault.HANGS else ()
    processes.append(project.start(*options(run, proxy), *limit))
    result = ended(processes[0])
    if struck and point.fault.kills:
        gone.wait(60)  # the process is gone before its connections are
    return (struck[0] if struck else "", result)


def _instead(fault: Fault, process: subprocess.Popen[str]) -> Instead:
    """What the client gets; where the engine hangs, nothing for as long as the client is there."""
    if fault is Fault.HANGS:
        process.wait(120)
    return {Fault.BROKEN: BROKEN, Fault.CUT_SHORT: Instead(part=0.5)}.get(fault, Instead())


def carry_out(run: Run, project: Project, proxy: Proxy, seen: checker.Seen) -> Result:
    write(run, project)
    follow(proxy, seen)
    return project.run(*options(run, proxy))


def options(run: Run, proxy: Proxy) -> list[str]:
    """The command line; `run` stands before what runs in the container."""
    return ["--engine", proxy.url, *run.command, *(["--yes"] if run.is_limited else [])]


def write(run: Run, project: Project) -> None:
    """The stack file, with the names of this stage, the same in all of its runs."""
    said = _of_this_stage({"services": run.services, **run.sections}, project)
    project.write(said.pop("services"), **said)


def _of_this_stage(said: Any, project: Project) -> Any:
    text = json.dumps(said)
    names = {
        NAME: project.name,
        REGISTRY: os.environ[REGISTRY],
        **dict(zip(PORTS, map(str, project.ports), strict=True)),
    }
    for placeholder, name in names.items():
        text = text.replace(placeholder, name)
    return json.loads(text)


def follow(proxy: Proxy, seen: checker.Seen, **hooks: Hook) -> None:
    """Count from the start again, note each container as it is made, and call the hooks."""
    proxy.forget()

    def after(request: Request) -> Instead | None:
        seen.note(request)
        return hooks.get("after", lambda _: None)(request)

    proxy.before, proxy.after = hooks.get("before", lambda _: None), after


@contextmanager
def images(engine: APIClient) -> Iterator[None]:
    """The images that the scenarios run, for as long as the context is open."""
    for reference, volumes in ((KEEPS, "/keep"), (KEEPS_MORE, "/keep /more")):
        dockerfile = f"FROM {BASE}\nLABEL crash-test=image\nVOLUME {volumes}\n".encode()
        for line in engine.build(
            fileobj=_context(dockerfile), custom_context=True, tag=reference, rm=True, decode=True
        ):
            assert "error" not in line, line
    yield
    for reference in (KEEPS, KEEPS_MORE):
        with suppress(APIError):  # another run of this may use it
            engine.remove_image(reference)


def _context(dockerfile: bytes) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(dockerfile)
        tar.addfile(entry, io.BytesIO(dockerfile))
    buffer.seek(0)
    return buffer
