"""What the command line names, found: the stack file, loaded; the engine, connected. For whoever is not pure."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.sources.dotenv import read_dotenv
from deployer.sources.files import find_stack_file, read_text, shown_path
from deployer.sources.noted import NotedEnvironment

if TYPE_CHECKING:
    from deployer.reconcile.protocol import Engine, Reader
    from deployer.resources.registries import Registry
    from deployer.stack.model import Stack


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line says for every command."""

    files: Sequence[str] = ()
    project_name: str | None = None
    env_files: Sequence[str] = ()
    engine: str | None = None
    context: str | None = None


def load_stack(choices: Choices) -> tuple[Stack, Path]:
    """The stack that the command line names, and its file. Raises DeployerError."""
    from deployer.stack.load import load

    if len(choices.files) > 1:
        raise InvalidStack(
            Diagnostic(
                "not-supported-yet", "several stack files at once are not supported yet", hint="put them into one file"
            )
        )
    path = Path(os.path.abspath(choices.files[0])) if choices.files else find_stack_file(Path.cwd())
    folder = path.parent
    shown = shown_path(path)
    text = _text_of(path, shown, choices.files)
    stack = load(
        text,
        file=shown,
        folder=str(folder),
        environment=_environment(folder, choices.env_files),
        read_env_file=lambda name, place: _read_env_file(folder, name, place),
        name=choices.project_name,
    )
    return stack, path


def _text_of(path: Path, shown: str, files: Sequence[str]) -> str:
    """A word alone that is no file may be meant for a service, as other programs take it."""
    try:
        return read_text(path, shown)
    except InvalidStack as error:
        first = error.diagnostics[0]
        if files and re.fullmatch(r"[\w-]+", files[0]) and first.code in ("file-missing", "file-is-folder"):
            hint = f"a stack file is named here; a service by --only {files[0]}, where there is that option"
            raise InvalidStack(replace(first, hint=hint)) from None
        raise


def _environment(folder: Path, env_files: Sequence[str]) -> Mapping[str, str]:
    """The variables for `${...}`: the environment's own go before those of `.env`, or of the files that --env-file
    names.
    """
    found: dict[str, str] = {}
    paths = [Path(os.path.abspath(name)) for name in env_files] or [
        path for path in (folder / ".env",) if path.is_file()
    ]
    for path in paths:
        shown = shown_path(path)
        values = read_dotenv(read_text(path, shown), shown, NotedEnvironment({**found, **os.environ}))
        found |= {name: value for name, (value, _) in values.items()}
    return NotedEnvironment({**found, **os.environ})


def _read_env_file(folder: Path, name: str, place: Place) -> Mapping[str, tuple[str, Place]]:
    path = folder / Path(name).expanduser()
    shown = shown_path(path)
    return read_dotenv(read_text(path, shown, place), shown, NotedEnvironment(os.environ))


def connect(choices: Choices, registries: Sequence[Registry] = ()) -> Engine:
    """The engine that the command line, the environment or the docker configuration name. Raises Unreachable.

    `registries` are those of a stack, with its logins.
    """
    from deployer.engine.client import connect as connect_to
    from deployer.engine.locate import locate

    return connect_to(locate(choices.engine, choices.context, os.environ, Path.home()), registries=registries)


def connect_to_read(choices: Choices, registries: Sequence[Registry] = ()) -> Reader:
    """The same engine for who only plans: there is no method that writes on what is given."""
    from deployer.engine.client import connect_to_read as connect_to
    from deployer.engine.locate import locate

    return connect_to(locate(choices.engine, choices.context, os.environ, Path.home()), registries=registries)
