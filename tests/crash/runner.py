"""Carries out one point on an engine: a stack stands, a run is killed around a request, and the runs that follow."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from docker import APIClient
from docker.errors import APIError

from tests.crash import checker
from tests.crash.own_engine import OwnEngine
from tests.crash.scenarios import ALL, KEEPS, KEEPS_MORE, Point, Run, Scenario
from tests.e2e.project import BASE, Project, Result, ended
from tests.e2e.proxy import Proxy, Request, proxy_before

DOCKERFILE = "FROM {base}\nLABEL crash-test={name}\nRUN echo once >> /made\nCOPY page /page\n"


@dataclass(slots=True)
class Verdict:
    """What came of a point. `killed_at` is the request, "" where it never came; `wrong` is empty where all is well."""

    point: Point
    killed_at: str = ""
    wrong: list[str] = field(default_factory=list[str])


def try_point(point: Point, dockerd: OwnEngine | None = None) -> Verdict:
    """Kill deployer there, or the engine where that is given."""
    verdict = Verdict(point)
    try:
        with stage() as (project, proxy, seen):
            verdict.wrong += _tried(verdict, project, proxy, seen, dockerd)
    except Exception:
        verdict.wrong.append(traceback.format_exc())
    return verdict


def _tried(
    verdict: Verdict, project: Project, proxy: Proxy, seen: checker.Seen, dockerd: OwnEngine | None
) -> list[str]:
    """What is wrong in the end; the verdict learns where it was killed."""
    scenario = ALL[verdict.point.operation]
    before = stand(scenario, project, seen, proxy)
    verdict.killed_at, code = kill(scenario.killed, project, proxy, seen, verdict.point, dockerd)
    if not verdict.killed_at:
        return ["the request at which to kill never came"]
    if dockerd:
        dockerd.start()
        verdict.wrong += [] if code == 69 else [f"without an engine it exited with {code}, not 69"]
    proxy.listen()
    if not verdict.point.records:
        for record in project.records():
            project.engine.remove_volume(record)
    for run in scenario.after:
        result = carry_out(run, project, proxy, seen)
        if result.code != run.code:
            return [f"{' '.join(run.command)}: exit {result.code}, not {run.code}\n{result.out}{result.err}"]
    return checker.wrong(scenario, project, seen, before)


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
        project = Project(engine, path, f"crash-{uuid4().hex[:8]}")
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
    if not scenario.before:
        return {}
    result = carry_out(scenario.before, project, proxy, seen)
    assert result.code == 0, result.err
    for fact in (fact for fact in scenario.facts if fact.write):
        code, printed = project.inside(fact.service, "sh", "-c", f"printf %s '{fact.text}' > {fact.path}")
        assert code == 0, printed
    return {service: project.container(service) for service in scenario.before.services}


def kill(
    run: Run, project: Project, proxy: Proxy, seen: checker.Seen, point: Point, dockerd: OwnEngine | None
) -> tuple[str, int]:
    """Run, and SIGKILL it, or the engine, around that request; gives the request, and the exit code."""
    write(run, project)
    struck: list[str] = []
    gone = threading.Event()
    processes: list[subprocess.Popen[str]] = []

    def strike(request: Request) -> None:
        if request.number == point.number and not struck:
            struck.append(f"{request.method} {request.path}")
            (dockerd or processes[0]).kill()
            proxy.cut()
            gone.set()

    follow(proxy, seen, **{point.when: strike})
    processes.append(project.start(*run.command, "--yes", "--engine", proxy.url))
    code = ended(processes[0]).code
    if struck:
        gone.wait(60)  # the process is gone before its connections are
    return (struck[0] if struck else "", code)


def carry_out(run: Run, project: Project, proxy: Proxy, seen: checker.Seen) -> Result:
    write(run, project)
    follow(proxy, seen)
    return project.run(*run.command, "--yes", "--engine", proxy.url)


def write(run: Run, project: Project) -> None:
    project.write(run.services, **run.sections)


def follow(proxy: Proxy, seen: checker.Seen, **hooks: Callable[[Request], None]) -> None:
    """Count from the start again, note each container as it is made, and call the hooks."""
    proxy.forget()

    def after(request: Request) -> None:
        seen.note(request)
        hooks.get("after", lambda _: None)(request)

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
