"""What Compose prints of a case now. No engine is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.compose.cases import COMMANDS, DIFFERENT, HOME, RECORD, REFUSED, WAITS, Case, Printed, normal

RECORDED = "2.40"
"""The version of Compose whose output the cases hold."""

COMPOSE = os.environ.get("DEPLOYER_COMPOSE", "")


def version() -> str:
    """Of the Compose that is here: `2.40`. Empty where there is none."""
    if not COMPOSE:
        return ""
    printed = subprocess.run([COMPOSE, "version", "--short"], capture_output=True, text=True, check=True).stdout
    return ".".join(printed.lstrip("v").split(".")[:2])


def printed_by_compose(case: Case) -> Printed:
    """Each command run on a copy of the case, so that nothing above it is read."""
    with TemporaryDirectory() as above:
        folder = Path(os.path.realpath(above))
        here = folder / case.name
        shutil.copytree(case.folder, here, ignore=shutil.ignore_patterns(RECORD, DIFFERENT, WAITS))
        return {command: _printed(case, command, folder, here) for command in COMMANDS}


def _printed(case: Case, command: str, folder: Path, here: Path) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": HOME, **dict(case.call.environment)}
    result = subprocess.run(
        [COMPOSE, *case.call.arguments, *command.split()],
        cwd=here / case.call.below,
        env=environment,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        return normal(f"{REFUSED} {_reason(result.stderr)}", folder)
    lines = result.stdout.splitlines(keepends=True)
    in_no_order = command in ("config --services", "config --images")  # and an image once for each service
    return normal("".join(sorted(set(lines)) if in_no_order else lines), folder)


def _reason(stderr: str) -> str:
    """The error, less the warnings before it."""
    return "\n".join(line for line in stderr.splitlines() if "level=warning" not in line)
