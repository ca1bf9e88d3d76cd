"""`deployer plan --against`: a plan for which no engine is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.cli.state import State
from deployer.errors import Diagnostic, WrongUsage
from deployer.wiring import load_stack

if TYPE_CHECKING:
    from deployer.plan.model import Plan
    from deployer.plan.planner import Options
    from deployer.project import Project
    from deployer.resources.observed import Observed

_GIT = "git:"


def plan_against(
    state: State, project: Project, said: str, options: Options, *, destroy: bool
) -> tuple[Plan, Observed]:
    """Against a file of `deployer snapshot`, or git: and a revision. Raises DeployerError."""
    if said.startswith(_GIT):
        from deployer.revisited.against import Loader
        from deployer.revisited.against import plan_against as plan_against_revision

        if destroy:
            hint = "of a stack that is compared with itself nothing is there to be removed"
            raise WrongUsage(Diagnostic("usage", "--destroy is said with --against git:", hint=hint))
        loader = Loader(
            lambda files, env_files: load_stack(replace(state.choices, files=files, env_files=env_files)),
            state.choices.env_files,
        )
        return plan_against_revision(project, loader, said, options)
    from deployer.snapshot.against import plan_against as plan_against_snapshot
    from deployer.snapshot.form import read
    from deployer.sources.files import read_text, shown_path

    path = Path(said)
    shown = shown_path(path)
    return plan_against_snapshot(project, read(read_text(path, shown), shown), shown, options, destroy=destroy)
