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
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from docker import APIClient

from tests.crash.own_engine import own_engine, why_not
from tests.crash.runner import Verdict, count, images, try_point
from tests.crash.scenarios import ENGINE_KILLED, REGISTRY, SCENARIOS, Fault, Point, points, sample
from tests.e2e.registry import registry_in


def main() -> int:
    arguments = parse()
    if not (host := os.environ.get("DOCKER_HOST", "")).startswith("unix://"):
        sys.exit('crash-test: DOCKER_HOST must name an engine\'s unix socket: export "$(bash scripts/engine)"')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is up is taken down
    began = time.monotonic()
    engine = APIClient(host, version="auto")
    if arguments.dockerd:
        return kill_dockerd(engine, arguments)
    with (
        images(engine),
        registry_for_all(),
        ProcessPoolExecutor(arguments.parallel, get_context("spawn")) as pool,
    ):
        requests = dict(zip(arguments.operation, pool.map(count, arguments.operation), strict=True))
        chosen = chosen_points(requests, arguments)
        try:
            futures = [pool.submit(try_point, each) for each in chosen]
            verdicts = [told(future.result()) for future in as_completed(futures)]
        except BaseException:
            pool.shutdown(cancel_futures=True)  # those at work end, and clean up
            raise
    return summed_up(verdicts, requests, engine, began)


def kill_dockerd(base: APIClient, arguments: argparse.Namespace) -> int:
    """One after the other, on an engine of our own."""
    if reason := why_not():
        sys.exit(f"crash-test: no dockerd of its own can be started to be killed: {reason}")
    began = time.monotonic()
    with own_engine(base) as dockerd, registry_for_all():
        os.environ["DOCKER_HOST"] = dockerd.host
        requests = {operation: count(operation) for operation in ENGINE_KILLED}
        verdicts = [told(try_point(point, dockerd)) for point in chosen_points(requests, arguments)]
        with APIClient(dockerd.host, version="auto") as engine:
            return summed_up(verdicts, requests, engine, began)


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


def summed_up(verdicts: Sequence[Verdict], requests: Mapping[str, int], engine: APIClient, began: float) -> int:
    print(table(verdicts, requests))
    survived = sum(not verdict.wrong for verdict in verdicts)
    version, took = engine.version()["Version"], time.monotonic() - began
    print(f"\nEngine {version}: {survived} of {len(verdicts)} survived, in {took:.0f} s")
    return int(survived < len(verdicts))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/crash-test", description=__doc__)
    parser.add_argument("--operation", action="append", choices=SCENARIOS, help="only this one; may be repeated")
    parser.add_argument("--fault", action="append", type=Fault, choices=Fault, help="only this one; may be repeated")
    parser.add_argument("--sample", type=int, metavar="K", help="only K points, spread over the operations")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="which sample (default 1)")
    parser.add_argument("--dockerd", action="store_true", help="kill a dockerd of its own in place of deployer")
    parser.add_argument("--parallel", type=int, default=3, metavar="N", help="how many at once (default 3)")
    arguments = parser.parse_args()
    arguments.operation = arguments.operation or list(SCENARIOS)
    arguments.fault = arguments.fault or list(Fault)
    if arguments.dockerd:
        arguments.fault = [fault for fault in arguments.fault if fault.kills]
    return arguments


def told(verdict: Verdict) -> Verdict:
    """Each point as it is known; what is wrong at once and whole."""
    code = "" if verdict.code is None else f", exit {verdict.code}"
    print(f"{'FAILED' if verdict.wrong else 'ok':7}{verdict.point} ({verdict.struck}{code})", flush=True)
    for problem in verdict.wrong:
        print("       " + problem.rstrip().replace("\n", "\n       "), flush=True)
    return verdict


def table(verdicts: Sequence[Verdict], requests: Mapping[str, int]) -> str:
    """Operation x fault: how many survived of how many points."""
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
