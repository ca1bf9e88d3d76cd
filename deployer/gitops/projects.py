"""A stack of a commit, made a project like any other, which reads nothing but the files of that commit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

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


def _mounts_outside(stack: Stack, root: Path) -> Iterator[Diagnostic]:
    """Relative binds that lead out of the repository. An absolute one says itself that it is about the host."""
    from deployer.stack.service import said

    real = Path(os.path.realpath(root))
    for name, service in stack.services.items():
        for index, entry in enumerate(said(service, "volumes") or ()):
            if entry.type != "bind" or entry.source.startswith("/"):
                continue
            if not Path(os.path.realpath(Path(stack.folder, entry.source))).is_relative_to(real):
                message = f"{entry.source} lies outside of the repository, and is mounted from nowhere else"
                hint = "put it into the repository; what belongs to the host is mounted by its absolute path"
                yield Diagnostic("outside-repository", message, stack.place("services", name, "volumes", index), hint)
