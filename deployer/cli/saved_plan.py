"""`deployer plan --out` and `deployer apply PLAN.json`: a plan is kept, and carried out as it was or not at all."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from deployer.cli.state import State
from deployer.errors import DeployerError, Diagnostic, WrongUsage
from deployer.wiring import Choices

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.plan.model import Plan
    from deployer.plan.planner import Options
    from deployer.project import Project
    from deployer.reconcile.apply import Planned
    from deployer.reconcile.protocol import Engine, Reader
    from deployer.saved.form import Saved
    from deployer.sources.noted import Seen

_KEPT = ("files", "project_name", "env_files", "profiles")
_OPTIONS = {"files": "--file", "env_files": "--env-file", "profiles": "--profile", "settings": "--set"}
"""What is said for every command by an option of another name."""
_SAID_AGAIN = ("engine", "context")
"""Of what is said for every command: what a plan keeps, and what is said anew, for an engine has more than one address.
"""


def save(
    state: State,
    files: list[str] | None,
    path: Path,
    made: tuple[Plan, Options, Seen],
    reader: Reader,
    *,
    destroy: bool,
) -> None:
    """Write the plan to a file that only its owner can read."""
    from deployer.cli.whole_file import written_whole
    from deployer.saved.form import as_json, left_out, saved_of

    choices = state.with_files(files)
    if unknown := left_out(choices, _KEPT, _SAID_AGAIN):
        message = f"--out: what {_option(unknown[0])} says is not kept in a plan, for it may be a secret"
        raise WrongUsage(Diagnostic("usage", message, hint="say it in a file"))
    plan, options, seen = made
    saved = saved_of(
        plan,
        options,
        {name: _plain(getattr(choices, name)) for name in _KEPT},
        seen,
        folder=os.getcwd(),
        engine_id=_id_of(reader),
        destroy=destroy,
    )
    with written_whole(path, mode=0o600) as write:
        write(as_json(saved).encode())
    state.output.say(f"Saved. Carried out, just as it is, by: deployer apply {path}")


def saved_in(files: Sequence[str]) -> Saved | None:
    """The plan that the only file is, if it is one."""
    from deployer.saved.form import is_saved_plan, read
    from deployer.sources.files import read_text, shown_path

    if len(files) != 1 or not os.path.isfile(files[0]):
        return None
    path = Path(files[0])
    try:
        text = read_text(path, shown_path(path))
    except DeployerError:
        return None  # no text: what is wrong with it as a stack file is said where that is read
    return read(text, shown_path(path)) if is_saved_plan(text) else None


def refuse_said_twice(context: typer.Context, names: Collection[str], choices: Choices) -> None:
    """What shapes a plan is in its file. Raises WrongUsage where it is said beside one, which may be the only file."""
    from deployer.saved.form import left_out

    given = [name for name in names if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"]
    given += left_out(choices, () if context.params["files"] else ("files",), _SAID_AGAIN)
    if given:
        hint = "make a plan with it: deployer plan --out plan.json"
        raise WrongUsage(
            Diagnostic("usage", f"{_option(given[0])} is not said beside a saved plan, which has its own", hint=hint)
        )


def _option(name: str) -> str:
    return _OPTIONS.get(name) or f"--{name.replace('_', '-')}"


def loaded(state: State, saved: Saved) -> tuple[Project, Seen]:
    """The stack of a saved plan, read again. Raises Busy where it cannot be, for its files are not what they were."""
    from deployer.saved.moved import refuse_changed_sources
    from deployer.sources.noted import noting

    choices = replace(state.choices, **{name: _tuple(value) for name, value in saved.choices.items()})
    with noting() as seen:
        try:
            project = State(choices, state.output).project()
        except DeployerError:
            refuse_changed_sources(saved.plan["stack"], _changed(saved, seen, whole=False))
            raise
    return project, seen


def looking(saved: Saved, project: Project, engine: Engine, seen: Seen, take_over: bool) -> Callable[[int], Planned]:
    """What plans anew, and raises Busy where that is not the plan that was saved."""
    from deployer.saved.moved import (
        refuse_another_engine,
        refuse_another_stack,
        refuse_changed_sources,
        refuse_moved,
    )
    from deployer.sources.noted import noting

    options = saved.planned_with(take_over=take_over)
    refuse_another_engine(saved, _id_of(engine), engine.info().host)

    def look(holding: int) -> Planned:
        made = project.plan_destroy if saved.destroy else project.plan
        with noting(seen) as everything:
            try:
                plan, observed = made(engine, options, holding)
            except DeployerError:
                refuse_changed_sources(project.stack.name, _changed(saved, everything, whole=False))
                raise
        refuse_changed_sources(plan.stack, _changed(saved, everything, whole=True))
        refuse_another_stack(saved, plan.stack, plan.origin)
        if holding or not observed.records.at_work:  # whoever is at work is waited for, or told of, first
            refuse_moved(saved, plan, observed.records.revision)
        return plan, observed

    return look


def _changed(saved: Saved, seen: Seen, *, whole: bool) -> list[str]:
    from deployer.saved.sources import changed, digests

    now = digests(seen, bytes.fromhex(saved.salt), os.getcwd())
    return list(changed(saved.sources, now, whole=whole))


def _id_of(reader: Reader) -> str:
    return str(reader.system().get("ID", ""))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
