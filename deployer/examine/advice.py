"""Reads what `validate` and `doctor` judge of a stack: its Dockerfiles. `doctor` has the judgements."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from deployer.errors import Diagnostic, InvalidStack

if TYPE_CHECKING:
    from deployer.project import Project


def advice(project: Project, today: date) -> list[Diagnostic]:
    """What of a stack can be carried out and is not wise, or will not do what is written. Needs no engine.

    What cannot be read is a mistake, and told by whoever reads it to carry it out.
    """
    from deployer.doctor.stack import stack_warnings

    found = stack_warnings(project.stack, today)
    return [*found, *_slips(project, today)] if project.stack.builds else found


def _slips(project: Project, today: date) -> list[Diagnostic]:
    from deployer.doctor.builds import build_slips

    found: list[Diagnostic] = []
    read: set[tuple[str, str]] = set()
    for name in project.stack.builds:
        try:
            dockerfile = project.sources.dockerfile(name)
        except InvalidStack:
            continue
        if dockerfile not in read:
            read.add(dockerfile)
            found += build_slips(project.stack, name, *dockerfile, today)
    return found
