"""The table of checks: each reads one thing and hands it to its judgement. To examine another thing is to add a row."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from deployer.doctor import engine as judge
from deployer.doctor.daemon_json import daemon_json
from deployer.doctor.finding import Finding, Status, ok, told
from deployer.doctor.slips import BREAKING
from deployer.doctor.systemd import systemd_unit
from deployer.errors import DeployerError
from deployer.examine.advice import advice
from deployer.examine.registries import mirrors, registries
from deployer.examine.subject import Subject
from deployer.home import home
from deployer.sources.files import is_missing, read_text, shown_path

_DAEMON_JSON = (Path("/etc/docker/daemon.json"), home() / ".config/docker/daemon.json")
_UNITS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_PLUGINS = (
    home() / ".docker/cli-plugins",
    Path("/usr/local/lib/docker/cli-plugins"),
    Path("/usr/lib/docker/cli-plugins"),
    Path("/usr/libexec/docker/cli-plugins"),
)


@dataclass(frozen=True, slots=True)
class Check:
    """`needs_engine`: without one there is nothing to read, and the row `engine` says why."""

    name: str
    read: Callable[[Subject], Iterator[Finding]]
    needs_engine: bool = True


def examine(subject: Subject) -> Iterator[Finding]:
    """All that is found, check by check. What cannot be read is a problem of its check, and never an error."""
    for check in CHECKS:
        if check.needs_engine and not subject.has_engine:
            continue
        try:
            yield from check.read(subject)
        except DeployerError as error:
            yield from told(check.name, error.diagnostics)


# --- the engine ------------------------------------------------------------------------------------------------------


def _engine(subject: Subject) -> Iterator[Finding]:
    about = subject.engine.info()
    yield judge.engine(about.host, subject.location.chosen_by, about.version, about.api)
    yield from judge.system_warnings(subject.info)


def _storage(subject: Subject) -> Iterator[Finding]:
    yield judge.storage(subject.info)


def _disk(subject: Subject) -> Iterator[Finding]:
    yield judge.disk_usage(subject.engine.disk_usage())


def _space(subject: Subject) -> Iterator[Finding]:
    """Only where the engine's folder is on this machine can it be told."""
    folder = str(subject.info.get("DockerRootDir") or "")
    if not subject.engine_is_here or not os.path.isdir(folder):
        return
    try:
        found = os.statvfs(folder)
    except OSError:
        return
    yield judge.free_space(folder, found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


def _clock(subject: Subject) -> Iterator[Finding]:
    before = time.time()
    yield judge.clock(before, subject.engine.now(), time.time())


def _live_restore(subject: Subject) -> Iterator[Finding]:
    yield judge.live_restore(subject.info)


def _builders(_: Subject) -> Iterator[Finding]:
    there = [str(folder / "docker-buildx") for folder in _PLUGINS if os.path.exists(folder / "docker-buildx")]
    yield judge.builders(next(iter(there), shutil.which("docker-buildx") or ""))


# --- its host --------------------------------------------------------------------------------------------------------


def _daemon_json(subject: Subject) -> Iterator[Finding]:
    """The file that is named, else the usual ones of this machine, if the engine is here."""
    info = subject.info if subject.has_engine else None
    if subject.daemon_json:
        path = Path(subject.daemon_json)
        yield from daemon_json(read_text(path, shown_path(path)), shown_path(path), info)
        return
    if not subject.engine_is_here:
        return
    usual = [path for path in _DAEMON_JSON if not is_missing(str(path))]
    for path in usual:
        yield from daemon_json(read_text(path, str(path)), str(path), info)
    if not usual:
        yield ok("daemon.json", f"there is no {_DAEMON_JSON[0]}: dockerd has its defaults and its options")


def _systemd(subject: Subject) -> Iterator[Finding]:
    if not subject.engine_is_here:
        return
    names = ("docker.service", "docker.service.d/*.conf")
    paths = chain.from_iterable(Path(folder).glob(name) for folder in _UNITS for name in names)
    for path in sorted({path.resolve() for path in paths if os.path.isfile(path)}):
        yield from systemd_unit(read_text(path, str(path)), str(path))


# --- the stack -------------------------------------------------------------------------------------------------------


def _stack(subject: Subject) -> Iterator[Finding]:
    """Mistakes are problems; of the warnings those with which it does not do what is written."""
    project = subject.load()
    if project is None:
        return
    found: list[Finding] = []
    warnings = [*project.stack.warnings, *advice(project, subject.now.date())]
    found += told("stack", warnings, Status.WARNING, BREAKING)
    try:
        project.check()
    except DeployerError as error:
        found += told("stack", error.diagnostics)
    yield from found or [ok("stack", f"{project.stack.file} is fine")]


CHECKS: Sequence[Check] = (
    Check("engine", _engine, needs_engine=False),
    Check("clock", _clock),
    Check("storage", _storage),
    Check("disk", _disk),
    Check("space", _space),
    Check("live-restore", _live_restore),
    Check("daemon.json", _daemon_json, needs_engine=False),
    Check("systemd", _systemd, needs_engine=False),
    Check("builders", _builders, needs_engine=False),
    Check("mirror", mirrors),
    Check("registry", registries, needs_engine=False),
    Check("stack", _stack, needs_engine=False),
)
