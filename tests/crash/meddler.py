"""Carries out a meddling: what somebody does on the engine between two calls of a run, and the runs that follow."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import pairwise

from docker.errors import APIError

from deployer.errors import Exit
from tests.crash import checker
from tests.crash.meddling import MEDDLED, Back, Meddled, Meddling, Places, found, meddle, names
from tests.crash.own_engine import OwnEngine
from tests.crash.runner import (
    NEVER_CAME,
    TRIES,
    Verdict,
    carry_out,
    follow,
    of_those_that_lived,
    on_a_stage,
    options,
    stage,
    stand,
    write,
)
from tests.e2e.project import Project, Result, ended
from tests.e2e.proxy import Proxy, Request

CONTRACT = (Exit.DONE, Exit.FAILED, Exit.INVALID, Exit.UNREACHABLE, Exit.BUSY)
"""How a run may end that others interfere with."""


def places(operation: str) -> Places:
    """After which requests of the run each kind can be done, when nobody does it."""
    scenario = MEDDLED[operation]
    at: dict[Meddling, list[int]] = {}
    with stage() as (project, proxy, seen):
        stand(scenario, project, seen, proxy)
        write(scenario.killed, project)

        def look(request: Request) -> None:
            for kind in (kind for kind in Meddling if found(kind, project)):
                at.setdefault(kind, []).append(request.number)

        follow(proxy, seen, after=look)
        result = project.run(*options(scenario.killed, proxy))
        assert result.code == scenario.killed.code, f"exit {result.code}\n{result.out}{result.err}"
        last = sum(request.writes for request in proxy.requests)
    return {kind: [number for number in numbers if number < last] for kind, numbers in at.items()}


def try_meddled(point: Meddled, own: OwnEngine | None = None) -> Verdict:
    verdict = _try(point, own)
    for _ in range(TRIES - 1):
        if verdict.was_tried:
            break
        verdict = _try(point, own)
    return verdict


def _try(point: Meddled, own: OwnEngine | None) -> Verdict:
    return on_a_stage(Verdict(point), partial(_tried, point, own))


def _tried(
    point: Meddled, own: OwnEngine | None, verdict: Verdict, project: Project, proxy: Proxy, seen: checker.Seen
) -> list[str]:
    """What is wrong in the end; the verdict learns where it was done, and what came of it."""
    scenario = MEDDLED[point.operation]
    before = stand(scenario, project, seen, proxy)
    mounts = [mount for container in before.values() for mount in container["Mounts"]]
    data = {mount["Name"] for mount in mounts if mount["Destination"] == "/keep"}
    write(scenario.killed, project)
    done: list[tuple[str, Back]] = []
    let_go: set[str] = set()
    once = threading.Lock()

    def interfere(request: Request) -> None:
        with once:  # several requests may be on their way
            if request.number < point.number or done or not (target := found(point.kind, project)):
                return
            verdict.struck = f"{request.method} {request.path}"
            if point.kind.removes_a_container:
                let_go.update(checker.anonymous_of(project.engine.inspect_container(target)))
            done.append((target, meddle(point.kind, target, project, own)))

    follow(proxy, seen, after=interfere)
    result = ended(project.start(*options(scenario.killed, proxy)), 300)
    proxy.forget()
    if not done:
        return [NEVER_CAME]
    target, back = done[0]
    verdict.code, verdict.said = result.code, _said(result, project)
    told = names(point.kind, target, project) if result.code != scenario.killed.code else ()
    wrong = [*_at_once(told, result)]
    back()
    for run in scenario.after:
        result = carry_out(run, project, proxy, seen)
        if result.code != run.code:
            again = f"{' '.join(run.command)}: exit {result.code}, not {run.code}\n{result.out}{result.err}"
            return [*wrong, f"first: exit {verdict.code}\n{verdict.said}", again]
    lost = data - seen.left()
    wrong += [f"volumes that are gone: {lost}"] if lost else []
    facts = tuple(fact for fact in scenario.facts if not let_go or not fact.path.startswith("/keep"))
    for volume in let_go:  # nobody knows any more whose they were
        with suppress(APIError):
            project.engine.remove_volume(volume)
    wrong += checker.wrong(of_those_that_lived(replace(scenario, facts=facts), own), project, seen, before)
    return [*wrong, verdict.said] if wrong else []


def _at_once(named: Sequence[str], result: Result) -> Iterator[str]:
    """What is wrong with how it ended: where it failed for what was done, it `named` that, and said what to do."""
    if "Traceback" in result.err:
        yield f"a traceback:\n{result.err}"
    if result.code not in CONTRACT:
        yield f"exit {result.code}\n{result.out}{result.err}"
    if named and not any(name.lower() in result.err.lower() for name in named):
        yield f"it failed, and named none of {named}\n{result.err}"
    for line, following in pairwise([*result.err.splitlines(), ""]):
        if re.search(r"\b[0-9a-f]{64}\b", line) and " = note: " not in line:
            yield f"an id, which says nothing to anybody: {line}"
        if line.startswith("error[") and not following.startswith(" "):
            yield f"no word of what to do: {line}"


def _said(result: Result, project: Project) -> str:
    """What it said that went wrong, with the names of an example."""
    errors = re.findall(r"^error\[.*?(?=^error\[|^\d+ errors|^done: |^not done: |\Z)", result.err, re.M | re.S)
    return "".join(errors).replace(project.name, "shop").strip()
