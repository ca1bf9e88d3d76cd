"""How long `deployer plan` takes when nothing is to be done, beside `docker compose up -d` of the same file.

    python -m benchmarks.plan [SERVICES]    on the engine of DOCKER_HOST; DEPLOYER_COMPOSE names a docker-compose

Starts that many containers by Compose (100 unless told), and removes them in the end. Prints, of eight runs each, in
turns, the least wall and processor time, and where the time of a plan goes.
"""

from __future__ import annotations

import contextlib
import cProfile
import io
import pstats
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.measured import DEPLOYER, Spent, compose, folder_of, succeeded, timed

RUNS = 8
PARTS = {
    "the command line": ("cli/", "typer/"),
    "YAML": ("yaml/", "stack/document.py", "stack/tree.py", "stack/quick_events.py", "<yaml>"),
    "the stack and its models": ("stack/", "pydantic", "interpolation.py", "annotated_types"),
    "requests and JSON": ("engine/", "http/", "json/", "socket.py", "ssl.py", "<socket>", "<json>"),
    "fields and difference": ("fields/", "resources/", "plan/", "reconcile/"),
    "the text": ("render/",),
}


def imports(folder: Path) -> dict[str, float]:
    """Milliseconds that a plan spends importing, by package."""
    command = [sys.executable, "-X", "importtime", "-m", "deployer", "plan"]
    found: dict[str, float] = {}
    for line in succeeded(command, folder).splitlines():
        columns = line.removeprefix("import time:").split("|")
        if len(columns) == 3 and columns[0].strip().isdigit():
            package = columns[2].strip().partition(".")[0]
            found[package] = found.get(package, 0) + int(columns[0]) / 1000
    return found


def parts(folder: Path) -> Iterator[tuple[str, float]]:
    """Milliseconds of a second plan in one process, where all is imported, by what they were spent on."""
    from deployer.cli.app import run

    profile = cProfile.Profile()
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        run(["plan"])
        profile.enable()
        run(["plan"])
        profile.disable()
    spent = dict.fromkeys([*PARTS, "waiting and the rest"], 0.0)
    for (file, _, _), (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # pyright: ignore
        for part, names in PARTS.items():
            if any(name in file for name in names):
                spent[part] += own * 1000
                break
        else:
            spent["waiting and the rest"] += own * 1000
    yield from spent.items()


def least(times: Sequence[Spent]) -> Spent:
    return Spent(min(each.wall for each in times), min(each.used for each in times))


def main() -> None:
    services = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    up, plan = [compose(), "up", "-d"], [*DEPLOYER, "plan", "--detailed-exitcode"]
    with folder_of(services) as folder:
        timed(up, folder)
        timed(plan, folder)
        pairs = [(timed(up, folder), timed(plan, folder)) for _ in range(RUNS)]
        theirs, ours = least([pair[0] for pair in pairs]), least([pair[1] for pair in pairs])
        print(f"{services} services; milliseconds, the least of {RUNS} runs")
        print(f"{'':32}{'wall':>8}{'processor':>11}")
        print(f"{'docker compose up -d':32}{theirs.wall:8.0f}{theirs.used:11.0f}")
        print(f"{'deployer plan':32}{ours.wall:8.0f}{ours.used:11.0f}")
        print(f"{'deployer / compose':32}{ours.wall / theirs.wall:8.1f}{ours.used / theirs.used:11.1f}")
        print("\nwhere a plan's time goes (under a profiler, which makes it longer)")
        for package, spent in sorted(imports(folder).items(), key=lambda each: -each[1])[:6]:
            print(f"  {'import ' + package:30}{spent:8.0f}")
        for part, spent in parts(folder):
            print(f"  {part:30}{spent:8.0f}")


if __name__ == "__main__":
    main()
