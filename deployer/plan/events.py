"""What an apply tells while it goes on: each event is a value, and whoever shows or records them is called with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from deployer.errors import Diagnostic
from deployer.plan.model import Action, Step
from deployer.resources.wire import Progress


@dataclass(frozen=True, slots=True)
class StepStarted:
    address: str
    step: Step


@dataclass(frozen=True, slots=True)
class StepDone:
    address: str
    step: Step
    seconds: float


@dataclass(frozen=True, slots=True)
class StepFailed:
    address: str
    step: Step
    diagnostics: tuple[Diagnostic, ...]

    @property
    def is_interrupted(self) -> bool:
        """Whether somebody stopped it, and nothing else was wrong."""
        return {each.code for each in self.diagnostics} == {"interrupted"}


@dataclass(frozen=True, slots=True)
class Undone:
    """A step was taken back; `step` is the one that did it."""

    address: str
    step: Step


@dataclass(frozen=True, slots=True)
class Transfer:
    """A sign of life of a pull or a build."""

    address: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class ChangeDone:
    address: str
    action: Action


@dataclass(frozen=True, slots=True)
class ChangeSkipped:
    """A change that turned out needless."""

    address: str
    reason: str


Event: TypeAlias = StepStarted | StepDone | StepFailed | Undone | Transfer | ChangeDone | ChangeSkipped
