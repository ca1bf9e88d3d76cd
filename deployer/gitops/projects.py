"""A stack of a commit, made a project like any other, which reads nothing but the files of that commit."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployer.errors import Diagnostic, raise_if_any
from deployer.sources.confined import confined
from deployer.sources.origin import origin_in
from deployer.wiring import Choices, load_stack

if TYPE_CHECKING:
    from deployer.gitops.tree import StackFile
    from deployer.project import Project
    from deployer.stack.model import Stack


@dataclass(frozen=True, slots=True)
class Checkout:
    """The files of a commit, for one stack, and the URL of the repository that they are from."""

    folder: Path
    commit: str
    file: StackFile
    url: str

    @property
    def origin(self) -> str:
        """The one that the stack has in every checkout of the repository."""
        return origin_in(self.url, self.file.path)


@contextmanager
def within(checkout: Checkout, choices: Choices) -> Iterator[None]:
    """Nothing is read but what lies in the commit, and the env files that the command line names."""
    with confined(checkout.folder, [Path(each) for each in choices.env_files]):
        yield


def project_of(checkout: Checkout, choices: Choices) -> Project:
    """The stack as the commit has it. Raises DeployerError for what is wrong in it, or leads out of it."""
    from deployer.project import Project

    files = tuple(str(checkout.folder / each) for each in checkout.file.files)
    with within(checkout, choices):
        stack, path = load_stack(replace(choices, files=files))
    raise_if_any(_mounts_outside(stack, checkout.folder))
    project = Project(stack, path, named=bool(choices.project_name))
    project.origin = checkout.origin
    project.commit = checkout.commit, False
    return project


def mounting(project: Project, checkout: Checkout, place: Path) -> Project:
    """The same project, but that it mounts what is in `place` already from there."""
    from deployer.project import Project
    from deployer.stack.service import said

    def moved(entry: Any) -> Any:
        if not _is_relative(entry):
            return entry
        there = place / os.path.relpath(Path(project.stack.folder, entry.source), checkout.folder)
        return entry.model_copy(update={"source": os.path.normpath(there)}) if there.exists() else entry

    services = dict(project.stack.services)
    for name, service in services.items():
        mounts = [moved(each) for each in said(service, "volumes") or ()]
        services[name] = service.model_copy(update={"volumes": mounts}) if mounts else service
    made = Project(replace(project.stack, services=services), project.path, named=project.named)
    made.origin, made.commit = project.origin, project.commit
    return made


def bound(stack: Stack) -> list[str]:
    """What of the repository the services mount, by absolute paths."""
    return [os.path.normpath(Path(stack.folder, each.source)) for _, _, each in _relative_binds(stack)]


def beneath_of(folder: Path, paths: Iterable[str]) -> set[str]:
    """Those of the paths that lie in a folder, as they are called or where links lead, relative to it."""
    found = {(top, path) for each in paths for top, path in ((folder, each), (_real(folder), _real(each)))}
    there = {Path(path).relative_to(top) for top, path in found if Path(path).is_relative_to(top)}
    return {"" if each == Path() else str(each) for each in there}


def _real(path: str | Path) -> Path:
    return Path(os.path.realpath(path))


def _relative_binds(stack: Stack) -> Iterator[tuple[str, int, Any]]:
    """By service and index. An absolute one says itself that it is about the host."""
    from deployer.stack.service import said

    for name, service in stack.services.items():
        for index, entry in enumerate(said(service, "volumes") or ()):
            if _is_relative(entry):
                yield name, index, entry


def _is_relative(entry: Any) -> bool:
    return entry.type == "bind" and not entry.source.startswith("/")


def _mounts_outside(stack: Stack, root: Path) -> Iterator[Diagnostic]:
    """Relative binds that lead out of the repository."""
    for name, index, entry in _relative_binds(stack):
        if not _real(Path(stack.folder, entry.source)).is_relative_to(_real(root)):
            message = f"{entry.source} lies outside of the repository, and is mounted from nowhere else"
            hint = "put it into the repository; what belongs to the host is mounted by its absolute path"
            yield Diagnostic("outside-repository", message, stack.place("services", name, "volumes", index), hint)
