"""The stack that is measured, and how: processes timed one after the other, in turns."""

from __future__ import annotations

import json
import os
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
NAME = "deployer-speed"
DEPLOYER = (sys.executable, "-m", "deployer")


@dataclass(frozen=True, slots=True)
class Spent:
    """Milliseconds: on the clock, and of the processor by the process itself, not by the engine."""

    wall: float
    used: float


def stack(services: int) -> dict[str, object]:
    """Services that say what most do, on one network and one volume."""
    service = {
        "image": "busybox:1.37",
        "command": ["sleep", "100000"],
        "init": True,  # ends at once when it is told to
        "mem_limit": "32m",
        "restart": "unless-stopped",
        "networks": ["front"],
        "volumes": ["data:/data"],
    }
    return {
        "name": NAME,
        "services": {
            f"s{number}": {**service, "environment": {"NUMBER": str(number)}, "labels": {"tier": "web"}}
            for number in range(services)
        },
        "networks": {"front": {}},
        "volumes": {"data": {}},
    }


@contextmanager
def folder_of(services: int) -> Iterator[Path]:
    """A folder with the stack's file. Nothing is on the engine of the stack before, nor in the end."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "compose.yaml").write_text(json.dumps(stack(services), indent=1))
        remove()
        try:
            yield folder
        finally:
            remove()


def remove() -> None:
    """All of the stack, whichever folder it came from: by its name, with no file."""
    with TemporaryDirectory() as empty:
        destroy = [*DEPLOYER, "-p", NAME, "destroy", "--volumes", "--yes"]
        subprocess.run(destroy, cwd=empty, capture_output=True, env=environment())
        subprocess.run([compose(), "-p", NAME, "down", "--volumes", "--timeout", "0"], cwd=empty, capture_output=True)


def compose() -> str:
    """The docker-compose that is measured beside."""
    return os.environ.get("DEPLOYER_COMPOSE") or sys.exit("DEPLOYER_COMPOSE names no docker-compose")


def environment(engine: str = "") -> dict[str, str]:
    """This checkout's deployer, compiled once, as an installed one is."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": path, **({"DOCKER_HOST": engine} if engine else {})}


def succeeded(command: Sequence[str], folder: Path, engine: str = "") -> str:
    """What a command says on its standard error. Ends the program where it fails, and tells what it said."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment(engine))
    if done.returncode:
        sys.exit(f"{shlex.join(command)} failed, exit code {done.returncode}:\n{(done.stderr or done.stdout).strip()}")
    return done.stderr


def timed(command: Sequence[str], folder: Path, engine: str = "") -> Spent:
    """What a command took, which must succeed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    succeeded(command, folder, engine)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(wall * 1000, used * 1000)
