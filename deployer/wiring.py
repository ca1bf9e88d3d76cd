"""What the command line names, found: the stack file, loaded; the engine, connected. For whoever is not pure."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.errors import Diagnostic, InvalidStack, Place, raise_if_any
from deployer.home import from_home, home
from deployer.sources.chosen import chosen_files, chosen_profiles
from deployer.sources.env_file import read_env_file
from deployer.sources.files import read_text, shown_path
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
    profiles: Sequence[str] = ()
    settings: Sequence[str] = ()


def load_stack(choices: Choices, named: Collection[str] = ()) -> tuple[Stack, Path]:
    """The stack that the command line or the environment names, and its first file. Raises DeployerError.

    `named` are the services that the command line is about: their profiles are active.
    """
    from deployer.stack.load import load_files
    from deployer.stack.outside import TextFile

    files, given, warnings = chosen_files(choices.files, choices.env_files)
    variables = NotedEnvironment(given)
    folder = files[0].parent
    stack = load_files(
        [TextFile(text, shown_path(path), str(path)) for path, text in _texts(files, choices.files)],
        folder=str(folder),
        environment=variables,
        read_file=lambda name, place: TextFile(*_read_file(folder, name, place)),
        read_env_file=partial(_read_env_file, folder),
        name=choices.project_name or variables.get("COMPOSE_PROJECT_NAME") or None,
        profiles=choices.profiles or chosen_profiles(variables),
        settings=choices.settings,
        named=named,
    )
    return replace(stack, warnings=(*warnings, *stack.warnings)), files[0]


def named_stack(name: str) -> Stack:
    """A stack of which nothing is known but its name. Raises InvalidStack where that is none."""
    from deployer.stack.load import load_files
    from deployer.stack.outside import TextFile

    return load_files(
        [TextFile("services: {}", f"-p {name}", "")],
        folder="",
        environment={},
        read_file=lambda _, __: TextFile("", "", ""),
        read_env_file=lambda *_: {},
        name=name,
    )


def _texts(paths: Sequence[Path], files: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Raises InvalidStack for all of them that cannot be read."""
    found: list[tuple[Path, str]] = []
    wrong: list[Diagnostic] = []
    for path in paths:
        try:
            found.append((path, _text_of(path, shown_path(path), files)))
        except InvalidStack as error:
            wrong += error.diagnostics
    raise_if_any(wrong)
    return iter(found)


def _text_of(path: Path, shown: str, files: Sequence[str]) -> str:
    """A word alone that is no file may be meant for a service, as other programs take it."""
    try:
        return read_text(path, shown)
    except InvalidStack as error:
        first = error.diagnostics[0]
        if len(files) == 1 and re.fullmatch(r"[\w-]+", files[0]) and first.code in ("file-missing", "file-is-folder"):
            hint = f"a stack file is named here; a service by --only {files[0]}, where there is that option"
            raise InvalidStack(replace(first, hint=hint)) from None
        raise


def _read_file(folder: Path, name: str, place: Place) -> tuple[str, str, str]:
    path = Path(os.path.abspath(folder / from_home(name)))
    shown = shown_path(path)
    return read_text(path, shown, place), shown, str(path)


def _read_env_file(
    folder: Path, name: str, place: Place, given: Mapping[str, str], before: Mapping[str, str], raw: bool
) -> Mapping[str, tuple[str, Place]]:
    return read_env_file(folder / from_home(name), given, place, before, raw=raw)


def connect(choices: Choices, registries: Sequence[Registry] = ()) -> Engine:
    """The engine that the command line, the environment or the docker configuration name. Raises Unreachable.

    `registries` are those of a stack, with its logins.
    """
    from deployer.engine.client import connect as connect_to
    from deployer.engine.locate import locate

    return connect_to(locate(choices.engine, choices.context, os.environ, home()), registries=registries)


def connect_to_read(choices: Choices, registries: Sequence[Registry] = ()) -> Reader:
    """The same engine for who only plans: there is no method that writes on what is given."""
    from deployer.engine.client import connect_to_read as connect_to
    from deployer.engine.locate import locate

    return connect_to(locate(choices.engine, choices.context, os.environ, home()), registries=registries)
