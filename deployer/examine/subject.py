"""What is examined: an engine, the stack if there is one; each read once, when it is first asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from deployer.errors import DeployerError
from deployer.home import home
from deployer.project import Project
from deployer.sources.chosen import chosen_files
from deployer.wiring import Choices, load_stack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.engine.client import DockerEngine
    from deployer.engine.locate import Location


@dataclass
class Subject:
    """`daemon_json` is the file that the command line names, None for the usual ones; `now` is this machine's time."""

    choices: Choices
    daemon_json: str | None
    now: datetime

    @cached_property
    def location(self) -> Location:
        from deployer.engine.locate import locate

        return locate(self.choices.engine, self.choices.context, os.environ, home())

    @property
    def engine(self) -> DockerEngine:
        """Raises Unreachable, or WrongUsage for what is no address of one."""
        if isinstance(self._reached, DeployerError):
            raise self._reached
        return self._reached

    @property
    def has_engine(self) -> bool:
        return not isinstance(self._reached, DeployerError)

    @cached_property
    def _reached(self) -> DockerEngine | DeployerError:
        """Tried once: one that is silent takes its time."""
        from deployer.engine.client import connect

        try:
            return connect(self.location)
        except DeployerError as error:
            return error

    @cached_property
    def info(self) -> Mapping[str, Any]:
        return self.engine.system()

    @property
    def engine_is_here(self) -> bool:
        """Whether the engine's host is this machine, as far as that can be told; without an engine it is."""
        return not self.has_engine or self.engine.info().is_here

    @cached_property
    def has_stack(self) -> bool:
        """Whether there is one to examine: it is named, or lies here or in a parent."""
        try:
            chosen_files(self.choices.files, self.choices.env_files)
        except DeployerError as error:
            return all(each.code != "no-stack-file" for each in error.diagnostics)
        return True

    @cached_property
    def project(self) -> Project | None:
        """None where there is no stack, or not a right one, which `stack` tells."""
        try:
            return self.load()
        except DeployerError:
            return None

    def load(self) -> Project | None:
        return Project(*load_stack(self.choices)) if self.has_stack else None
