"""Reads what `validate` and `doctor` judge of a stack: its Dockerfiles. `doctor` has the judgements."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.errors import Diagnostic, InvalidStack
from deployer.sources.files import read_text, shown_path

if TYPE_CHECKING:
    from deployer.project import Project
    from deployer.stack.model import Stack


def advice(project: Project, today: date) -> list[Diagnostic]:
    """What of a stack can be carried out and is not wise, or will not do what is written. Needs no engine.

    What cannot be read is a mistake, and told by whoever reads it to carry it out.
    """
    from deployer.doctor.stack import stack_warnings

    found = stack_warnings(project.stack, today)
    return [*found, *_slips(project.stack, today)] if project.stack.builds else found


def _slips(stack: Stack, today: date) -> list[Diagnostic]:
    from deployer.doctor.builds import build_slips

    found: list[Diagnostic] = []
    read: set[tuple[str, str]] = set()
    for name in stack.builds:
        dockerfile = _dockerfile(stack, name)
        if dockerfile and dockerfile not in read:
            read.add(dockerfile)
            found += build_slips(stack, name, *dockerfile, today)
    return found


def _dockerfile(stack: Stack, name: str) -> tuple[str, str] | None:
    """The text of a build's Dockerfile, and what it is called."""
    build = stack.builds[name]
    if build.inline is not None:
        return build.inline, f"the inline Dockerfile of {name}"
    path = Path(stack.folder, Path(build.context).expanduser(), build.dockerfile or "Dockerfile")
    try:
        return read_text(path, shown_path(path)), shown_path(path)
    except InvalidStack:
        return None
