"""`scripts/crash-test`: let something go wrong around each request that writes, and see what the next run makes of
it.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from docker import APIClient

from tests.crash.meddler import places, try_meddled
from tests.crash.meddling import MEDDLED, Meddled, Meddling, Places, tries
from tests.crash.own_engine import LIVE_RESTORE, OwnEngine, own_engine, why_not
from tests.crash.runner import Verdict, count, images, try_point
from tests.crash.scenarios import ALL, ENGINE_KILLED, REGISTRY, SCENARIOS, Fault, Point, points, sample
from tests.e2e.registry import registry_in

T = TypeVar("T")

TRIES = 20
"""Of each kind of meddling."""

SMALL_DISK = "400m"
"""Of the engine whose disk is filled."""


def main() -> int:
    arguments = parse()
    if not (host := os.environ.get("DOCKER_HOST", "")).startswith("unix://"):
        sys.exit('crash-test: DOCKER_HOST must name an engine\'s unix socket: export "$(bash scripts/engine)"')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is up is taken down
    began = time.monotonic()
    engine = APIClient(host, version="auto")
    if arguments.meddle:
        return meddle(engine, arguments, began)
    with (
        images(engine),
        registry_for_all(),
        ProcessPoolExecutor(arguments.parallel, get_context("spawn")) as pool,
    ):
        here = [operation for operation in arguments.operation if operation in SCENARIOS]
        requests = dict(zip(here, pool.map(count, here), strict=True))
        killed = {lives_on: on_own(arguments, lives_on) for lives_on in (False, True)}
        for lives_on, operations in killed.items():
            if operations:
                with engine_to_kill(engine, lives_on):
                    requests |= {operation: count(operation) for operation in operations}
        chosen = chosen_points(requests, arguments)
        verdicts = all_told(pool, try_point, [each for each in chosen if each.operation in SCENARIOS])
        for lives_on, operations in killed.items():
            if mine := [each for each in chosen if each.operation in operations]:
                with engine_to_kill(engine, lives_on) as dockerd:
                    verdicts += [told(try_point(each, dockerd)) for each in mine]
    print(table(verdicts, requests))
    return summed_up(verdicts, engine, began)


def all_told(pool: ProcessPoolExecutor, attempt: Callable[[T], Verdict], points: Sequence[T]) -> list[Verdict]:
    try:
        futures = [pool.submit(attempt, each) for each in points]
        return [told(future.result()) for future in as_completed(futures)]
    except BaseException:
        pool.shutdown(cancel_futures=True)  # those at work end, and clean up
        raise


def on_own(arguments: argparse.Namespace, lives_on: bool) -> list[str]:
    """The operations in which an engine is killed, one whose containers run on without it or one whose do not."""
    return [each for each in arguments.operation if each in ENGINE_KILLED and ENGINE_KILLED[each].lives_on is lives_on]


@contextmanager
def engine_to_kill(base: APIClient, lives_on: bool) -> Iterator[OwnEngine]:
    """For one point after the other, which find it by DOCKER_HOST."""
    host = os.environ["DOCKER_HOST"]
    with own_engine(base, *[LIVE_RESTORE] if lives_on else []) as dockerd:
        os.environ["DOCKER_HOST"] = dockerd.host
        try:
            yield dockerd
        finally:
            os.environ["DOCKER_HOST"] = host


def meddle(base: APIClient, arguments: argparse.Namespace, began: float) -> int:
    """What others do on the engine: in several stacks at once, and one after the other on an engine of our own."""
    verdicts: list[Verdict] = []
    with registry_for_all(), ProcessPoolExecutor(arguments.parallel, get_context("spawn")) as pool:
        at = dict(zip(MEDDLED, pool.map(places, MEDDLED), strict=True))
        on_this = [kind for kind in arguments.meddle if not kind.takes_an_engine]
        verdicts += all_told(pool, try_meddled, chosen_tries(at, on_this, arguments))
    if on_own := [kind for kind in arguments.meddle if kind.takes_an_engine]:
        if reason := why_not():
            sys.exit(f"crash-test: no dockerd of its own can be started: {reason}")
        with own_engine(base, disk=SMALL_DISK) as own, registry_for_all():
            os.environ["DOCKER_HOST"] = own.host
            verdicts += [told(try_meddled(each, own)) for each in chosen_tries(at, on_own, arguments)]
    print(meddled_table(verdicts))
    return summed_up(verdicts, base, began)


def chosen_tries(
    at: Mapping[str, Places], kinds: Sequence[Meddling], arguments: argparse.Namespace
) -> Sequence[Meddled]:
    return tries(at, kinds, arguments.sample or TRIES, arguments.seed)


def meddled_table(verdicts: Sequence[Verdict]) -> str:
    """What was done, how often, how it ended, and what was said, one of each."""
    verdicts = [each for each in verdicts if each.was_tried]
    lines = ["", "| somebody | tries | survived | exits | said, for example |", "|---|---|---|---|---|"]
    by_kind: dict[Meddling, list[Verdict]] = {}
    for each in verdicts:
        if isinstance(each.point, Meddled):
            by_kind.setdefault(each.point.kind, []).append(each)
    for kind, mine in by_kind.items():
        exits = Counter(each.code for each in mine)
        ended = ", ".join(f"{code}: {many}" for code, many in sorted(exits.items(), key=lambda each: -each[1]))
        said = Counter(each.said.splitlines()[0] for each in mine if each.said)
        survived = sum(not each.wrong for each in mine)
        example = "; ".join(f"{text} ({many})" for text, many in said.most_common())
        lines.append(f"| {kind} | {len(mine)} | {survived} | {ended} | {example} |")
    return "\n".join(lines)


@contextmanager
def registry_for_all() -> Iterator[None]:
    """A registry on the loopback, whose address the runners find in their environment."""
    with tempfile.TemporaryDirectory(prefix="crash-registry-") as folder, registry_in(Path(folder)) as registry:
        os.environ[REGISTRY] = registry.address
        yield


def chosen_points(requests: Mapping[str, int], arguments: argparse.Namespace) -> Sequence[Point]:
    every = [each for operation, many in requests.items() for each in points(operation, many, arguments.fault)]
    if not arguments.sample:
        return every
    print(f"{min(arguments.sample, len(every))} of {len(every)} points, seed {arguments.seed}", flush=True)
    return sample(every, arguments.sample, arguments.seed)


def summed_up(verdicts: Sequence[Verdict], engine: APIClient, began: float) -> int:
    tried = [each for each in verdicts if each.was_tried]
    survived = sum(not each.wrong for each in tried)
    version, took = engine.version()["Version"], time.monotonic() - began
    never = f"; {len(verdicts) - len(tried)} never came" if len(tried) < len(verdicts) else ""
    print(f"\nEngine {version}: {survived} of {len(tried)} survived, in {took:.0f} s{never}")
    return int(survived < len(tried))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/crash-test", description=__doc__)
    parser.add_argument("--operation", action="append", choices=ALL, help="only this one; may be repeated")
    parser.add_argument("--fault", action="append", type=Fault, choices=Fault, help="only this one; may be repeated")
    parser.add_argument("--sample", type=int, metavar="K", help="only K points, spread over the operations")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="which sample (default 1)")
    parser.add_argument(
        "--meddle",
        action="append",
        metavar="KIND",
        type=kinds,
        help="others interfere in place of faults, in this way or in `all`; --sample says how often in each",
    )
    parser.add_argument("--parallel", type=int, default=3, metavar="N", help="how many at once (default 3)")
    arguments = parser.parse_args()
    arguments.meddle = [kind for said in arguments.meddle or () for kind in said]
    arguments.operation = arguments.operation or list(ALL)
    arguments.fault = arguments.fault or list(Fault)
    if (reason := why_not()) and any(each in ENGINE_KILLED for each in arguments.operation):
        print(f"without those that kill an engine, as no dockerd of its own can be started: {reason}", flush=True)
        arguments.operation = [each for each in arguments.operation if each in SCENARIOS]
    return arguments


def kinds(said: str) -> Sequence[Meddling]:
    return list(Meddling) if said == "all" else [Meddling(said)]


def told(verdict: Verdict) -> Verdict:
    """Each point as it is known; what is wrong at once and whole."""
    code = "" if verdict.code is None else f", exit {verdict.code}"
    what = "ok" if not verdict.wrong else "FAILED" if verdict.was_tried else "never"
    print(f"{what:7}{verdict.point} ({verdict.struck}{code})", flush=True)
    for problem in verdict.wrong:
        print("       " + problem.rstrip().replace("\n", "\n       "), flush=True)
    return verdict


def table(verdicts: Sequence[Verdict], requests: Mapping[str, int]) -> str:
    """Operation x fault: how many survived of how many points."""
    verdicts = [each for each in verdicts if each.was_tried]
    faults = [fault for fault in Fault if any(each.point.fault is fault for each in verdicts)]
    lines = ["", f"| operation | requests | {' | '.join(faults)} |", f"|---|---|{'---|' * len(faults)}"]
    for operation, many in requests.items():
        cells: list[str] = []
        for fault in faults:
            mine = [each for each in verdicts if each.point.operation == operation and each.point.fault is fault]
            cells.append(f"{sum(not each.wrong for each in mine)} of {len(mine)}" if mine else "")
        lines.append(f"| {operation} | {many} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
