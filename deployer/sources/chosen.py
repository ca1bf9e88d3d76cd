"""Which files a stack is made of, and with which variables: what the command line says, then what COMPOSE_* do."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from deployer.errors import Diagnostic, WrongUsage
from deployer.interpolation import FromFile
from deployer.sources.env_file import read_env_file
from deployer.sources.files import STACK_FILES, find_stack_file, override_files, shown_path

_TRUE = ("1", "t", "T", "true", "True", "TRUE")
_FALSE = ("0", "f", "F", "false", "False", "FALSE")


def chosen_files(
    files: Sequence[str], env_files: Sequence[str]
) -> tuple[tuple[Path, ...], Mapping[str, str], tuple[Diagnostic, ...]]:
    """The stack's files, absolute, the first one first; the variables for `${...}`; and what is to be warned of.

    `files` and `env_files` are those that the command line names. Without any, COMPOSE_FILE names them, which may stand
    in the `.env` of the current folder; else they are looked for. As with Compose, the environment's own variables go
    before those of that `.env`, and these before those of the `.env` beside the first file.
    """
    named = _paths(files)
    if named:
        return named, _with_env_files(os.environ, named[0].parent, env_files), _unread(named)
    variables = _with_env_files(os.environ, Path.cwd(), env_files)
    listed = [name for name in variables.get("COMPOSE_FILE", "").split(_separator(variables)) if name]
    named, warnings = (paths, _unread(paths)) if (paths := _paths(listed)) else _found()
    return named, _with_env_files(variables, named[0].parent, env_files), warnings


def chosen_profiles(variables: Mapping[str, str]) -> tuple[str, ...]:
    """The profiles that COMPOSE_PROFILES names, between commas."""
    return tuple(filter(None, (name.strip() for name in variables.get("COMPOSE_PROFILES", "").split(","))))


def keeps_orphans(variables: Mapping[str, str]) -> bool:
    """Whether COMPOSE_IGNORE_ORPHANS or COMPOSE_REMOVE_ORPHANS say that what a stack no longer names is left alone."""
    return variables.get("COMPOSE_IGNORE_ORPHANS") in _TRUE or variables.get("COMPOSE_REMOVE_ORPHANS") in _FALSE


def _paths(names: Sequence[str]) -> tuple[Path, ...]:
    return tuple(Path(os.path.abspath(name)) for name in names)


def _separator(variables: Mapping[str, str]) -> str:
    return variables.get("COMPOSE_PATH_SEPARATOR") or os.pathsep


def _found() -> tuple[tuple[Path, ...], tuple[Diagnostic, ...]]:
    """The default file of this folder or a parent, and what lies beside it to go over it."""
    path = find_stack_file(Path.cwd())
    overrides = override_files(path)
    warnings = [
        Diagnostic(
            "several-overrides",
            f"{shown_path(other)} is not read: {shown_path(overrides[0])} goes over {shown_path(path)}",
            hint="put them into one file, or name the files in their order by -f",
        )
        for other in overrides[1:]
    ]
    return (path, *overrides[:1]), tuple(warnings)


def _unread(named: Sequence[Path]) -> tuple[Diagnostic, ...]:
    """Where a default file is named alone, what lies beside it is not read, with Compose neither; who names several has
    thought of it.
    """
    file = named[0]
    overrides = override_files(file) if len(named) == 1 and file.name in STACK_FILES else []
    return tuple(
        Diagnostic(
            "override-not-read",
            f"{shown_path(other)} is not read, as {shown_path(file)} is named alone",
            hint=f"name both, -f {shown_path(file)} -f {shown_path(other)}, or none",
        )
        for other in overrides[:1]
    )


def _with_env_files(variables: Mapping[str, str], folder: Path, env_files: Sequence[str]) -> Mapping[str, str]:
    """The variables, and under them those of the env files that are named, else of the folder's `.env`."""
    found: dict[str, str] = {}
    for path in _env_files(folder, env_files):
        values = read_env_file(path, {**found, **variables})
        found |= {name: FromFile(value, place) for name, (value, place) in values.items()}
    return {**found, **variables}


def _env_files(folder: Path, env_files: Sequence[str]) -> tuple[Path, ...]:
    named = env_files or [name for name in os.environ.get("COMPOSE_ENV_FILES", "").split(",") if name]
    if named:
        return _paths(named)
    return () if _is_disabled() else tuple(path for path in (folder / ".env",) if path.is_file())


def _is_disabled() -> bool:
    """Raises WrongUsage where the variable is neither true nor false."""
    said = os.environ.get("COMPOSE_DISABLE_ENV_FILE")
    if said in (None, "", *_FALSE):
        return False
    if said in _TRUE:
        return True
    raise WrongUsage(Diagnostic("usage", f"COMPOSE_DISABLE_ENV_FILE is {said!r}", hint="true or false is understood"))
